// Questions to a component's zod schema: which keys it has, what it takes, how a default is written.
import type { z } from 'zod';
import type { Path } from './problem.js';

declare module 'zod' {
  interface GlobalMeta {
    /** Never shown by `print-config`. On a map: none of its values. */
    secret?: boolean;
    /** What the documentation calls the type, where zod's own word says too little: `duration`. */
    typeName?: string;
    /** Writes a parsed value as the user would: 30000 as "30s". */
    write?: (value: never) => unknown;
  }
}

type Schema = z.core.$ZodType;
/** zod's definitions as a structure of optional parts: which part is there depends on `type`. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly getter?: () => Schema;
  readonly options?: readonly Schema[];
  readonly left?: Schema;
  readonly right?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly items?: readonly Schema[];
  readonly valueType?: Schema;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
}

export function definition(schema: Schema): Definition {
  return schema._zod.def as unknown as Definition;
}

const WRAPPERS = new Set([
  'optional',
  'nullable',
  'default',
  'prefault',
  'readonly',
  'catch',
  'nonoptional',
  'success',
]);

/** What a wrapper wraps, what a pipe reads, what a lazy schema stands for; undefined for everything else. */
function inner(schema: Schema): Schema | undefined {
  const def = definition(schema);
  if (WRAPPERS.has(def.type)) return def.innerType;
  if (def.type === 'lazy') return def.getter?.();
  if (def.type === 'pipe') return def.in && definition(def.in).type === 'transform' ? def.out : def.in;
  return undefined;
}

/** The schemas that a value is really checked by, without wrappers, a union's one by one. */
export function alternatives(schema: Schema): readonly Schema[] {
  const within = inner(schema);
  if (within) return alternatives(within);
  const def = definition(schema);
  if (def.options) return def.options.flatMap(alternatives);
  if (def.left && def.right) return [...alternatives(def.left), ...alternatives(def.right)];
  return [schema];
}

const NO_SHAPE: readonly Readonly<Record<string, Schema>>[] = [];

/** The keys that a map may have, with their schemas; undefined where any key is legal or no map is expected. */
export function fields(schema: Schema): ReadonlyMap<string, Schema> | undefined {
  const shapes = alternatives(schema).flatMap((one) => definition(one).shape ?? NO_SHAPE);
  return shapes.length > 0 ? new Map(shapes.flatMap((shape) => Object.entries(shape))) : undefined;
}

/** The schema of what stands under `key`; undefined where there is none. */
export function schemaUnder(schema: Schema, key: string | number): Schema | undefined {
  for (const one of alternatives(schema)) {
    const def = definition(one);
    const found = def.shape?.[key] ?? (def.type === 'record' ? def.valueType : undefined);
    if (found) return found;
    if (typeof key === 'number' && (def.element ?? def.items?.[key])) return def.element ?? def.items?.[key];
  }
  return undefined;
}

export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((at, key) => at && schemaUnder(at, key), schema);
}

const TEXT = new Set(['string', 'enum', 'template_literal']);

/** Whether a value of this kind can be valid here. */
export function takes(schema: Schema, kind: 'text' | 'number' | 'boolean' | 'null' | 'map' | 'list'): boolean {
  return alternatives(schema).some((one) => {
    const { type, values } = definition(one);
    if (type === 'any' || type === 'unknown') return true;
    if (kind === 'text')
      return TEXT.has(type) || (type === 'literal' && !!values?.some((value) => typeof value === 'string'));
    if (kind === 'number' && type === 'literal') return !!values?.some((value) => typeof value === 'number');
    if (kind === 'map') return type === 'object' || type === 'record';
    if (kind === 'list') return type === 'array' || type === 'tuple';
    return type === kind || (kind === 'null' && isNullable(schema));
  });
}

function isNullable(schema: Schema): boolean {
  if (definition(schema).type === 'nullable') return true;
  const within = inner(schema);
  return !!within && isNullable(within);
}

interface Meta {
  description: string | undefined;
  secret: boolean | undefined;
  typeName: string | undefined;
  write: ((value: never) => unknown) | undefined;
}

/** A piece of a schema's metadata, from the schema itself or the nearest schema that it wraps. */
export function metaOf<K extends keyof Meta>(
  registry: typeof z.globalRegistry,
  schema: Schema,
  key: K,
): Meta[K] | undefined {
  const own = (registry.get(schema) as Partial<Meta> | undefined)?.[key];
  if (own !== undefined) return own;
  const def = definition(schema);
  const within = inner(schema) ?? (def.type === 'pipe' ? def.in : undefined);
  return within && metaOf(registry, within, key);
}

/** The default in the form in which a user would write it; undefined: there is none. */
export function defaultOf(registry: typeof z.globalRegistry, schema: Schema): unknown {
  const def = definition(schema);
  if (def.type === 'prefault') return def.defaultValue;
  if (def.type === 'default') {
    const write = metaOf(registry, schema, 'write') as ((value: unknown) => unknown) | undefined;
    return write ? write(def.defaultValue) : def.defaultValue;
  }
  return WRAPPERS.has(def.type) && def.innerType ? defaultOf(registry, def.innerType) : undefined;
}
