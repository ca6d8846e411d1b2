// The report of a closed tick: findings, incidents and scores as one batch of metrics with its events.

import { FEATURES, type KernelApi } from '../../kernel/api.js';
import { type Batch, ownBatch } from '../../pipeline/index.js';
import type { ClusterState, EdgeState, GroupState } from '../topology/graph.js';
import { Key } from '../vocabulary/attributes.js';
import { UNEXPECTED_EDGE } from '../vocabulary/events.js';
import { anomalyMetric, METRICS } from '../vocabulary/metrics.js';
import { bandOf } from './bands.js';
import { edgeAttributes, findingEvent, type SilenceReason, silenceEvent, unexpectedEvent } from './edge-events.js';
import type { Finding } from './findings.js';
import { type IncidentView, incidentEvent } from './incident-events.js';
import type { OwnResource } from './own-resource.js';
import { type EventRecord, serializeEvents } from './result-events.js';
import { ResultMetrics } from './result-metrics.js';
import type { ReportSettings } from './settings.js';
import { liveSlots, topScores } from './top-scores.js';

/** What a closed tick has to say. */
export interface TickOutcome {
  readonly group: GroupState;
  readonly findings: readonly Finding[];
  /** With the window in which each was told first, Unix ms. */
  readonly unexpected: ReadonlyMap<EdgeState, number>;
  readonly incidents: readonly IncidentView[];
  readonly silences: readonly { readonly state: 'started' | 'resolved'; readonly reason: SilenceReason }[];
  /** Scores are due. */
  readonly scores: boolean;
}

export interface ReportOptions {
  readonly kernel: KernelApi;
  readonly bySlot: readonly (EdgeState | undefined)[];
  readonly settings: ReportSettings;
  readonly resource: OwnResource;
  /** False in a replay: observed time is event time, so that the same input gives the same bytes. */
  readonly live: boolean;
  openIncidents(cluster: ClusterState): number;
}

/** The sums that go out, and since when. */
export interface ReportedCounts {
  readonly byKind: ReadonlyMap<string, number>;
  readonly startUnixNano: bigint;
  readonly newestUnixNano: bigint;
}

export class Reporter {
  readonly #options: ReportOptions;
  /** Anomalies started since the beginning, by kind. */
  #started = new Map<string, number>();
  #startUnixNano = 0n;
  #newestUnixNano = 0n;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  /** Anomalies started so far, by kind. */
  get started(): ReportedCounts {
    return {
      byKind: new Map(this.#started),
      startUnixNano: this.#startUnixNano,
      newestUnixNano: this.#newestUnixNano,
    };
  }

  /** Goes on counting where another reporter stopped. */
  resume({ byKind, startUnixNano, newestUnixNano }: ReportedCounts): void {
    this.#started = new Map(byKind);
    this.#startUnixNano = startUnixNano;
    this.#newestUnixNano = newestUnixNano;
  }

  /** The batch of a closed tick; undefined where there is nothing to say. */
  report(outcome: TickOutcome): Batch | undefined {
    const time = outcome.group.timeUnixNano;
    this.#advance(time);
    const metrics = new ResultMetrics();
    for (const finding of outcome.findings) this.#finding(metrics, finding, time);
    this.#unexpected(metrics, outcome, time);
    for (const { state } of outcome.silences) {
      metrics.gauge(METRICS.senderSilent, state === 'started' ? 1 : 0, groupAttributes(outcome.group), time);
    }
    if (outcome.scores) this.#scores(metrics, outcome.group, time);
    const events = this.#events(outcome, time);
    if (outcome.scores || events.length > 0) this.#totals(metrics, outcome.group.cluster, time);
    return metrics.items === 0 ? undefined : this.#batch(metrics, events);
  }

  /** The last state once more, while nothing comes in: scores at the time given. */
  repeat(group: GroupState, unixNano: bigint): Batch {
    const metrics = new ResultMetrics();
    this.#advance(unixNano);
    this.#scores(metrics, group, unixNano);
    if (group.silent) metrics.gauge(METRICS.senderSilent, 1, groupAttributes(group), unixNano);
    this.#totals(metrics, group.cluster, unixNano);
    return this.#batch(metrics, []);
  }

  /** A silence that the wall clock noticed. */
  silence(group: GroupState, state: 'started' | 'resolved', unixNano: bigint): Batch {
    const metrics = new ResultMetrics();
    metrics.gauge(METRICS.senderSilent, state === 'started' ? 1 : 0, groupAttributes(group), unixNano);
    return this.#batch(metrics, [silenceEvent(group, state, 'no_data', unixNano)]);
  }

  #advance(unixNano: bigint): void {
    if (this.#startUnixNano === 0n) this.#startUnixNano = unixNano;
    if (unixNano > this.#newestUnixNano) this.#newestUnixNano = unixNano;
  }

  #batch(metrics: ResultMetrics, events: readonly EventRecord[]): Batch {
    const { resource, live } = this.#options;
    const observed = live ? BigInt(Date.now()) * 1_000_000n : undefined;
    const logs =
      events.length === 0 ? undefined : ownBatch('logs', serializeEvents(events, resource, observed), events.length);
    return ownBatch('metrics', metrics.serialize(resource), metrics.items, logs);
  }

  /** A gauge while the anomaly lasts, then one 0; with it the bands of the edge's features. */
  #finding(metrics: ResultMetrics, finding: Finding, time: bigint): void {
    const { edge, kind, state, score, announced } = finding;
    // Its gauge has been 0 since it ended.
    if (state === 'returned' || state === 'gone') return;
    metrics.gauge(anomalyMetric(kind), state === 'resolved' ? 0 : score, edgeAttributes(edge), time);
    if (state === 'started' && announced) this.#count(kind);
    if (this.#options.settings.exportBands === 'anomalous') this.#bands(metrics, edge, time);
  }

  #count(kind: string): void {
    this.#started.set(kind, (this.#started.get(kind) ?? 0) + 1);
  }

