// Everything that is known of the clusters: the kernel with its dictionary, and what is made of its answers. It outlives a reload.
import type { Closing, KernelFace } from '../kernel/face.js';
import type { Batch } from '../pipeline/index.js';
import type { Config } from '../processors/anomaly/config.js';
import { type ConfigTexts, configTexts, rulesText } from '../processors/anomaly/config-texts.js';
import type { AnomalyEvents } from '../telemetry/anomaly-events.js';
import { countOf } from '../terminal/format.js';
import { EdgeProfiles } from './alerting/edge-profiles.js';
import { NewEdges, type SavedTallies } from './alerting/new-edges.js';
import type { SavedProfiles } from './alerting/profiles.js';
import type { Sender } from './alerting/senders.js';
import { Binder, type SavedBinder } from './binding/binder.js';
import { Quantiles, type SavedQuantiles } from './binding/quantiles.js';
import { Incidents, type SavedIncidents } from './incidents/incidents.js';
import type { LearnHost, Lesson } from './learning/learn.js';
import { OddCounters } from './learning/odd-counters.js';
import { type NoteHost, RequestNotes } from './learning/request-notes.js';
import { PublishedCounts } from './published-counts.js';
import type { Delivery } from './results/delivery.js';
import { type Finding, type FindingOptions, findingEnded, findingOf } from './results/findings.js';
import type { IncidentView } from './results/incident-events.js';
import type { OwnResource } from './results/own-resource.js';
import { type ReportedCounts, Reporter, type TickOutcome } from './results/report.js';
import { compileMutes } from './rules/mutes.js';
import { createRuleBook } from './rules/rule-book.js';
import { inOrderOfAge } from './topology/age-order.js';
import { ClockTold } from './topology/clock-offsets.js';
import { Edges } from './topology/edges.js';
import type { ClusterState, EdgeState, GroupState } from './topology/graph.js';
import { edgeText } from './topology/graph.js';
import { restoreDictionary } from './topology/restored-dictionary.js';
import type { SavedRoom } from './topology/room.js';
import { type SavedDictionary, saveDictionary } from './topology/saved-dictionary.js';

/** Everything that a detector knows besides the kernel's memory. */
export interface SavedDetector {
  readonly dictionary: SavedDictionary;
  readonly incidents: SavedIncidents;
  readonly reported: ReportedCounts;
  readonly binder: SavedBinder;
  readonly quantiles: SavedQuantiles;
  readonly tallies: SavedTallies;
  readonly profiles: SavedProfiles;
  readonly room: SavedRoom;
}

export interface DetectorOptions {
  readonly kernel: KernelFace;
  readonly config: Config;
  readonly resource: OwnResource;
  readonly events: AnomalyEvents;
  readonly live: boolean;
  /** A result for the pipelines that brought the cluster's data. */
  emit(cluster: ClusterState, batch: Batch): void;
}

/** Event times further apart than this are no rounding of an export interval, ms. */
const SLACK_MS = 1;

