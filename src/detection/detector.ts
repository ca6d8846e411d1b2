// Everything that is known of the clusters, and what is made of it: learns from requests, reports what closed ticks
// come to. It outlives a reload.
import type { Closing, Fold, KernelApi, Scan } from '../kernel/api.js';
import type { Batch } from '../pipeline/index.js';
import type { ToldAlerts } from './alerting/told.js';
import type { Binder } from './binding/binder.js';
import { type DetectorOptions, DetectorParts, type SavedDetector } from './detector-parts.js';
import type { Incidents } from './incidents/incidents.js';
import type { LearnHost } from './learning/learn.js';
import { OddCounters } from './learning/odd-counters.js';
import { type NoteHost, RequestNotes } from './learning/request-notes.js';
import type { PendingRequest, Route } from './pending-request.js';
import type { Reporter, TickOutcome } from './results/report.js';
import type { Routing } from './results/routing.js';
import type { Sender } from './sender-settings.js';
import type { SettingsTexts } from './settings.js';
import { TickOutcomes } from './tick-outcomes.js';
import { inOrderOfAge } from './topology/age-order.js';
import { ClockTold } from './topology/clock-offsets.js';
import type { Edges } from './topology/edges.js';
import type { ClusterState, EdgeState, GroupState } from './topology/graph.js';

