// Preset `hubble`: HTTP metrics of Cilium's Hubble (https://docs.cilium.io/en/stable/observability/metrics/), where its
// `labelsContext` or `sourceContext` and `destinationContext` name the ends.
import type { EndLists, FeatureRule, Tier, Where } from '../feature-rule.js';

const end = (which: string): EndLists => ({
  service: [`point:${which}_workload`, `point:${which}_app`, `point:${which}`],
  namespace: [`point:${which}_namespace`],
});

const ERRORS: readonly Where[] = [{ status: { gte: 500 } }];

/** A policy at either end of a request lets it be counted there. */
const REPORTERS: readonly Partial<FeatureRule>[] = [
  { end: 'client', where: { reporter: { not: 'server' } } },
  { end: 'server', where: { reporter: 'server' } },
  { where: { reporter: { exists: false } } },
];

function rules(name: string, metric: string, more: Partial<FeatureRule>, where: Where = {}): Tier {
  return REPORTERS.map((reporter, i) => ({
    name: i === 0 ? name : `${name}_${['', 'server', 'unnamed'][i]}`,
    metric: [metric],
    names: 'otel' as const,
    features: [],
    source: end('source'),
    destination: end('destination'),
    feed: 'hubble',
    windowMs: 60_000,
    sourceRelative: false,
    ...more,
    ...reporter,
    where: { ...reporter.where, ...where },
  }));
}

const COUNTS = ['sum', 'gauge'] as const;

/** `httpV2` has the status on the request; `http` counts responses apart, whose source is the server. */
export const hubble: readonly Tier[] = [
  rules('requests', 'hubble_http_requests', { features: ['requests'], errors: ERRORS, data: COUNTS }),
  rules(
    'responses',
    'hubble_http_responses',
    { features: ['errors'], data: COUNTS, source: end('destination'), destination: end('source') },
    { status: { gte: 500 } },
  ),
  // Of `http` alone the ends are those of the response, and nothing on it says so: only with the labels that go with
  // `httpV2`.
  rules(
    'latency',
    'hubble_http_request_duration',
    { features: ['latency'], data: ['histogram', 'exponential_histogram'], knownUnit: 's' },
    { source_workload: { exists: true }, destination_workload: { exists: true } },
  ),
  [{ ...(rules('rest', 'hubble_*', {})[0] as FeatureRule), where: {} }],
];
