// The log of a service: pino in front, an output behind it whose encoding, files and level a reload can change.
import { closeSync, openSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import { FILE_MODE } from '../pipeline/index.js';
import { formatConsole } from './console-format.js';
import type { Logger } from './index.js';

export interface LoggingConfig {
  readonly level: string;
  readonly encoding: 'console' | 'json';
  readonly output_paths: readonly string[];
  readonly initial_fields: Readonly<Record<string, unknown>>;
}

interface LogOutput {
  write(line: string): void;
  close(): void;
  readonly colour: boolean;
}

const STREAMS: Readonly<Record<string, NodeJS.WriteStream>> = { stderr: process.stderr, stdout: process.stdout };

function openOutput(path: string): LogOutput {
  const stream = STREAMS[path];
  if (stream) {
    const colour = stream.isTTY === true && process.env.NO_COLOR === undefined;
    return { colour, write: (line) => void stream.write(line), close: () => {} };
  }
  const fd = openSync(path, 'a', FILE_MODE);
  return { colour: false, write: (line) => void writeSync(fd, line), close: () => closeSync(fd) };
}

/** A logger whose settings can be replaced while it is in use. */
export interface Logging {
  readonly log: Logger;
  /** Throws when an output cannot be opened, and then changes nothing. */
  configure(config: LoggingConfig): void;
  close(): void;
}

/** `resource` goes into every JSON line, as the Collector's does. */
export function createLogging(config: LoggingConfig, resource: Readonly<Record<string, string>>): Logging {
  let outputs: LogOutput[] = [];
  let encoding = config.encoding;
  const write = (json: string): void => {
    for (const output of outputs) output.write(encoding === 'json' ? json : formatConsole(json, output.colour));
  };
  const children: WeakRef<Logger>[] = [];
  const options: pino.LoggerOptions = {
    base: { ...(config.encoding === 'json' && { resource }), ...config.initial_fields },
    level: config.level,
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    onChild: (child) => void children.push(new WeakRef(child as Logger)),
  };
  const close = (): void => {
    for (const output of outputs) output.close();
    outputs = [];
  };
  const configure = (next: LoggingConfig): void => {
    const opened = next.output_paths.map(openOutput);
    close();
    outputs = opened;
    encoding = next.encoding;
    log.level = next.level;
    for (const child of children) {
      const logger = child.deref();
      if (logger) logger.level = next.level;
    }
  };
  const log = pino(options, { write }) as Logger;
  configure(config);
  return { log, configure, close };
}
