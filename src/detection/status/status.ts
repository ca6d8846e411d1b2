// What the processor knows of itself: the status line, `doctor` and the banner read it.
import { FEATURES, type FoldCounts, WARM } from '../../kernel/api.js';
import { countOf, formatSeconds } from '../../terminal/format.js';
import type { ResolveCounts } from '../binding/resolved.js';
import type { Detector } from '../detector.js';
import type { BoundCounts } from '../topology/bounds.js';
import { type EdgeState, edgeText, type FeedState } from '../topology/graph.js';

export interface FeedStatus {
  readonly cluster: string;
  readonly name: string;
  readonly preset: string;
  readonly windowMs: number;
  /** 0: not known yet. */
  readonly periodMs: number;
  readonly ticks: number;
}

export interface EdgeStatus {
  readonly edge: string;
  readonly cluster: string;
  readonly score: number;
  readonly windows: number;
  /** Rule that each feature listens to, and rules whose data is shadowed. */
  readonly features: Readonly<Record<string, string>>;
  readonly shadowed: Readonly<Record<string, readonly string[]>>;
  readonly anomaly: string | undefined;
}

export interface AnomalyStatus {
  readonly requests: number;
  readonly clusters: readonly { readonly id: string; readonly name: string; readonly edges: number }[];
  readonly edges: number;
  readonly edgesLearning: number;
  readonly edgesAnomalous: number;
  /** Time until the first edge may alert, ms; 0: some may; undefined: no edge yet. */
  readonly readyInMs: number | undefined;
  readonly series: ResolveCounts & { readonly used: number };
  readonly unmappedExample: string | undefined;
  /** Edges by feature that they have. */
  readonly features: Readonly<Record<string, number>>;
  readonly anomaliesStarted: number;
  readonly incidentsOpen: number;
  readonly feeds: readonly FeedStatus[];
  readonly points: FoldCounts;
  readonly bounds: BoundCounts;
  readonly backlogBytes: number;
  readonly kernelBytes: number;
  /** Wall clock of the last result that left, Unix ms; 0: none yet. */
  readonly lastExportMs: number;
  readonly truncated: number;
}

export interface StatusExtras {
  readonly requests: number;
  readonly backlogBytes: number;
  readonly lastExportMs: number;
  readonly truncated: number;
}

export function statusOf(detector: Detector, extras: StatusExtras): AnomalyStatus {
  const { edges, binder, kernel, incidents, reporter } = detector;
  const { age } = kernel.results;
  const all = edges.bySlot.filter((edge) => edge !== undefined);
  const learning = all.filter(({ slot }) => age[slot]! < WARM);
  const features = FEATURES.map((name) => [name, all.filter((edge) => edge.features[name]).length] as const);
  return {
    ...extras,
    clusters: [...edges.clusters.values()].map(({ id, name, edges: its }) => ({ id, name, edges: its.size })),
    edges: all.length,
    edgesLearning: learning.length,
    edgesAnomalous: all.filter(({ episode }) => episode).length,
    readyInMs: readyIn(all, age),
    series: { ...binder.resolved.counts, used: kernel.seriesUsed() },
    unmappedExample: binder.resolved.examples.get('unmapped'),
    features: Object.fromEntries(features),
    anomaliesStarted: [...reporter.started.byKind.values()].reduce((sum, count) => sum + count, 0),
    incidentsOpen: incidents.open.length,
    feeds: feedsOf(detector),
    points: { ...kernel.counts() },
    bounds: { ...edges.counts },
    kernelBytes: kernel.memoryBytes(),
  };
}

function readyIn(edges: readonly EdgeState[], age: Float32Array): number | undefined {
  if (edges.length === 0) return undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { slot, group } of edges) least = Math.min(least, Math.max(0, WARM - age[slot]!) * group.windowMs);
  return least;
}

export function feedsOf({ edges, kernel }: Detector): FeedStatus[] {
  return edges.liveGroups().flatMap((group) => [...group.feeds.values()].map((feed) => feedStatus(kernel, feed)));
}

function feedStatus(kernel: Detector['kernel'], { slot, name, preset, group }: FeedState): FeedStatus {
  const { periodNanos, ticks } = kernel.feed(slot);
  const periodMs = Number(periodNanos) / 1e6;
  return { cluster: group.cluster.name, name, preset, windowMs: group.windowMs, periodMs, ticks };
}

/** Every edge with what it listens to: for `doctor`. */
export function edgeStatuses({ edges, kernel }: Detector): EdgeStatus[] {
  const { score, age } = kernel.results;
  return edges.bySlot
    .filter((edge) => edge !== undefined)
    .map((edge) => ({
      edge: edgeText(edge),
      cluster: edge.cluster.name,
      score: score[edge.slot]!,
      windows: age[edge.slot]!,
      features: Object.fromEntries(Object.entries(edge.features).map(([name, { rule }]) => [name, rule])),
      shadowed: Object.fromEntries(
        [...(edge.shadowed ?? [])].map(([name, feeds]) => [name, [...feeds].map((f) => f.name)]),
      ),
      anomaly: edge.episode && 'on',
    }));
}

/** When alerts can be expected. */
export function readyText({ edges, edgesLearning, readyInMs }: AnomalyStatus): string {
  if (readyInMs === undefined) return `an edge may alert after ${WARM} windows with traffic (10 min at 10 s)`;
  if (readyInMs > 0) return `the first edge may alert in ${formatSeconds(readyInMs / 1000)}`;
  return edgesLearning > 0 ? `${edges - edgesLearning} of ${countOf(edges, 'edge')} may alert` : 'all edges may alert';
}

/** The line of each minute. */
export function statusLine(status: AnomalyStatus): string {
  const { series, features } = status;
  const present = Object.entries(features)
    .filter(([, count]) => count > 0)
    .map(([name]) => name);
  return [
    `status: ${countOf(status.requests, 'request')}`,
    `${countOf(status.edges, 'edge')} (${status.edgesLearning} learning, ${status.edgesAnomalous} anomalous)`,
    `${series.mapped} series mapped, ${series.unmapped} not${status.unmappedExample ? ` (${status.unmappedExample})` : ''}`,
    present.length > 0 ? `features ${present.join(', ')}` : 'no features yet',
    `${countOf(status.anomaliesStarted, 'anomaly', 'anomalies')}, ${countOf(status.incidentsOpen, 'incident')} open`,
    readyText(status),
    status.lastExportMs === 0 ? 'nothing exported yet' : `last export ${new Date(status.lastExportMs).toISOString()}`,
    ...(status.truncated > 0 ? [`${countOf(status.truncated, 'request')} cut off at Pixie's row limit`] : []),
  ].join('; ');
}
