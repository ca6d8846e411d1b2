// The schema of the anomaly processor's configuration, and the checks across fields.
import { z } from 'zod';
import { duration, positiveDuration } from '../../config/duration.js';
import { timeZone } from '../../config/time-zone.js';
import { THRESHOLD_RANGE, WEEKDAYS } from '../../detection/alerting/settings.js';
import { PRESET_NAMES } from '../../detection/rules/presets/index.js';
import { DATA_KINDS, RULE_FEATURES, RULE_TYPES } from '../../detection/rules/rules.js';
import { BYTES_DISCOUNT } from '../../kernel/detection.js';
import { unitFactor } from '../../otlp/units.js';
import { ALERT_KINDS, type Config } from './config.js';

const threshold = z.number().min(THRESHOLD_RANGE.min).max(THRESHOLD_RANGE.max);
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
const text = z.string().min(1);

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
const externalNames = z.array(text).default([]);
const ends = (what: string) => z.array(text).default([]).describe(`Attributes that name the ${what}`);

const featureRule = z.strictObject({
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

const preset = z.union([
  z.enum(PRESET_NAMES).transform((name) => ({ name })),
  z.strictObject({
    name: z.enum(PRESET_NAMES).describe('The preset'),
    window: positiveDuration.optional().describe("In place of the preset's own window"),
    source_relative: z.boolean().optional().describe("In place of the preset's own"),
    quantile: z.number().gt(0).lt(1).optional().describe('Latency is this quantile instead of the mean'),
    default_unit: unit,
  }),
]);

const detector = (enabled: boolean) => ({
  enabled: z.boolean().default(enabled).describe('Whether it may open an alert'),
  threshold: threshold.optional().describe('In place of the general threshold'),
});

const allowance = z.strictObject({
  source: z.string().default('*').describe('Glob of the source service'),
  destination: z.string().default('*').describe('Glob of the destination service'),
});

const detectors = z.strictObject({
  zscore: z
    .strictObject({
      ...detector(true),
      counts: z
        .boolean()
        .default(true)
        .describe('Small counts of errors and requests are judged by their exact probability as well'),
    })
    .prefault({}),
  isolation_forest: z
    .strictObject({
      ...detector(true),
      trees: z.int().min(1).max(1000).default(100).describe('Trees of each forest'),
      subsample: z.int().min(16).max(1024).default(256).describe('Windows that each tree is grown from'),
    })
    .prefault({}),
  autoencoder: z.strictObject(detector(false)).prefault({}),
  new_edge: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether unexpected edges are reported'),
      learn_for: duration.prefault('24h').describe('An edge is unexpected only after its cluster was watched so long'),
      allow: z.array(allowance).default([]).describe('Globs of edges that are never unexpected'),
    })
    .prefault({}),
});

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as "22:30"');

const period = z.strictObject({
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1)
    .default([...WEEKDAYS])
    .describe('Days on which the period begins'),
  from: clock.default('00:00').describe('Time of day in `timezone`'),
  to: clock.default('00:00').describe('Time of day in `timezone`; not after `from`: of the next day'),
  timezone: timeZone.default('UTC').describe('IANA name, as in `Europe/Berlin`: follows its daylight-saving time'),
});

const glob = (what: string) => z.string().default('*').describe(`Glob of the ${what}`);

const alertRule = z.strictObject({
  match: z
    .strictObject({
      source: glob('source service'),
      destination: glob('destination service'),
      namespace: glob("destination's namespace"),
      cluster: glob('cluster'),
      kind: glob('anomaly kind'),
    })
    .describe('Edges and kinds that the rule is about'),
  mute: z.boolean().default(false).describe('Such edges are learnt and scored, and never alert'),
  threshold: threshold.optional().describe('In place of the general threshold'),
  min_requests: z.number().min(0).optional().describe('In place of the general `min_requests`'),
  schedule: z.array(period).min(1).optional().describe('Only in these periods'),
});

const relative = z.number().min(0).default(0).describe('0.2: a fifth of what is expected');
const change = z
  .strictObject({ relative, absolute: z.number().min(0).default(0).describe("In the feature's unit, a window") })
  .prefault({});
const changeOfTime = z
  .strictObject({ relative, absolute: duration.prefault('0s').describe('Change of the mean latency') })
  .prefault({});

const mute = z.strictObject({
  namespaces: z.array(text).default(['pl']).describe('Namespaces, of either end'),
  services: z.array(text).default(['pxanomaly']).describe('Globs of `name` in any namespace, or of `ns/name`'),
  paths: z
    .array(text)
    .default(['/healthz', '/readyz', '/livez', '/health', '/ready', '/live', '/ping', '/-/healthy', '/-/ready'])
    .describe('Request paths, where the data has them'),
});

