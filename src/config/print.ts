// The configuration as it takes effect: what was written, defaults filled in, secrets left out.
import { z } from 'zod';
import { type GatewayConfig, KINDS, SECTIONS } from './gateway-config.js';
import { alternatives, defaultOf, definition, fields, metaOf, schemaUnder } from './schema.js';
import { serviceSchema } from './service-schema.js';
import { isMapping } from './tree.js';

const REDACTED = '[REDACTED]';
/** Keys whose values are secret whatever a schema says. All values below `headers` are. */
const SECRET_KEY = /(^|_)(token|password|passphrase|secret|api_?key|key_pem|authorization|headers)$/i;

type Schema = z.core.$ZodType;

function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (!isMapping(value)) return value === null || value === '' ? value : REDACTED;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(inner)]));
}

/**
 * Fills defaults in below `value`. Between several kinds of map it would be a guess which defaults are meant: none are
 * filled in.
 */
function effective(value: unknown, schema: Schema | undefined, reveal: boolean): unknown {
  if (Array.isArray(value)) return value.map((item, i) => effective(item, schema && schemaUnder(schema, i), reveal));
  if (!isMapping(value)) return value;
  const shape = schema ? fields(schema) : undefined;
  const one = schema && alternatives(schema).filter((each) => definition(each).shape).length === 1;
  const keys = new Set([...(one && shape ? shape.keys() : []), ...Object.keys(value)]);
  const entries = [...keys].flatMap((key) => {
    const field = schema && schemaUnder(schema, key);
    const given = value[key] ?? (field && defaultOf(z.globalRegistry, field));
    if (given === undefined) return [];
    const secret = !reveal && ((field && metaOf(z.globalRegistry, field, 'secret')) || SECRET_KEY.test(key));
    return [[key, secret ? redact(given) : effective(given, field, reveal)] as const];
  });
  return Object.fromEntries(entries);
}

/** A schema's defaults for a map of which nothing was written. */
export function effectiveValue(raw: unknown, schema: z.ZodType, reveal: boolean): unknown {
  return effective(raw, schema, reveal);
}

/** The whole configuration as a plain value in the user's own notation; `reveal` shows secrets. */
export function effectiveConfig(config: GatewayConfig, reveal: boolean): Record<string, unknown> {
  const sections = KINDS.flatMap((kind) => {
    const components = [...config.components[kind].values()];
    if (components.length === 0) return [];
    const values = components.map(({ key, raw, factory }) => [key, effective(raw, factory.schema, reveal)] as const);
    return [[SECTIONS[kind], Object.fromEntries(values)] as const];
  });
  return { ...Object.fromEntries(sections), service: effective(config.rawService, serviceSchema, reveal) };
}