export class Detector implements LearnHost {
  readonly kernel: KernelFace;
  readonly edges: Edges;
  readonly incidents: Incidents;
  #options: DetectorOptions;
  readonly #quantiles: Quantiles;
  #binder: Binder;
  #reporter: Reporter;
  #profiles: EdgeProfiles;
  #newEdges: NewEdges;
  #findingOptions: FindingOptions;
  readonly #requests = new RequestNotes();
  readonly #noteHost: NoteHost = {
    settle: (cluster, sender) => this.#applySettings(cluster, sender),
    outside: ({ id }, { auth }) => this.#options.events.settingsIgnored(auth?.subject ?? '', id),
  };
  readonly #oddCounters: OddCounters;
  readonly #published = new PublishedCounts();
  readonly #clocks: ClockTold;

  constructor(options: DetectorOptions) {
    const { kernel, config } = options;
    this.kernel = kernel;
    this.#clocks = new ClockTold(kernel);
    this.edges = new Edges({
      kernel,
      maxEdges: config.max_edges,
      profile: (edge) => this.#profiles.of(edge.group, edge),
      isKept: (edge) => edge.episode !== undefined || this.incidents.of(edge) !== undefined,
      onForgotten: (edge) => this.incidents.forget(edge),
      onEdgeLeaving: (edge, reason) => this.#endAll(edge.group, (one) => one === edge, reason),
      onGroupLeaving: (group, reason) => this.#endAll(group, (edge) => edge.group === group, reason),
      onGroupForgotten: (group) => this.#forgetGroup(group),
    });
    const { groups, bySlot } = this.edges;
    this.incidents = new Incidents({ kernel, groups, bySlot, maxPerDay: config.incidents.max_per_day });
    this.#options = options;
    this.#oddCounters = new OddCounters({
      kernel,
      events: () => this.#options.events,
      edgeOf: (series) => this.#binder.edgeOf(series),
    });
    this.#quantiles = new Quantiles(kernel);
    this.#profiles = new EdgeProfiles(kernel, config, bySlot);
    this.#binder = this.#makeBinder();
    this.#reporter = this.#makeReporter();
    this.#newEdges = this.#makeNewEdges();
    this.#findingOptions = this.#makeFindingOptions();
  }

  get binder(): Binder {
    return this.#binder;
  }

  get reporter(): Reporter {
    return this.#reporter;
  }

  /** Goes on under another configuration of the same capacities: what is learnt stays, how it is judged changes. */
  reconfigure(options: DetectorOptions): void {
    const before = this.#options.config;
    this.#options = options;
    const { config } = options;
    if (rulesText(before) !== rulesText(config)) {
      this.edges.forgetFeatures();
      this.kernel.unbindAll();
      this.#binder = this.#makeBinder();
    } else this.#binder.useEvents(options.events);
    const { started } = this.#reporter;
    this.#reporter = this.#makeReporter();
    this.#reporter.resume(started);
    const tallies = this.#newEdges.save();
    this.#newEdges = this.#makeNewEdges();
    this.#newEdges.restore(tallies, this.edges.clusters, this.edges.bySlot);
    this.incidents.setBudget(config.incidents.max_per_day);
    this.#profiles = new EdgeProfiles(this.kernel, config, this.edges.bySlot);
    this.#findingOptions = this.#makeFindingOptions();
    for (const cluster of this.edges.clusters.values()) {
      cluster.deliveries.clear();
      for (const edge of cluster.edges) this.#profiles.set(edge);
    }
  }

  /** Forgets what does not fit into so many edges and series, and leaves no gap among their slots; in words, what is gone. */
  shrink(maxEdges: number, maxSeries: number): string[] {
    const edges = this.edges.shrink(maxEdges);
    const series = this.kernel.dropSeries(maxSeries);
    const moves = this.kernel.pack();
    this.edges.renumber(moves);
    this.#binder.renumber(moves);
    this.#quantiles.renumber(moves);
    const dropped = [];
    if (edges > 0) dropped.push(`${countOf(edges, 'edge')} beyond max_edges, the longest dormant and the youngest`);
    if (series > 0) dropped.push(`${series} series beyond max_series, which are bound again`);
    return dropped;
  }

  /** Everything that is known besides the kernel's memory. Nothing may be learnt between two steps. */
  *save(): Generator<void, SavedDetector> {
    const { saved, numbers, numberOf } = yield* saveDictionary(this.edges);
    yield;
    return {
      incidents: this.incidents.save(numbers, numberOf),
      dictionary: saved,
      reported: this.#reporter.started,
      binder: this.#binder.save(),
      quantiles: this.#quantiles.save(),
      tallies: this.#newEdges.save(),
      profiles: this.#profiles.save(),
      room: this.edges.saveRoom(),
    };
  }

  /**
   * Takes up in an empty detector what another has saved; the kernel has its memory already. What alerts, and when, is this
   * configuration's: `before` tells what was another then.
   */
  restore(saved: SavedDetector, before: ConfigTexts, delivery: (pipeline: string) => Delivery | undefined): void {
    const { groups, clusters, bySlot } = this.edges;
    const numbers = restoreDictionary(this.edges, saved.dictionary, delivery);
    this.incidents.restore(saved.incidents, numbers);
    this.#reporter.resume(saved.reported);
    this.#binder.restore(saved.binder);
    this.#quantiles.restore(saved.quantiles, groups);
    this.#newEdges.restore(saved.tallies, clusters, bySlot);
    this.#published.resume(this.kernel.counts(), this.edges.counts);
    const now = configTexts(this.#options.config);
    if (before.config === now.config) this.#profiles.restore(saved.profiles);
    else this.#rejudge(before.rules !== now.rules);
    this.edges.restoreRoom(saved.room);
    if (!this.#options.live) return;
    for (const group of groups) if (group) group.lastSeenMs = group.lastScoresMs = Date.now();
  }

  /** Another configuration than the state is from: series are bound anew where the rules differ, alerting is set anew. */
  #rejudge(hasOtherRules: boolean): void {
    if (hasOtherRules) {
      this.edges.forgetFeatures();
      this.kernel.unbindAll();
    }
    this.incidents.renewLevels();
    this.#profiles.setAll();
  }

  #makeBinder(): Binder {
    const { kernel, config, events } = this.#options;
    const resolve = { rules: createRuleBook(config), mutes: compileMutes(config.mute) };
    return new Binder({ kernel, edges: this.edges, quantiles: this.#quantiles, resolve, events });
  }

  #makeReporter(): Reporter {
    const { kernel, config, resource, live } = this.#options;
    const { bySlot } = this.edges;
    return new Reporter({
      kernel,
      config,
      bySlot,
      resource,
      live,
      openIncidents: (cluster) => this.incidents.openIn(cluster),
    });
  }

  #makeNewEdges(): NewEdges {
    const { config, events } = this.#options;
    return new NewEdges(config.detectors.new_edge, ({ cluster, count, examples }) =>
      events.edgesLearnt(cluster.name, count, examples.map(edgeText)),
    );
  }

  #makeFindingOptions(): FindingOptions {
    return {
      kernel: this.kernel,
      level: (edge, kind) => this.#profiles.levelOf(edge, kind),
      coolDownMs: this.#options.config.cool_down,
    };
  }

  // -- LearnHost

  bind(lesson: Lesson, rows: readonly number[], total: number): void {
    this.#binder.bind(lesson, rows, total);
  }

  folded(lesson: Lesson, from: number, to: number): void {
    this.#binder.release();
    this.#quantiles.note(lesson.batch.body);
    this.#oddCounters.note(lesson);
    this.#noteSender(lesson, from, to);
  }

  due(group: number): void {
    const state = this.edges.groups[group];
    if (state) this.#quantiles.due(state);
  }

  forgotten(group: number): void {
    const state = this.edges.groups[group];
    if (state) this.#quantiles.forget(state);
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
    const outcome = yield* this.#outcome(group, closing, nowMs);
    this.#count(outcome);
    const batch = this.#reporter.report(outcome);
    if (batch) this.#options.emit(group.cluster, batch);
    this.#profiles.renew(group, nowMs);
    this.edges.closed();
  }

  // -- what is forgotten

  /** Forgets a cluster, with words for its open incidents and anomalies. */
  forgetCluster(cluster: ClusterState, reason: string): void {
    for (const group of [...cluster.groups.values()]) this.edges.forgetGroup(group, reason, false);
    this.#binder.forget(cluster.id);
  }

  /** Forgets an edge, with words for an anomaly, and for an incident of this edge alone. */
  forgetEdge(edge: EdgeState, reason: string): void {
    this.#endAll(edge.group, (one) => one === edge, reason);
    this.edges.forget(edge);
  }

  /** Anomalies and incidents of edges that are about to be forgotten are over. */
  #endAll(group: GroupState, isLeaving: (edge: EdgeState) => boolean, reason: string): void {
    const nowMs = Number(group.timeUnixNano / 1_000_000n);
    const edges = [...group.cluster.edges].filter(isLeaving);
    const findings = edges
      .map((edge) => findingEnded(this.kernel, edge, nowMs, reason))
      .filter((finding) => finding !== undefined);
    const incidents = this.incidents.end(isLeaving).map((incident) => ({
      incident,
      state: 'closed' as const,
      score: this.incidents.scoreOf(incident),
      nowMs,
      reason,
    }));
    if (findings.length + incidents.length === 0) return;
    const outcome = { group, findings, unexpected: [], incidents, silences: [], scores: false };
    this.#count(outcome, false);
    const batch = this.#reporter.report(outcome);
    if (batch) this.#options.emit(group.cluster, batch);
  }

  #forgetGroup(group: GroupState): void {
    this.#quantiles.forgetGroup(group);
    this.incidents.forgetGroup(group);
    if (group.cluster.groups.size === 0) this.#newEdges.forget(group.cluster);
  }

  *#outcome(group: GroupState, closing: Closing, nowMs: number): Generator<void, TickOutcome> {
    const { bySlot } = this.edges;
    const silences = this.#outage(group);
    const isNewEdgeOn = this.#isOn(group.cluster, 'new_edge');
    const fresh = Array.from(closing.newEdges, (slot) => bySlot[slot]).filter((edge) => edge !== undefined);
    const unexpected = this.#newEdges.step(group, fresh, nowMs, isNewEdgeOn);
    const incidents = yield* this.#incidents(group, nowMs);
    const findings: Finding[] = [];
    for (const slot of this.kernel.alerting(group.slot)) {
      const edge = bySlot[slot];
      const finding = edge && this.#finding(edge, nowMs);
      if (finding) findings.push(finding);
    }
    return { group, findings, unexpected, incidents, silences, scores: this.#scoresDue(group, nowMs) };
  }

  #finding(edge: EdgeState, nowMs: number): Finding | undefined {
    const finding = findingOf(this.#findingOptions, edge, nowMs);
    if (!finding) return undefined;
    const incident = this.incidents.of(edge)?.id ?? finding.incident;
    if (edge.episode) edge.episode.incident = incident;
    return { ...finding, incident };
  }

  *#incidents(group: GroupState, nowMs: number): Generator<void, IncidentView[]> {
    const changes = yield* this.incidents.step(group, nowMs);
    return changes.map(({ incident, state }) => ({ incident, state, score: this.incidents.scoreOf(incident), nowMs }));
  }

  #outage(group: GroupState): TickOutcome['silences'] {
    const isOutage = this.kernel.wasOutage(group.slot);
    if (isOutage === group.outage) return [];
    group.outage = isOutage;
    this.#options.events.outage(group.cluster.name, isOutage);
    return [{ state: isOutage ? 'started' : 'resolved', reason: 'most_edges_silent' }];
  }

  /** Scores go out every export interval of event time. */
  #scoresDue(group: GroupState, nowMs: number): boolean {
    const interval = group.cluster.settings.exportIntervalMs ?? this.#options.config.export_interval;
    const due = group.scoredMs === 0 || nowMs - group.scoredMs >= interval - SLACK_MS || nowMs < group.scoredMs;
    if (!due) return false;
    group.scoredMs = nowMs;
    group.lastScoresMs = Date.now();
    return true;
  }

  #isOn(cluster: ClusterState, detector: 'new_edge'): boolean {
    return cluster.settings.detectors?.has(detector) ?? this.#options.config.detectors[detector].enabled;
  }

  // -- senders and profiles

  /** Settings need every cluster of the request; where its results go, a sample tells. */
  #noteSender(lesson: Lesson, from: number, to: number): void {
    const { sender } = lesson;
    const seen = new Set<ClusterState>();
    const step = sender.key === '' ? Math.max(1, (to - from - 1) >> 1) : 1;
    for (let row = from; row < to; row += step) {
      const edge = this.#binder.edgeOf(this.kernel.seriesOf(row));
      if (edge) seen.add(edge.cluster);
    }
    this.#requests.note(lesson, seen, this.#noteHost);
  }

  /** After each request: whose clock was found to be off. */
  lookAtClocks(): void {
    this.#clocks.look(this.edges.liveGroups(), this.#options.events);
  }

  /** The request that was learnt from last had been cut off. */
  noteTruncated(): void {
    this.#requests.truncated();
  }

  /** The newest sender's settings win. They change alerting, never what is learnt. */
  #applySettings(cluster: ClusterState, { key, settings }: Sender): void {
    cluster.settings = settings;
    cluster.settingsKey = key;
    this.#options.events.settingsChanged(cluster.name, { ...settings, detectors: [...(settings.detectors ?? [])] });
    this.incidents.budgetChanged(cluster);
    for (const edge of cluster.edges) this.#profiles.set(edge);
  }

  // -- counts

  #count({ group, findings, incidents, unexpected }: TickOutcome, isWindow = true): void {
    const { events } = this.#options;
    if (isWindow) events.windowClosed(this.kernel.seenEdges(group.slot));
    for (const { state, announced, kind } of findings)
      if (state === 'started' && announced) events.anomalyStarted(kind);
    for (const _ of unexpected) events.anomalyStarted('unexpected_edge');
    for (const { state } of incidents) events.incident(state);
  }

  /** Passes the kernel's and the dictionary's counts on as increments. */
  publishCounts(): void {
    this.#published.publish(this.kernel.counts(), this.edges.counts, this.edges.examples, this.#options.events);
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
