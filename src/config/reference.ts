// The keys of a schema as rows of a table: the source of every configuration table in the documentation.
import { z } from 'zod';
import { alternatives, defaultOf, definition, fields, metaOf } from './schema.js';

type Schema = z.core.$ZodType;

export interface ReferenceRow {
  /** Keys joined by dots; `[]` for the items of a list, `<key>` for those of a map. */
  readonly key: string;
  readonly type: string;
  /** As a user would write it; empty: none. */
  readonly default: string;
  readonly meaning: string;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  tuple: 'list',
  record: 'map',
  object: 'section',
  any: 'anything',
  unknown: 'anything',
  null: 'null',
};

/** What may stand here, in words. */
function typeOf(schema: Schema): string {
  const named = metaOf(z.globalRegistry, schema, 'typeName');
  if (named) return named;
  const words = alternatives(schema).map((one) => {
    const own = metaOf(z.globalRegistry, one, 'typeName');
    const { type, entries, values, element } = definition(one);
    if (own) return own;
    if (entries)
      return Object.values(entries)
        .map((value) => `\`${value}\``)
        .join(', ');
    if (type === 'literal') return (values ?? []).map((value) => `\`${String(value)}\``).join(', ');
    if (type === 'number' && (one as unknown as { isInt?: boolean }).isInt) return 'integer';
    return element ? `list of ${typeOf(element)}` : (WORDS[type] ?? type);
  });
  return [...new Set(words)].join(' or ');
}

function showDefault(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return `\`${value === '' ? '""' : value}\``;
  return `\`${JSON.stringify(value)}\``;
}

/** Whether a map without this key is wrong. */
function isRequired(schema: Schema): boolean {
  return schema._zod.optin !== 'optional';
}

/** Schema and key suffix of what repeats below a list or a map. */
function repeated(schema: Schema): { schema: Schema; suffix: string } | undefined {
  for (const one of alternatives(schema)) {
    const { element, type, valueType } = definition(one);
    if (element && fields(element)) return { schema: element, suffix: '[]' };
    if (type === 'record' && valueType && fields(valueType)) return { schema: valueType, suffix: '.<key>' };
  }
  return undefined;
}

/** A row for every key below `schema`, sections before what is in them. */
export function referenceRows(schema: Schema, prefix = ''): ReferenceRow[] {
  return [...(fields(schema) ?? [])].flatMap(([name, field]) => {
    const key = `${prefix}${name}`;
    const below = fields(field) ? { schema: field, suffix: '' } : repeated(field);
    const own = defaultOf(z.globalRegistry, field);
    const row: ReferenceRow = {
      key,
      type: typeOf(field),
      // The default of a section is what its keys say.
      default:
        fields(field) && typeof own === 'object'
          ? ''
          : own === undefined && isRequired(field)
            ? 'required'
            : showDefault(own),
      meaning: metaOf(z.globalRegistry, field, 'description') ?? '',
    };
    return [row, ...(below ? referenceRows(below.schema, `${key}${below.suffix}.`) : [])];
  });
}

/** The rows as a Markdown table. */
export function referenceTable(schema: Schema): string {
  const rows = referenceRows(schema);
  if (rows.length === 0) return 'It has no keys.';
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = rows.map(
    (row) => `| \`${row.key}\` | ${cell(row.type)} | ${cell(row.default)} | ${cell(row.meaning)} |`,
  );
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...lines].join('\n');
}
