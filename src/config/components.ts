// The component sections of a configuration: ids, factories, each component's own schema.
import type { Kind } from '../pipeline/index.js';
import { apply, hint } from './apply.js';
import { type ConfiguredComponent, SECTIONS } from './gateway-config.js';
import { parseId } from './id.js';
import type { Path } from './problem.js';
import type { AnyFactory } from './settings.js';
import { Expanded, isMapping } from './tree.js';

/** Collects problems; the path is the place in the configuration. */
export type Report = (path: Path, message: string, severity?: 'error' | 'warning') => void;

/** The factory of a type or of one of its older names. */
function findFactory(factories: readonly AnyFactory[], kind: Kind, type: string): AnyFactory | undefined {
  const ofKind = factories.filter((factory) => factory.kind === kind);
  return ofKind.find((factory) => factory.type === type) ?? ofKind.find((factory) => factory.aliases?.includes(type));
}

function configured(
  factories: readonly AnyFactory[],
  kind: Kind,
  key: string,
  value: unknown,
  report: Report,
): ConfiguredComponent | undefined {
  const path = [SECTIONS[kind], key];
  const id = parseId(key);
  if (typeof id === 'string') {
    report(path, id);
    return undefined;
  }
  const factory = findFactory(factories, kind, id.type);
  if (!factory) {
    const types = factories.filter((one) => one.kind === kind).map((one) => one.type);
    report(path, `there is no ${kind} of type "${id.type}"${hint(id.type, types)}`);
    return undefined;
  }
  if (factory.type !== id.type) report(path, `"${id.type}" is an older name: write "${factory.type}"`, 'warning');
  const { raw, config, findings } = apply(factory.schema, value);
  for (const finding of findings) report([...path, ...finding.path], finding.message);
  if (findings.length > 0) return undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the configuration was made by this very factory's schema.
  const crossed = factory.validate?.(config as any) ?? [];
  for (const message of crossed) report(path, message);
  // biome-ignore lint/suspicious/noExplicitAny: the configuration was made by this very factory's schema.
  for (const message of factory.advise?.(config as any) ?? []) report(path, message, 'warning');
  return crossed.length > 0 ? undefined : { id, key, factory, config, raw };
}

/**
 * The components of one section, and the ids that it writes, sound or not (so that a component with a wrong key is not
 * reported a second time as undefined).
 */
export function readSection(
  factories: readonly AnyFactory[],
  kind: Kind,
  section: unknown,
  report: Report,
): { components: Map<string, ConfiguredComponent>; written: Set<string> } {
  const components = new Map<string, ConfiguredComponent>();
  const written = new Set<string>();
  const map = section instanceof Expanded ? section.value : section;
  if (map === undefined || map === null) return { components, written };
  if (!isMapping(map)) {
    report([SECTIONS[kind]], 'expected a map of components');
    return { components, written };
  }
  for (const [key, value] of Object.entries(map)) {
    written.add(key);
    const component = configured(factories, kind, key, value, report);
    if (component) components.set(key, component);
  }
  return { components, written };
}
