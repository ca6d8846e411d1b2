// From files, variables and `--set` to a checked configuration, with every problem found on the way.
import type { Kind } from '../pipeline/index.js';
import { apply, hint } from './apply.js';
import { type Report, readSection } from './components.js';
import { expand } from './expand.js';
import { type ConfiguredComponent, type GatewayConfig, KINDS, SECTIONS } from './gateway-config.js';
import { readPipelines } from './pipelines.js';
import { ConfigError, type Problem } from './problem.js';
import { type Environment, retrieve } from './retrieve.js';
import { olderTelemetry, type ServiceConfig, serviceSchema } from './service-schema.js';
import type { AnyFactory } from './settings.js';
import { EMPTY_TREE, Expanded, isMapping, mergeTrees, originOf, parseYaml, pathKey, type Tree } from './tree.js';

export interface ConfigSources {
  /** Files, or `file:`, `env:` and `yaml:` references; later ones win. */
  readonly uris?: readonly string[];
  /** A configuration as an object, below the files. */
  readonly value?: unknown;
  /** `a::b=c` or `a.b=c`; win over everything. */
  readonly sets?: readonly string[];
  readonly env?: Environment;
}

/** What loading gives: without errors there is a config; warnings may be there in any case. */
export interface Loaded {
  readonly config: GatewayConfig | undefined;
  readonly problems: readonly Problem[];
}

function parseSet(text: string): { tree: Tree; problems: Problem[] } {
  const equals = text.indexOf('=');
  const origin = { file: `--set ${text}`, line: 0 };
  if (equals < 1)
    return { tree: EMPTY_TREE, problems: [{ severity: 'error', path: [], message: 'expected key=value', origin }] };
  const name = text.slice(0, equals);
  const keys = name.includes('::') ? name.split('::') : name.split('.');
  const original = text.slice(equals + 1);
  const { tree, problems } = parseYaml(original, origin.file);
  const leaf = isMapping(tree.value) || Array.isArray(tree.value) ? tree.value : new Expanded(tree.value, original);
  const value = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), leaf);
  return { tree: { value, origins: new Map([[pathKey(keys), origin]]) }, problems };
}

function readSource(uri: string, env: Environment): { tree: Tree; problems: Problem[] } {
  const failed = (message: string): { tree: Tree; problems: Problem[] } => {
    return { tree: EMPTY_TREE, problems: [{ severity: 'error', path: [], message }] };
  };
  try {
    const { text, name } = retrieve(uri, 'file', env);
    const { tree, problems } = parseYaml(text, name);
    if (problems.length > 0 || tree.value === null || isMapping(tree.value)) return { tree, problems };
    return failed(`${name} holds no map of sections`);
  } catch (error) {
    return failed((error as Error).message);
  }
}

/** Reads, substitutes and merges, without looking at what it means. */
export function readTree(sources: ConfigSources): { tree: Tree; problems: Problem[] } {
  const env = sources.env ?? process.env;
  const parts = [
    { tree: { value: sources.value ?? {}, origins: new Map() }, problems: [] },
    ...(sources.uris ?? []).map((uri) => readSource(uri, env)),
    ...(sources.sets ?? []).map(parseSet),
  ];
  const merged = parts.map((part) => part.tree).reduce(mergeTrees, EMPTY_TREE);
  const { tree, problems } = expand(merged, env);
  return { tree, problems: [...parts.flatMap((part) => part.problems), ...problems] };
}

function forEachKind<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make(kind)])) as Record<Kind, T>;
}

/** What a component needs of other extensions has to run. */
function checkExtensions(
  kind: Kind,
  { key, factory, config }: ConfiguredComponent,
  running: readonly string[],
  report: Report,
): void {
  // biome-ignore lint/suspicious/noExplicitAny: the configuration was made by this very factory's schema.
  const needed: Readonly<Record<string, string>> = factory.extensions?.(config as any) ?? {};
  for (const [name, id] of Object.entries(needed)) {
    if (running.includes(id)) continue;
    const path = [SECTIONS[kind], key, ...name.split('.')];
    report(path, `"${id}" is not in service::extensions${hint(id, running)}`);
  }
}

/** Checks the merged sections. */
function readSections(
  root: Record<string, unknown>,
  factories: readonly AnyFactory[],
  report: Report,
): GatewayConfig | undefined {
  const known = [...Object.values(SECTIONS), 'service'];
  for (const key of Object.keys(root)) if (!known.includes(key)) report([key], `unknown section${hint(key, known)}`);
  const sections = forEachKind((kind) => readSection(factories, kind, root[SECTIONS[kind]], report));
  const { raw, config, findings } = apply(serviceSchema, root.service);
  for (const finding of findings) report(['service', ...finding.path], finding.message);
  if (!config) return undefined;
  const service = config as ServiceConfig;
  const older = olderTelemetry(raw);
  if (older) report(['service', 'telemetry', 'metrics', 'address'], older, 'warning');
  const components: Record<Kind, ReadonlyMap<string, ConfiguredComponent>> = forEachKind(
    (kind) => sections[kind].components,
  );
  const written = forEachKind((kind) => sections[kind].written);
  for (const kind of KINDS)
    for (const component of components[kind].values()) checkExtensions(kind, component, service.extensions, report);
  const pipelines = readPipelines(service, { written, components }, report);
  return { components, pipelines, extensions: service.extensions, telemetry: service.telemetry, rawService: raw };
}

/** Loads a configuration for these components. Never throws for what a user wrote: that is in `problems`. */
export function loadConfig(factories: readonly AnyFactory[], sources: ConfigSources): Loaded {
  const { tree, problems: reading } = readTree(sources);
  // What could not be read would only show up again as things that are missing.
  if (reading.some((problem) => problem.severity === 'error')) return { config: undefined, problems: reading };
  const problems = [...reading];
  const report: Report = (path, message, severity = 'error') => {
    problems.push({ severity, path, message, origin: originOf(tree, path) });
  };
  const root = isMapping(tree.value) ? tree.value : {};
  const config = readSections(root, factories, report);
  return { config: problems.some((problem) => problem.severity === 'error') ? undefined : config, problems };
}

/** The same for who cannot go on without: throws a `ConfigError` that lists every problem. */
export function requireConfig(loaded: Loaded): GatewayConfig {
  if (loaded.config) return loaded.config;
  throw new ConfigError(loaded.problems.filter((problem) => problem.severity === 'error'));
}
