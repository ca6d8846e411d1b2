// Preset `network`: flows that OBI, and Beyla before it, count between workloads of Kubernetes.
import type { EndLists, FeatureRule, Tier } from '../feature-rule.js';

const end = (which: string): EndLists => ({
  service: [
    `point:k8s.${which}.owner.name`,
    `point:k8s.${which}.name`,
    `point:${which}.name`,
    `point:${which}.address`,
  ],
  namespace: [`point:k8s.${which}.namespace`],
});

const FLOW: FeatureRule = {
  name: 'flow',
  metric: ['obi.network.flow.bytes', 'beyla.network.flow.bytes'],
  features: ['bytes'],
  source: end('src'),
  destination: end('dst'),
  // What flows back belongs to the edge of the one who asked.
  swap: { 'point:direction': 'response' },
  feed: 'network',
  windowMs: 60_000,
  sourceRelative: false,
  knownUnit: 'By',
};

/** Sums over zones, round trips and what else both count of connections. */
const REST: FeatureRule = {
  ...FLOW,
  name: 'rest',
  metric: ['*.network.inter.zone.bytes', 'obi.net.*', 'obi.stat.*', 'beyla.net.*', 'beyla.stat.*'],
  features: [],
};

export const network: readonly Tier[] = [[FLOW], [REST]];
