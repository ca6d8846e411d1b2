// The schema of feature rules and presets in the configuration.
import { z } from 'zod';
import { positiveDuration } from '../../config/duration.js';
import { DATA_KINDS, RULE_FEATURES, RULE_TYPES } from '../../detection/rules/feature-rule.js';
import { PRESET_NAMES } from '../../detection/rules/presets/index.js';
import { unitFactor } from '../../otlp/units.js';
import type { FeatureConfig, PresetConfig } from './config.js';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
export const text: z.ZodString = z.string().min(1);

const condition = z.union([
  scalar,
  z.array(scalar).min(1),
  z.strictObject({
    gte: z.number().optional(),
    gt: z.number().optional(),
    lte: z.number().optional(),
    lt: z.number().optional(),
    not: oneOrMore(scalar).optional(),
    exists: z.boolean().optional(),
    present: z.boolean().optional(),
  }),
]);
const where = z.record(text, condition);
const unit = text
  .refine(
    (name) => unitFactor(name, 'time') ?? unitFactor(name, 'size'),
    'expected a unit of time or size such as "ms" or "By"',
  )
  .optional()
  .describe('Unit of metrics of time or size of which neither unit nor name says it');
export const externalNames: z.ZodDefault<z.ZodArray<z.ZodString>> = z.array(text).default([]);
const ends = (what: string) => z.array(text).default([]).describe(`Attributes that name the ${what}`);

export const featureRule: z.ZodType<FeatureConfig> = z.strictObject({
  name: text.optional().describe('Name of the rule, for logs and status'),
  metric: oneOrMore(text).describe('Names or globs of the metrics'),
  scope: text.optional().describe('Glob of the instrumentation scope'),
  unit: oneOrMore(z.string()).optional().describe('Only metrics of these units'),
  data: oneOrMore(z.enum(DATA_KINDS)).optional().describe('Only metrics of these data types'),
  where: where.default({}).describe('Attributes by the value, list of values or comparison they must satisfy'),
  feature: oneOrMore(z.enum(RULE_FEATURES)).describe('What the metric feeds'),
  errors: z
    .strictObject({
      where: oneOrMore(where).describe('Attributes that errors have, written as in `where`; one of several is enough'),
    })
    .optional()
    .describe('Which of the requests that this rule counts are errors'),
  type: z.enum(RULE_TYPES).default('auto').describe('What a value is; auto: what the metric says of itself'),
  scale: z.number().positive().optional().describe("Factor to seconds, bytes or requests, in place of the unit's"),
  default_unit: unit,
  external_names: externalNames.describe('Globs of names that stand for nobody, under this rule'),
  edge: z
    .strictObject({
      source: ends('source service'),
      destination: ends('destination service'),
      src_namespace: ends("source's namespace"),
      namespace: ends("destination's namespace"),
    })
    .describe('Attributes that hold the ends; the first that is not empty wins'),
  swap: where.optional().describe('Where this holds, source and destination change places'),
  end: z
    .enum(['client', 'server'])
    .optional()
    .describe("Which end reports; the client's is trusted before the server's"),
  feed: text.optional().describe('Points of one feed come in runs together. Default: the name'),
  window: positiveDuration.describe('Length of a window: how often the metric is sent'),
  source_relative: z
    .boolean()
    .default(false)
    .describe('Judge requests relative to what the source received; both ends must come from the same span or flow'),
  quantile: z.number().gt(0).lt(1).optional().describe('Latency is this quantile instead of the mean; approximate'),
});

export const preset: z.ZodType<PresetConfig> = z.union([
  z.enum(PRESET_NAMES).transform((name) => ({ name })),
  z.strictObject({
    name: z.enum(PRESET_NAMES).describe('The preset'),
    window: positiveDuration.optional().describe("In place of the preset's own window"),
    source_relative: z.boolean().optional().describe("In place of the preset's own"),
    quantile: z.number().gt(0).lt(1).optional().describe('Latency is this quantile instead of the mean'),
    default_unit: unit,
  }),
]);
