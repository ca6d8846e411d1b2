// What a command is given in place of the process: so that it can be run by tests, and several times.
import type { Readable } from 'node:stream';
import { programName } from './program.js';
import type { TerminalStream } from './progress.js';

export interface CommandIo {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly env: NodeJS.ProcessEnv;
  /** Default: that of the process. */
  readonly stdin?: Readable;
  /** How the user calls this program; default: as that of an installed package. */
  readonly program?: string;
  /** Aborted when the user wants an end (Ctrl-C). */
  readonly signal?: AbortSignal;
}

/** The process's own streams. */
export function processIo(signal?: AbortSignal): CommandIo {
  const program = programName(process.argv[1] ?? '', process.cwd());
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, program, ...(signal ? { signal } : {}) };
}

/** A wrong command line: exit code 2, the message and a hint to --help, no stack. */
export class UsageError extends Error {}