  #unexpected(metrics: ResultMetrics, { group, unexpected }: TickOutcome, time: bigint): void {
    const metric = anomalyMetric(UNEXPECTED_EDGE, 'An edge that nobody expected');
    const say = (edge: EdgeState, value: number) => metrics.gauge(metric, value, edgeAttributes(edge), time);
    for (const edge of group.unexpected) say(edge, 0);
    group.unexpected.clear();
    for (const edge of unexpected.keys()) {
      say(edge, 1);
      this.#count(UNEXPECTED_EDGE);
      group.unexpected.add(edge);
    }
  }

  #bands(metrics: ResultMetrics, edge: EdgeState, time: bigint): void {
    const attributes = edgeAttributes(edge);
    FEATURES.forEach((feature, index) => {
      const band = bandOf(this.#options.kernel, edge, index);
      if (!band) return;
      for (const value of ['observed', 'expected', 'lower', 'upper'] as const) {
        if (!Number.isFinite(band[value])) continue;
        const of = { ...attributes, [Key.feature]: feature };
        metrics.gauge(METRICS[value], band[value], of, time, band.unit);
      }
    });
  }

  /** The highest scores and all that are worth saying, of edges that are not dormant. */
  #scores(metrics: ResultMetrics, group: GroupState, time: bigint): void {
    const { settings, kernel, bySlot } = this.#options;
    const { score } = kernel.results;
    for (const slot of topScores(kernel, liveSlots(kernel, group, bySlot), settings.exportTop)) {
      const edge = bySlot[slot]!;
      metrics.gauge(METRICS.score, score[slot]!, edgeAttributes(edge), time);
      if (settings.exportBands === 'all') this.#bands(metrics, edge, time);
    }
  }

  #totals(metrics: ResultMetrics, cluster: ClusterState, time: bigint): void {
    for (const [kind, count] of this.#started) {
      const attributes = { [Key.kind]: kind };
      metrics.sum(METRICS.events, count, attributes, this.#startUnixNano, this.#newestUnixNano);
    }
    const open = this.#options.openIncidents(cluster);
    metrics.gauge(METRICS.incidentsOpen, open, { [Key.clusterId]: cluster.id }, time);
  }

  #events(outcome: TickOutcome, time: bigint): EventRecord[] {
    const { pixieUi: host, ongoingEvents } = this.#options.settings;
    const { group } = outcome;
    const findings = outcome.findings.filter(
      ({ state, announced }) => announced && (state !== 'ongoing' || ongoingEvents),
    );
    const watchedS = (group.cluster.lastMs - group.cluster.firstMs) / 1000;
    return [
      ...findings.map((finding) => findingEvent(finding, time, host)),
      ...Array.from(outcome.unexpected, ([edge, sinceMs]) => unexpectedEvent(edge, sinceMs, watchedS, time, host)),
      ...outcome.silences.map(({ state, reason }) => silenceEvent(group, state, reason, time)),
      ...outcome.incidents.map((view) => incidentEvent(view, time, host)),
    ];
  }
}

function groupAttributes({ cluster, windowMs }: GroupState): Record<string, string> {
  return { [Key.clusterId]: cluster.id, [Key.window]: `${windowMs / 1000}s` };
}
