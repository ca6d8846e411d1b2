// The anomaly processor's configuration of a replay: a file, `--set` and what CSV needs.
import { parse as parseYaml } from 'yaml';
import { apply } from '../config/apply.js';
import { readTree } from '../config/load.js';
import { ConfigError, type Problem } from '../config/problem.js';
import { isMapping } from '../config/tree.js';
import type { Config } from '../processors/anomaly/config.js';
import { schema, validateConfig } from '../processors/anomaly/schema.js';
import { UsageError } from '../terminal/io.js';

export interface ConfigOptions {
  readonly file: string | undefined;
  readonly sets: readonly (readonly [string, string])[];
  /** Of CSV data, whose rows are the preset `edge`. */
  readonly windowMs: number | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Window of preset `edge` as it is. */
const EDGE_WINDOW_MS = 10_000;

/** Throws `ConfigError` or `UsageError`. */
export function replayConfig({ file, sets, windowMs, env }: ConfigOptions): Config {
  const written = file === undefined ? {} : readAnomaly(file, env);
  if (windowMs !== undefined && windowMs !== EDGE_WINDOW_MS) setWindow(written, windowMs);
  for (const [key, text] of sets) setPath(written, key.split(/::|\./), parseYaml(text));
  const { config, findings } = apply(schema, written);
  const problems = [
    ...findings.map(({ path, message }) => ({ path, message })),
    ...(config ? validateConfig(config as Config).map((message) => ({ path: [], message })) : []),
  ];
  if (problems.length > 0 || !config) {
    throw new ConfigError(
      problems.map(({ path, message }) => ({ severity: 'error', path: ['anomaly', ...path], message })),
    );
  }
  return config as Config;
}

/** The settings of the first anomaly processor of a gateway's configuration, or the whole file where it is none. */
function readAnomaly(file: string, env: NodeJS.ProcessEnv): Record<string, unknown> {
  const { tree, problems } = readTree({ uris: [file], env });
  const errors = problems.filter(({ severity }: Problem) => severity === 'error');
  if (errors.length > 0) throw new ConfigError(errors);
  const root = tree.value;
  if (!isMapping(root)) throw new UsageError(`${file} holds no settings`);
  if (!('processors' in root) && !('service' in root) && !('receivers' in root)) return { ...root };
  const processors = isMapping(root.processors) ? root.processors : {};
  const key = Object.keys(processors).find((id) => id === 'anomaly' || id.startsWith('anomaly/'));
  if (key === undefined) throw new UsageError(`${file} has no anomaly processor`);
  const found = processors[key];
  return isMapping(found) ? { ...found } : {};
}

/** The window of preset `edge`, wherever it stands among the presets. */
function setWindow(written: Record<string, unknown>, windowMs: number): void {
  const edge = { name: 'edge', window: `${windowMs}ms` };
  const presets = Array.isArray(written.presets) ? written.presets : ['edge'];
  const replaced = presets.map((preset) => {
    if (preset === 'edge') return edge;
    return isMapping(preset) && preset.name === 'edge' ? { ...preset, window: edge.window } : preset;
  });
  written.presets = replaced.some((preset) => isMapping(preset) && preset.name === 'edge')
    ? replaced
    : [edge, ...replaced];
}

function setPath(target: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const copy: Record<string, unknown> = isMapping(inner) ? { ...inner } : {};
  target[key] = copy;
  setPath(copy, rest, value);
}