export class Detector implements LearnHost {
  readonly kernel: KernelApi;
  readonly #parts: DetectorParts;
  readonly #outcomes: TickOutcomes;
  readonly #requests: RequestNotes;
  readonly #noteHost: NoteHost = {
    settle: (cluster, sender) => this.#applySettings(cluster, sender),
    outside: ({ id }, { auth }) => this.#parts.options.events.settingsIgnored(auth?.subject ?? '', id),
  };
  readonly #oddCounters: OddCounters;
  readonly #clocks: ClockTold;

  constructor(options: DetectorOptions) {
    this.kernel = options.kernel;
    this.#parts = new DetectorParts(options, {
      onEdgeLeaving: (edge, reason) => this.#endAll(edge.group, (one) => one === edge, reason),
      onGroupLeaving: (group, reason) => this.#endAll(group, (edge) => edge.group === group, reason),
      onGroupForgotten: (group) => this.#forgetGroup(group),
    });
    this.#outcomes = new TickOutcomes(this.#parts);
    this.#requests = new RequestNotes(this.routing);
    this.#clocks = new ClockTold(this.kernel);
    this.#oddCounters = new OddCounters({
      events: () => this.#parts.options.events,
      edgeOf: (series) => this.binder.edgeOf(series),
    });
  }

  get edges(): Edges {
    return this.#parts.edges;
  }

  get incidents(): Incidents {
    return this.#parts.incidents;
  }

  /** What was told before a kill, and edges that nobody expected. */
  get told(): ToldAlerts {
    return this.#parts.told;
  }

  get routing(): Routing {
    return this.#parts.routing;
  }

  get binder(): Binder {
    return this.#parts.binder;
  }

  get reporter(): Reporter {
    return this.#parts.reporter;
  }

  /** Goes on under another configuration of the same capacities: what is learnt stays, how it is judged changes. */
  reconfigure(options: DetectorOptions): void {
    this.#parts.reconfigure(options);
  }

  /**
   * Forgets what does not fit into so many edges and series, and leaves no gap among their slots; in words, what is
   * gone.
   */
  shrink(maxEdges: number, maxSeries: number): string[] {
    return this.#parts.shrink(maxEdges, maxSeries);
  }

  /** Everything that is known besides the kernel's memory. Nothing may be learnt between two steps. */
  save(): Generator<void, SavedDetector> {
    return this.#parts.save();
  }

  /**
   * Takes up in an empty detector what another has saved; the kernel has its memory already. What alerts, and when, is
   * this configuration's: `before` tells what was another then.
   */
  restore(saved: SavedDetector, before: SettingsTexts, routeOf: (pipeline: string) => Route | undefined): void {
    this.#parts.restore(saved, before, routeOf);
  }

  // -- LearnHost

  bind(pending: PendingRequest, scan: Scan, rows: readonly number[]): void {
    this.binder.bind(pending, scan, rows);
  }

  folded(pending: PendingRequest, scan: Scan, fold: Fold, from: number, to: number): void {
    this.binder.release();
    this.#parts.quantiles.note(pending.batch.body, scan, fold.slowRows);
    this.#oddCounters.note(pending.batch.body, scan, fold.oddRows);
    this.#noteSender(pending, scan, from, to);
  }

  due(group: number): void {
    const state = this.edges.groups[group];
    if (state) this.#parts.quantiles.due(state);
  }

  forgotten(group: number): void {
    const state = this.edges.groups[group];
    if (state) this.#parts.quantiles.forget(state);
  }

  /** In the order of first event time, then name: the same however the stream was cut into requests. */
  *order({ newEdges }: Closing): Generator<void, readonly number[]> {
    return yield* inOrderOfAge(this.kernel, this.edges.bySlot, newEdges);
  }

  *closed(closing: Closing): Generator<void> {
    const group = this.edges.groups[closing.group];
    if (!group) return;
    const nowMs = Number(closing.timeUnixNano / 1_000_000n);
    advance(group, closing, nowMs);
    this.#report(yield* this.#outcomes.of(group, closing, nowMs), closing.seen);
    this.#parts.profiles.renew(group, nowMs);
    this.edges.closed();
  }

  #report(outcome: TickOutcome, seen?: number): void {
    this.#outcomes.count(outcome, seen);
    const batch = this.reporter.report(outcome);
    if (batch) this.emit(outcome.group.cluster, batch);
  }

  /** A result for the pipelines that brought the cluster's data. */
  emit(cluster: ClusterState, batch: Batch): void {
    this.#parts.options.emit(this.routing.of(cluster), batch);
  }

  // -- what is forgotten

  /** Forgets a cluster, with words for its open incidents and anomalies. */
  forgetCluster(cluster: ClusterState, reason: string): void {
    for (const group of [...cluster.groups.values()]) this.edges.forgetGroup(group, reason, false);
    this.binder.resolved.forget(cluster.id);
  }

  /** Forgets an edge, with words for an anomaly, and for an incident of this edge alone. */
  forgetEdge(edge: EdgeState, reason: string): void {
    this.#endAll(edge.group, (one) => one === edge, reason);
    this.edges.forget(edge);
  }

  /** Anomalies and incidents of edges that are about to be forgotten are over. */
  #endAll(group: GroupState, isLeaving: (edge: EdgeState) => boolean, reason: string): void {
    const outcome = this.#outcomes.ofLeaving(group, isLeaving, reason);
    if (outcome) this.#report(outcome);
  }

  #forgetGroup(group: GroupState): void {
    this.#parts.quantiles.forgetGroup(group);
    this.incidents.forgetGroup(group);
    if (group.cluster.groups.size === 0) this.#parts.newEdges.forget(group.cluster);
  }

  // -- senders and profiles

  /** Settings need every cluster of the request; where its results go, a sample tells. */
  #noteSender(pending: PendingRequest, scan: Scan, from: number, to: number): void {
    const { sender } = pending;
    const seen = new Set<ClusterState>();
    const step = sender.key === '' ? Math.max(1, (to - from - 1) >> 1) : 1;
    for (let row = from; row < to; row += step) {
      const edge = this.binder.edgeOf(scan.seriesOf(row));
      if (edge) seen.add(edge.cluster);
    }
    this.#requests.note(pending, seen, this.#noteHost);
  }

  /** After each request: whose clock was found to be off. */
  lookAtClocks(): void {
    this.#clocks.look(this.edges.liveGroups(), this.#parts.options.events);
  }

  /** The request that was learnt from last had been cut off. */
  noteTruncated(): void {
    this.#requests.truncated();
  }

  /** The newest sender's settings win. They change alerting, never what is learnt. */
  #applySettings(cluster: ClusterState, { key, settings }: Sender): void {
    cluster.settings = settings;
    cluster.settingsKey = key;
    this.#parts.options.events.settingsChanged(cluster.name, {
      ...settings,
      detectors: [...(settings.detectors ?? [])],
    });
    this.incidents.budgetChanged(cluster);
    for (const edge of cluster.edges) this.#parts.profiles.set(edge);
  }

  /** Passes the kernel's and the dictionary's counts on as increments. */
  publishCounts(): void {
    this.#parts.published.publish(
      this.kernel.counts(),
      this.edges.counts,
      this.edges.examples,
      this.#parts.options.events,
    );
  }
}

function advance(group: GroupState, closing: Closing, nowMs: number): void {
  group.tick = closing.tick;
  group.timeUnixNano = closing.timeUnixNano;
  group.ticks++;
  group.lastSeenMs = Date.now();
  const { cluster } = group;
  if (cluster.firstMs === 0) cluster.firstMs = nowMs;
  cluster.lastMs = Math.max(cluster.lastMs, nowMs);
}
