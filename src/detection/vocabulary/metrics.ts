// Every metric of ours, defined once: its name, type, unit, description and attributes. docs/reference/output.md is
// generated from it.
import { type AttributeKey, EDGE_ATTRIBUTES } from './attributes.js';

export interface MetricDefinition {
  readonly name: string;
  readonly type: 'gauge' | 'sum';
  /** UCUM; undefined: as received. An annotation where unit 1 would make others call it `…_ratio`. */
  readonly unit: string | undefined;
  readonly description: string;
  /** What its values are, in the documentation. */
  readonly value: string;
  readonly attributes: readonly AttributeKey[];
}

/** What the names of all results of ours begin with. */
export const OWN_PREFIX = 'px.anomaly.';
/** What is said of an edge: the kind follows, of the metric and of the event. */
export const EDGE_PREFIX = 'px.anomaly.network.';

const SCORE = '{score}';
const BAND = {
  type: 'gauge',
  unit: undefined,
  value: 'of each feature of anomalous edges (`export_bands: all`: of all)',
  attributes: [...EDGE_ATTRIBUTES, 'feature'],
} as const;

export type MetricKey =
  | 'score'
  | 'observed'
  | 'expected'
  | 'lower'
  | 'upper'
  | 'events'
  | 'incidentsOpen'
  | 'senderSilent';

export const METRICS: Readonly<Record<MetricKey, MetricDefinition>> = {
  score: {
    name: 'px.anomaly.score',
    type: 'gauge',
    unit: SCORE,
    description: 'Score of an edge',
    value: 'current score; every `export_interval`, the highest `export_top` and all from 0.8',
    attributes: EDGE_ATTRIBUTES,
  },
  observed: { ...BAND, name: 'px.anomaly.observed', description: 'Value in the last window' },
  expected: { ...BAND, name: 'px.anomaly.expected', description: 'Value that was expected' },
  lower: { ...BAND, name: 'px.anomaly.lower', description: 'Below it the feature alone alerts' },
  upper: { ...BAND, name: 'px.anomaly.upper', description: 'Above it the feature alone alerts' },
  events: {
    name: 'px.anomaly.events',
    type: 'sum',
    unit: '{anomaly}',
    description: 'Anomalies started',
    value: 'anomalies started; cumulative, monotonic',
    attributes: ['kind'],
  },
  incidentsOpen: {
    name: 'px.anomaly.incidents.open',
    type: 'gauge',
    unit: '{incident}',
    description: 'Incidents open now',
    value: 'incidents open now',
    attributes: ['clusterId'],
  },
  senderSilent: {
    name: 'px.anomaly.sender_silent',
    type: 'gauge',
    unit: '{state}',
    description: 'Nothing can be said: 1',
    value: '1 while a cluster is silent, then one 0',
    attributes: ['clusterId', 'window'],
  },
};

/** The gauge of an anomaly of an edge. `description`: where it is not an ordinary one. */
export function anomalyMetric(
  kind: string,
  description: string = 'Score of an anomaly while it lasts, then one 0',
): MetricDefinition {
  const value = 'score in [0, 1] while the anomaly lasts, then one 0';
  return { name: EDGE_PREFIX + kind, type: 'gauge', unit: SCORE, description, value, attributes: EDGE_ATTRIBUTES };
}