export const schema: z.ZodType<Config> = z.strictObject({
  presets: z
    .array(preset)
    .default(PRESET_NAMES.map((name) => ({ name })))
    .describe('Lists of feature rules, in order of trust'),
  features: z.array(featureRule).default([]).describe("Feature rules of one's own, trusted before the presets"),
  external_names: externalNames.describe(
    'Globs of `name` or `ns/name` that stand for nobody, beside those known; `!name`: such a service is a real one',
  ),
  threshold: threshold.default(0.9).describe('Score from which an edge alerts'),
  thresholds: z.partialRecord(z.enum(ALERT_KINDS), threshold).default({}).describe('The same by kind'),
  min_requests: z.number().min(0).default(0).describe('Windows with fewer requests open no alert'),
  min_deviation: z
    .strictObject({
      latency: changeOfTime,
      requests: change,
      errors: change,
      bytes: change,
    })
    .prefault({})
    .describe('Least change, by feature, that may open an alert'),
  cool_down: duration.prefault('0s').describe('After an anomaly of an edge, no new event of the same kind for so long'),
  rules: z.array(alertRule).default([]).describe('Exceptions by edge and kind; later ones win'),
  detectors: detectors.prefault({}),
  incidents: z
    .strictObject({
      max_per_day: z.number().gt(0).max(100).default(1).describe('Budget of false incidents, whole system'),
      bytes_discount: z
        .number()
        .min(0)
        .max(40)
        .default(BYTES_DISCOUNT)
        .describe('Nats off the evidence of bytes alone: releases change them; 40: bytes open no incident'),
    })
    .prefault({}),
  traces: z
    .strictObject({
      wait: positiveDuration
        .default(10_000)
        .describe('How long a span waits for those around it, event time; calls are told then'),
      max_waiting: z
        .int()
        .min(1)
        .max(10_000_000)
        .default(100_000)
        .describe('Spans that wait, and as many that are remembered after; the oldest goes first'),
    })
    .prefault({}),
  max_future: duration
    .prefault('5m')
    .describe(
      'How far ahead of its receipt a point is believed; further, it is forwarded and not learnt; 0: however far',
    ),
  export_interval: positiveDuration.prefault('60s').describe('How often scores go out; anomalies go at once'),
  export_top: z.int().min(0).max(100_000).default(100).describe('The highest scores that go out, and all from 0.8'),
  export_bands: z.enum(['anomalous', 'all']).default('anomalous').describe('Edges whose expected values go out'),
  ongoing_events: z.boolean().default(false).describe('An event each window while an anomaly lasts'),
  score_attributes: z
    .boolean()
    .default(false)
    .describe(
      'Forwarded points carry `anomaly.isolation_score` and `anomaly.is_anomaly`: each value becomes a stream of its own',
    ),
  mute: mute.prefault({}).describe('Data that is left out altogether'),
  default_cluster: text.max(256).default('default').describe('Cluster of data that names none'),
  pixie_ui: text.optional().describe("Host of Pixie's UI, for links in events"),
  storage: text.optional().describe('Extension that keeps checkpoints; default: file_storage, where it runs'),
  checkpoint_interval: positiveDuration.prefault('1m').describe('How often the state is written, and at shutdown'),
  max_series: z
    .int()
    .min(1000)
    .max(4_000_000)
    .default(200_000)
    .describe('Beyond it, series idle for an hour give way, then new ones are not scored'),
  max_edges: z
    .int()
    .min(64)
    .max(200_000)
    .default(20_000)
    .describe('Beyond it, the longest dormant edge gives way, never a member of an open incident'),
  max_groups: z.int().min(1).max(1024).default(32).describe('Window lengths times clusters; each takes 1 MiB'),
  max_request_size_mib: z.int().min(1).max(512).default(64).describe('Largest request; at least what receivers admit'),
  max_learning_backlog_mib: z
    .int()
    .min(1)
    .max(4096)
    .default(128)
    .describe('Requests that wait to be learnt from; beyond it, new ones are refused'),
  seed: z.int().min(0).max(0xffffffff).default(1).describe('Of the isolation forest and the autoencoder'),
});

/** Checks across fields that the schema cannot say. */
export function validateConfig(config: Config): string[] {
  const problems: string[] = [];
  const twice = config.presets.map((p) => p.name).filter((name, i, all) => all.indexOf(name) !== i);
  if (twice.length > 0) problems.push(`presets: ${twice.join(', ')} is named twice`);
  if (config.presets.length === 0 && config.features.length === 0) {
    problems.push('presets and features are both empty: nothing would be scored');
  }
  config.features.forEach((rule, i) => {
    if (rule.edge.source.length === 0 && rule.edge.destination.length === 0) {
      problems.push(`features[${i}].edge: source and destination are both empty`);
    }
  });
  config.rules.forEach((rule, i) => {
    if (!rule.mute && rule.threshold === undefined && rule.min_requests === undefined) {
      problems.push(`rules[${i}]: says neither mute, threshold nor min_requests`);
    }
    if (rule.min_requests !== undefined && rule.match.kind !== '*') {
      problems.push(`rules[${i}]: min_requests holds for every kind; leave match.kind out`);
    }
  });
  return problems;
}
