// Every attribute of ours, defined once: its name, type, unit and meaning. What goes out is named by it, what reads it
// back reads by it, and docs/reference/output.md is generated from it.

export interface AttributeDefinition {
  readonly name: string;
  readonly type: 'string' | 'double' | 'int' | 'boolean' | 'string[]';
  readonly unit?: string;
  /** Markdown. */
  readonly meaning: string;
}

export const ATTRIBUTES = {
  sourceService: { name: 'src_service', type: 'string', meaning: 'who calls; empty where nobody is known' },
  destinationService: { name: 'dst_service', type: 'string', meaning: 'who is called' },
  destinationNamespace: { name: 'namespace', type: 'string', meaning: 'of the destination' },
  sourceNamespace: { name: 'src_namespace', type: 'string', meaning: 'of the source' },
  clusterId: { name: 'px.cluster.id', type: 'string', meaning: 'the cluster' },
  eventId: {
    name: 'anomaly.event.id',
    type: 'string',
    meaning: '32 hexadecimal digits: equal for an event that is told again, and for no other',
  },
  score: { name: 'anomaly.score', type: 'double', meaning: 'in [0, 1]; 0.9 is the default alert level' },
  state: {
    name: 'anomaly.state',
    type: 'string',
    meaning:
      '`started`, `resolved`, on request `ongoing`; after an end in silence `returned` or `gone`; of incidents `opened`, `updated`, `closed`',
  },
  kind: { name: 'anomaly.kind', type: 'string', meaning: 'the kind again, for those who filter on attributes' },
  kinds: { name: 'anomaly.kinds', type: 'string[]', meaning: 'kinds of the strongest changes of its edges' },
  detector: {
    name: 'anomaly.detector',
    type: 'string',
    meaning:
      'what set the evidence: `zscore`, `isolation_forest`, `autoencoder`, `gap` (a silence), `new_edge`; `inject`: a test',
  },
  feature: { name: 'anomaly.feature', type: 'string', meaning: 'what the kind speaks of' },
  unit: { name: 'anomaly.unit', type: 'string', meaning: 'unit of the feature as received' },
  observed: {
    name: 'anomaly.observed',
    type: 'double',
    unit: 'as received',
    meaning: 'the value that shows it: of the window, or on average over `anomaly.span_s`',
  },
  expected: { name: 'anomaly.expected', type: 'double', unit: 'as received', meaning: 'the level before it' },
  lower: {
    name: 'anomaly.lower',
    type: 'double',
    unit: 'as received',
    meaning: 'below it such a value alone would alert; left out where no value can be below it, or only absurd ones',
  },
  upper: {
    name: 'anomaly.upper',
    type: 'double',
    unit: 'as received',
    meaning: 'above it such a value alone would alert; left out where no value can be above it, or only absurd ones',
  },
  span: {
    name: 'anomaly.span_s',
    type: 'double',
    unit: 's',
    meaning:
      'over how long the evidence was gathered: observed value and bounds are of that span, longer than a window where no window shows the change by itself',
  },
  evidence: { name: 'anomaly.evidence', type: 'double', unit: 'nat', meaning: 'what the score is made of' },
  contributions: {
    name: 'anomaly.contributions',
    type: 'string[]',
    unit: 'nat',
    meaning: '`kind nats` for each measure; they add up to the evidence',
  },
  duration: { name: 'anomaly.duration_s', type: 'double', unit: 's', meaning: 'since it started, or opened' },
  reason: {
    name: 'anomaly.reason',
    type: 'string',
    meaning:
      'of a silence `no_data` or `most_edges_silent`; `still_silent` on the end of an anomaly or incident whose edges still send nothing; on the end of an anomaly or incident whose edges are no longer watched: why (their cluster gave way to another, or an operator had it forgotten)',
  },
  confidence: {
    name: 'anomaly.confidence',
    type: 'string',
    meaning: '`learning`, where the edge is so young that only a gross change could alert',
  },
  link: { name: 'anomaly.link', type: 'string', meaning: "Pixie's view of the edge or source, once `pixie_ui` is set" },
  window: { name: 'anomaly.window', type: 'string', meaning: 'length of the window, as in `60s`' },
  windowSeconds: { name: 'anomaly.window_s', type: 'double', unit: 's', meaning: 'length of the window' },
  test: {
    name: 'anomaly.test',
    type: 'boolean',
    meaning: 'somebody injected it to try the way to the pager: nothing is wrong (on points the text `true`)',
  },
  incidentId: { name: 'incident.id', type: 'string', meaning: 'the incident, or the one that the edge belongs to' },
  incidentStarted: { name: 'incident.started', type: 'string', meaning: 'when it opened, ISO 8601' },
  services: { name: 'incident.services', type: 'string[]', meaning: 'services in it, at most 20' },
  serviceCount: { name: 'incident.services.count', type: 'int', meaning: 'how many there are' },
  edges: { name: 'incident.edges', type: 'string[]', meaning: 'edges in it, at most 20' },
  edgeCount: { name: 'incident.edges.count', type: 'int', meaning: 'how many there are' },
  mergedInto: {
    name: 'incident.merged_into',
    type: 'string',
    meaning: 'the incident that this one turned out to belong to',
  },
  source: { name: 'incident.source', type: 'string', meaning: 'the likeliest source' },
  sourceNeighbourhood: {
    name: 'incident.source.neighbourhood',
    type: 'double',
    meaning: 'part of its rank, 0 to 1: how much of the evidence is around it',
  },
  sourceOwn: {
    name: 'incident.source.own',
    type: 'double',
    meaning: 'part of its rank, 0 to 1: how much of it is on its own calls',
  },
  sourceUnexplained: {
    name: 'incident.source.unexplained',
    type: 'double',
    meaning: 'part of its rank, 0 to 1: what those that it calls do not explain',
  },
  ranking: {
    name: 'incident.ranking',
    type: 'string[]',
    meaning: 'the five likeliest sources, each with its three parts',
  },
  isolationScore: {
    name: 'anomaly.isolation_score',
    type: 'double',
    meaning: "score of the edge's last closed window, on forwarded points (`score_attributes`)",
  },
  isAnomaly: {
    name: 'anomaly.is_anomaly',
    type: 'boolean',
    meaning: 'whether the edge alerts, on forwarded points (`score_attributes`)',
  },
} as const;

export type AttributeKey = keyof typeof ATTRIBUTES;

/** The identity of an edge on everything that is said about it. */
export const EDGE_ATTRIBUTES: readonly AttributeKey[] = [
  'sourceService',
  'destinationService',
  'destinationNamespace',
  'sourceNamespace',
  'clusterId',
];

/** Their names, by key. */
export const Key: { readonly [K in AttributeKey]: (typeof ATTRIBUTES)[K]['name'] } = Object.fromEntries(
  Object.entries(ATTRIBUTES).map(([key, { name }]) => [key, name]),
) as never;
