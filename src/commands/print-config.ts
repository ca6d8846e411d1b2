// The command `pxanomaly print-config`: the merged configuration with substitutions and defaults.
import { stringify } from 'yaml';
import { COMPONENTS } from '../components.js';
import { loadConfig, requireConfig } from '../config/load.js';
import { effectiveConfig } from '../config/print.js';
import { type CommandIo, UsageError } from '../terminal/io.js';
import { parseConfigArguments } from './arguments.js';

function choice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((one) => one === (value ?? choices[0]));
  if (!found) throw new UsageError(`--${name} is ${choices.join(' or ')}, not "${String(value)}"`);
  return found;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { sources, own } = parseConfigArguments(argv, { mode: 'string', format: 'string' }, io.env);
  const mode = choice('mode', own.mode, ['redacted', 'unredacted']);
  const format = choice('format', own.format, ['yaml', 'json']);
  const effective = effectiveConfig(requireConfig(loadConfig(COMPONENTS, sources)), mode === 'unredacted');
  io.stdout.write(format === 'json' ? `${JSON.stringify(effective, null, 2)}\n` : stringify(effective));
  return 0;
}
