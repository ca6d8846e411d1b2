// The schema of the anomaly processor's configuration, and the checks across fields.
import { z } from 'zod';
import { duration, positiveDuration } from '../../config/duration.js';

import { PRESET_NAMES } from '../../detection/rules/presets/index.js';

import { BYTES_DISCOUNT } from '../../kernel/detection.js';
import { alertRule, detectors, threshold } from './alert-schema.js';
import { ALERT_KINDS, type Config } from './config.js';
import { externalNames, featureRule, preset, text } from './rule-schema.js';

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
  max_past: duration
    .prefault('24h')
    .describe(
      'How far behind its receipt a point is believed once its cluster has told of later; further, it is forwarded and not learnt; 0: however far',
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
