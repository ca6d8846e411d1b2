// What the kernel found in a closed tick, edge by edge, in the units received.
import { FEATURES, type KernelApi, KINDS, Kind, kindOfChange, Source } from '../../kernel/api.js';
import type { EpisodeState, EpisodeStep } from '../alerting/episodes.js';
import { largestSurprise } from '../alerting/surprise.js';
import type { EdgeState } from '../topology/graph.js';
import { isStillSilent } from '../topology/silences.js';
import { type EvidenceBand, evidenceBand } from './evidence-band.js';

/** One feature's part of the evidence. */
export interface Contribution {
  readonly kind: string;
  readonly nats: number;
}

export interface Finding {
  readonly edge: EdgeState;
  readonly state: EpisodeState;
  readonly kind: string;
  readonly score: number;
  /** Nats. The contributions add up to it. */
  readonly evidence: number;
  readonly detector: string;
  /** What shows it: of the window, or over the span in which the evidence was gathered. */
  readonly band: EvidenceBand | undefined;
  readonly contributions: readonly Contribution[];
  /** The edge sent nothing in this window. */
  readonly silent: boolean;
  /** It is over, and the edge is as silent as before: dormant, or lost in an outage. */
  readonly stillSilent: boolean;
  /** Window in which it began, event time, Unix ms. */
  readonly startedMs: number;
  readonly durationS: number;
  readonly topScore: number;
  readonly incident: string;
  /** The edge is too young for its evidence to count in full. */
  readonly learning: boolean;
  /** Events may go out; false within the cool-down. */
  readonly announced: boolean;
  /** Why it is over, where it is not because the edge is back to normal. */
  readonly reason?: string;
}

const DETECTORS: ReadonlyMap<number, string> = new Map<number, string>([
  [Source.FOREST, 'isolation_forest'],
  [Source.AUTOENCODER, 'autoencoder'],
  [Source.GAP, 'gap'],
]);

/** Which detector set the evidence, by what `ResultColumns.source` says. */
export function detectorName(source: number): string {
  return DETECTORS.get(source) ?? 'zscore';
}

/** Features' shares of the evidence, by their largest surprise at any time scale; largest first. */
export function contributionsOf(kernel: KernelApi, slot: number): Contribution[] {
  const { surprise, evidence, present } = kernel.results;
  const total = evidence[slot]!;
  if (present[slot] === 0) return [{ kind: KINDS[Kind.THROUGHPUT_DROP]!, nats: total }];
  const parts = FEATURES.map((_, feature) => largestSurprise(surprise, slot, feature))
    .map((value, feature) => ({ kind: kindOfChange(feature, value), weight: Math.abs(value) }))
    .filter(({ kind, weight }) => kind !== '' && weight > 0);
  const sum = parts.reduce((all, { weight }) => all + weight, 0);
  return parts.sort((a, b) => b.weight - a.weight).map(({ kind, weight }) => ({ kind, nats: (total * weight) / sum }));
}

/** The finding of a tick for an edge whose anomaly took this step. */
export function findingOf(kernel: KernelApi, edge: EdgeState, { episode, state }: EpisodeStep, nowMs: number): Finding {
  const { score, evidence, source, present } = kernel.results;
  const { slot } = edge;
  return {
    edge,
    state,
    kind: KINDS[episode.kind] || KINDS[Kind.TRAFFIC_PATTERN]!,
    score: score[slot]!,
    evidence: evidence[slot]!,
    detector: detectorName(source[slot]!),
    band: evidenceBand(kernel, edge, episode.kind),
    contributions: contributionsOf(kernel, slot),
    silent: present[slot] === 0,
    stillSilent: state === 'resolved' && isStillSilent(kernel, edge),
    startedMs: episode.startedMs,
    durationS: Math.max(0, nowMs - episode.startedMs) / 1000,
    topScore: episode.topScore,
    incident: episode.incident,
    learning: episode.learning,
    announced: episode.announced,
  };
}
