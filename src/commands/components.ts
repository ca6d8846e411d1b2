// The command `pxanomaly components`: what can stand in a configuration, as YAML.
import { stringify } from 'yaml';
import { COMPONENTS } from '../components.js';
import { KINDS, SECTIONS } from '../config/gateway-config.js';
import type { AnyFactory } from '../config/settings.js';
import type { CommandIo } from '../terminal/io.js';
import { VERSION } from '../version.js';
import { parseOwnArguments } from './arguments.js';

function entry(factory: AnyFactory): Record<string, unknown> {
  const { type, aliases, stability, signals, delivers } = factory;
  return {
    name: type,
    ...(aliases && aliases.length > 0 && { older_names: aliases }),
    ...(signals.length > 0 && { stability: Object.fromEntries(signals.map((signal) => [signal, stability])) }),
    ...(signals.length === 0 && { stability: { extension: stability } }),
    ...(delivers && { delivers }),
  };
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  parseOwnArguments(argv, {});
  const sections = KINDS.map((kind) => [SECTIONS[kind], COMPONENTS.filter((one) => one.kind === kind).map(entry)]);
  const build = { command: 'pxanomaly', version: VERSION, node: process.version };
  io.stdout.write(stringify({ buildinfo: build, ...Object.fromEntries(sections) }));
  return 0;
}
