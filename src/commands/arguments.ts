// The command line's options that every command with a configuration has.
import { parseArgs } from 'node:util';
import type { ConfigSources } from '../config/load.js';
import { UsageError } from '../terminal/io.js';

export interface ConfigArguments {
  readonly sources: ConfigSources;
  /** Options of the command itself, as written. */
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
}

/** Options that a command has beside `--config` and `--set`. */
export type OwnOptions = Readonly<Record<string, 'string' | 'boolean'>>;

/** Reads `--config` and `--set`, both repeatable, and the command's own options. Throws a `UsageError`. */
export function parseConfigArguments(
  argv: readonly string[],
  own: OwnOptions,
  env: NodeJS.ProcessEnv,
): ConfigArguments {
  const options = Object.fromEntries(Object.entries(own).map(([name, type]) => [name, { type }]));
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, config: { type: 'string', multiple: true }, set: { type: 'string', multiple: true } },
    });
    const {
      config: uris = [],
      set: sets = [],
      ...rest
    } = values as { config?: string[]; set?: string[] } & ConfigArguments['own'];
    if (uris.length === 0) throw new UsageError('which configuration? Give at least one --config FILE');
    return { sources: { uris, sets, env }, own: rest };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // parseArgs explains itself well; its hint at "--" is of no use here.
    throw new UsageError((error as Error).message.split('. ', 1)[0]);
  }
}

/** Options of a command without a configuration. Throws a `UsageError`. */
export function parseOwnArguments(argv: readonly string[], own: OwnOptions): ConfigArguments['own'] {
  const options = Object.fromEntries(Object.entries(own).map(([name, type]) => [name, { type }]));
  try {
    return parseArgs({ args: [...argv], options }).values as ConfigArguments['own'];
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ', 1)[0]);
  }
}
