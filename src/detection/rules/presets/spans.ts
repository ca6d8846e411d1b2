// Preset `spans`: the calls that the processor itself reads out of a traces pipeline.

import type { FeatureRule, Tier } from '../feature-rule.js';

/** Name of the metric that calls become (learning/spans/to-metrics.ts): a delta histogram in seconds. */
export const CALLS_METRIC = 'traces.edge.duration';

/** Windows as long as the connectors' flush interval: a span may come ten seconds after its partner. */
const CALLS: FeatureRule = {
  name: 'calls',
  metric: [CALLS_METRIC],
  features: ['latency', 'requests'],
  errors: [{ 'point:failed': true }],
  data: ['histogram'],
  where: { 'point:end': 'client' },
  source: { service: ['point:src_service'], namespace: ['point:src_namespace'] },
  destination: { service: ['point:dst_service'], namespace: ['point:namespace'] },
  end: 'client',
  feed: 'spans',
  windowMs: 60_000,
  sourceRelative: true,
};

/**
 * Calls whose callee named its caller in attributes: where callers tell of the edge, they count once, by the caller.
 */
const CALLEES: FeatureRule = { ...CALLS, name: 'calls_by_callee', where: { 'point:end': 'server' }, end: 'server' };

export const spans: readonly Tier[] = [[CALLS, CALLEES]];
