// The command line's options that every command with a configuration has.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { ConfigSources } from '../config/load.js';
import { UsageError } from '../terminal/io.js';

export interface ConfigArguments {
  readonly sources: ConfigSources;
  /** Options of the command itself, as written. */
  readonly own: OwnArguments;
}

/** Options that a command has beside `--config` and `--set`. */
export type OwnOptions = Readonly<Record<string, 'string' | 'boolean'>>;
export type OwnArguments = Readonly<Record<string, string | boolean | undefined>>;

export interface CommandOptions {
  readonly uris: readonly string[];
  readonly sets: readonly string[];
  readonly own: OwnArguments;
}

/** What `parseArgs` reads. It explains itself well; its hint at "--" is of no use here. Throws a `UsageError`. */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ', 1)[0]);
  }
}

/** `--config` and `--set`, both repeatable and none needed, and the command's own options. Throws a `UsageError`. */
export function parseCommandOptions(argv: readonly string[], own: OwnOptions): CommandOptions {
  const repeatable = { type: 'string', multiple: true } as const;
  const { values } = readArguments({
    args: [...argv],
    options: { ...typed(own), config: repeatable, set: repeatable },
  });
  const { config = [], set = [], ...rest } = values as { config?: string[]; set?: string[] } & OwnArguments;
  return { uris: config, sets: set, own: rest };
}

/** The same of a command that needs a configuration. Throws a `UsageError`. */
export function parseConfigArguments(
  argv: readonly string[],
  own: OwnOptions,
  env: NodeJS.ProcessEnv,
): ConfigArguments {
  const { uris, sets, own: rest } = parseCommandOptions(argv, own);
  if (uris.length === 0) throw new UsageError('which configuration? Give at least one --config FILE');
  return { sources: { uris, sets, env }, own: rest };
}

/** Options of a command without a configuration. Throws a `UsageError`. */
export function parseOwnArguments(argv: readonly string[], own: OwnOptions): OwnArguments {
  return readArguments({ args: [...argv], options: typed(own) }).values as OwnArguments;
}

function typed(own: OwnOptions): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(Object.entries(own).map(([name, type]) => [name, { type }]));
}
