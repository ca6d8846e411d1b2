// Puts a part of a configuration through a zod schema: texts and nulls first, then zod, whose issues become problems
// with a hint.
import type { z } from 'zod';
import { nearest } from './nearest.js';
import type { Path } from './problem.js';
import { alternatives, definition, fields, schemaAt, schemaUnder, takes } from './schema.js';
import { Expanded, isMapping } from './tree.js';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** What is wrong at a place below the schema's own. */
export interface SchemaFinding {
  readonly path: Path;
  readonly message: string;
}

/** Chooses between the parsed and the written form of a substituted value by what the schema takes. */
function choose(expanded: Expanded, schema: Schema | undefined): unknown {
  const { value, original } = expanded;
  if (!schema || !takes(schema, 'text')) return value;
  if (typeof value === 'number' && takes(schema, 'number')) return value;
  if (typeof value === 'boolean' && takes(schema, 'boolean')) return value;
  if (isMapping(value) && takes(schema, 'map')) return value;
  if (Array.isArray(value) && takes(schema, 'list')) return value;
  return original;
}

/**
 * The value as the schema should see it: substituted values in the wanted form; a key without a value means the
 * defaults (an empty map where a map is wanted, else as if the key were not there).
 */
export function prepare(value: unknown, schema: Schema | undefined): unknown {
  if (value instanceof Expanded) {
    const chosen = choose(value, schema);
    return chosen instanceof Expanded ? chosen.value : prepare(chosen, schema);
  }
  if (value === null && schema && !takes(schema, 'null')) return takes(schema, 'map') ? {} : undefined;
  if (Array.isArray(value))
    return value.map((item, index) => prepare(item, schema && schemaUnder(schema, index)) ?? null);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).map(
    ([key, inside]) => [key, prepare(inside, schema && schemaUnder(schema, key))] as const,
  );
  return Object.fromEntries(entries.filter(([, inside]) => inside !== undefined));
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a map';
  return String(value);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
}

/** `did you mean`, or the choice where it is small. */
export function hint(word: string, valid: readonly string[]): string {
  const near = nearest(word, valid);
  if (near) return `; did you mean "${near}"?`;
  if (valid.length === 0) return '';
  return valid.length <= 16 ? `; valid here: ${valid.join(', ')}` : '';
}

const KIND: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
};

/** The branch of a union that the value was probably meant for: the one that understood it furthest. */
function bestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const understood = branches.filter(
    (issues) => !issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type'),
  );
  return understood.toSorted((a, b) => a.length - b.length)[0];
}

class Findings {
  readonly all: SchemaFinding[] = [];
  private readonly schema: Schema;
  private readonly root: unknown;

  constructor(schema: Schema, root: unknown) {
    this.schema = schema;
    this.root = root;
  }

  add(issue: Issue, base: Path): void {
    const path = [...base, ...(issue.path as Path)];
    const value = valueAt(this.root, path);
    if (issue.code === 'unrecognized_keys') {
      const valid = [...(fields(schemaAt(this.schema, path) ?? this.schema) ?? new Map<string, Schema>()).keys()];
      for (const key of issue.keys) this.all.push({ path: [...path, key], message: `unknown key${hint(key, valid)}` });
      return;
    }
    if (issue.code === 'invalid_union') {
      const best = bestBranch(issue.errors);
      if (best) for (const within of best) this.add(within, path);
      else this.all.push({ path, message: this.expected(path, value) });
      return;
    }
    this.all.push({ path, message: this.message(issue, value) });
  }

  private message(issue: Issue, value: unknown): string {
    if (value === undefined && issue.code !== 'custom') return 'is required';
    if (issue.code === 'invalid_type') return `expected ${KIND[issue.expected] ?? issue.expected}, got ${show(value)}`;
    if (issue.code === 'invalid_value') {
      const near = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined;
      return `must be one of ${issue.values.join(', ')}, not ${show(value)}${near ? `; did you mean "${near}"?` : ''}`;
    }
    if (issue.code === 'custom') return issue.message;
    return `${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}, got ${show(value)}`;
  }

  private expected(path: Path, value: unknown): string {
    const schema = schemaAt(this.schema, path);
    if (value === undefined) return 'is required';
    const kinds = schema
      ? [...new Set(alternatives(schema).map((one) => KIND[definition(one).type] ?? definition(one).type))]
      : [];
    return `expected ${kinds.join(' or ') || 'something else'}, got ${show(value)}`;
  }
}

/**
 * The outcome of a schema: the parsed configuration with its defaults, or everything that is wrong; `raw` is what the
 * schema saw.
 */
export interface Applied {
  readonly raw: unknown;
  readonly config?: unknown;
  readonly findings: readonly SchemaFinding[];
}

export function apply(schema: z.ZodType, value: unknown): Applied {
  const raw = prepare(value, schema) ?? {};
  const result = schema.safeParse(raw);
  if (result.success) return { raw, config: result.data, findings: [] };
  const findings = new Findings(schema, raw);
  for (const issue of result.error.issues) findings.add(issue, []);
  return { raw, findings: findings.all };
}
