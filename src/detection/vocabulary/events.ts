// Every event of ours, defined once: its name, severity and attributes. docs/reference/output.md is generated from it.
import { type AttributeKey, EDGE_ATTRIBUTES } from './attributes.js';
import { EDGE_PREFIX, METRICS } from './metrics.js';

export interface EventDefinition {
  readonly name: string;
  readonly severity: 'INFO' | 'WARN';
  readonly attributes: readonly AttributeKey[];
}

export const EVENTS: Readonly<Record<'incident' | 'senderSilent', EventDefinition>> = {
  incident: {
    name: 'px.anomaly.incident',
    severity: 'WARN',
    attributes: [
      'eventId',
      'incidentId',
      'clusterId',
      'state',
      'score',
      'kinds',
      'duration',
      'reason',
      'incidentStarted',
      'services',
      'serviceCount',
      'edges',
      'edgeCount',
      'mergedInto',
      'source',
      'sourceNeighbourhood',
      'sourceOwn',
      'sourceUnexplained',
      'ranking',
      'link',
      'test',
    ],
  },
  senderSilent: {
    name: METRICS.senderSilent.name,
    severity: 'INFO',
    attributes: ['eventId', 'clusterId', 'state', 'reason', 'windowSeconds'],
  },
};

/** The event of an anomaly of an edge. */
export function anomalyEvent(kind: string): EventDefinition {
  return {
    name: EDGE_PREFIX + kind,
    severity: 'INFO',
    attributes: [
      ...EDGE_ATTRIBUTES,
      'eventId',
      'score',
      'state',
      'kind',
      'detector',
      'feature',
      'unit',
      'observed',
      'expected',
      'lower',
      'upper',
      'span',
      'evidence',
      'contributions',
      'duration',
      'reason',
      'confidence',
      'incidentId',
      'link',
      'test',
    ],
  };
}

/** An edge that nobody expected, which is an anomaly of its own kind. */
export const UNEXPECTED_EDGE = 'unexpected_edge';
