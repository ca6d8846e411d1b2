// Everything that is known of the clusters: the kernel with its dictionary, and what is made of its answers. It
// outlives a reload.
import type { Closing, Fold, KernelApi, Scan } from '../kernel/api.js';
import type { Batch } from '../pipeline/index.js';
import type { AnomalyEvents } from '../telemetry/anomaly-events.js';
import { countOf } from '../terminal/format.js';
import { EdgeProfiles } from './alerting/edge-profiles.js';
import { type EpisodeOptions, endEpisode, goOn, stepEpisode } from './alerting/episodes.js';
import { NewEdges, type SavedTallies } from './alerting/new-edges.js';
import type { SavedProfiles } from './alerting/profiles.js';
import { ToldAlerts } from './alerting/told.js';
import { Binder, type SavedBinder } from './binding/binder.js';
import { Quantiles, type SavedQuantiles } from './binding/quantiles.js';
import { Incidents, type SavedIncidents } from './incidents/incidents.js';
import type { LearnHost } from './learning/learn.js';
import { OddCounters } from './learning/odd-counters.js';
import { type NoteHost, RequestNotes } from './learning/request-notes.js';
import type { PendingRequest, Route } from './pending-request.js';
import { PublishedCounts } from './published-counts.js';
import { type Finding, findingOf } from './results/findings.js';
import type { IncidentView } from './results/incident-events.js';
import type { OwnResource } from './results/own-resource.js';
import { type ReportedCounts, Reporter, type TickOutcome } from './results/report.js';
import { Routing } from './results/routing.js';
import { compileMutes } from './rules/mutes.js';
import { createRuleBook } from './rules/rule-book.js';
import type { Sender } from './sender-settings.js';
import type { DetectionSettings, SettingsTexts } from './settings.js';
import { inOrderOfAge } from './topology/age-order.js';
import { ClockTold } from './topology/clock-offsets.js';
import { Edges } from './topology/edges.js';
import type { ClusterState, EdgeState, GroupState } from './topology/graph.js';
import { edgeKey, edgeText, newestMsOf } from './topology/graph.js';
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
  readonly kernel: KernelApi;
  readonly settings: DetectionSettings;
  readonly resource: OwnResource;
  readonly events: AnomalyEvents;
  readonly live: boolean;
  /** A result for these pipelines. */
  emit(routes: ReadonlySet<Route>, batch: Batch): void;
}

/** Event times further apart than this are no rounding of an export interval, ms. */
const SLACK_MS = 1;

export class Detector implements LearnHost {
  readonly kernel: KernelApi;
  readonly edges: Edges;
  readonly incidents: Incidents;
  readonly routing: Routing = new Routing();
  /** What was told before a kill, and edges that nobody expected. */
  readonly told: ToldAlerts = new ToldAlerts();
  #options: DetectorOptions;
  readonly #quantiles: Quantiles;
  #binder: Binder;
  #reporter: Reporter;
  #profiles: EdgeProfiles;
  #newEdges: NewEdges;
  #episodeOptions: EpisodeOptions;
  readonly #requests = new RequestNotes(this.routing);
  readonly #noteHost: NoteHost = {
    settle: (cluster, sender) => this.#applySettings(cluster, sender),
    outside: ({ id }, { auth }) => this.#options.events.settingsIgnored(auth?.subject ?? '', id),
  };
  readonly #oddCounters: OddCounters;
  readonly #published = new PublishedCounts();
  readonly #clocks: ClockTold;

  constructor(options: DetectorOptions) {
    const { kernel, settings } = options;
    this.kernel = kernel;
    this.#clocks = new ClockTold(kernel);
    this.edges = new Edges({
      kernel,
      maxEdges: settings.capacities.maxEdges,
      profile: (edge) => this.#profiles.of(edge.group, edge),
      isKept: (edge) => edge.episode !== undefined || this.incidents.of(edge) !== undefined,
      onForgotten: (edge) => this.incidents.forget(edge),
      onEdgeLeaving: (edge, reason) => this.#endAll(edge.group, (one) => one === edge, reason),
      onGroupLeaving: (group, reason) => this.#endAll(group, (edge) => edge.group === group, reason),
      onGroupForgotten: (group) => this.#forgetGroup(group),
    });
    const { groups, bySlot } = this.edges;
    this.incidents = new Incidents({
      kernel,
      groups,
      bySlot,
      maxPerDay: settings.incidents.maxPerDay,
      told: (edge, near) => this.told.takeIncident(edge, near),
    });
    this.#options = options;
    this.#oddCounters = new OddCounters({
      events: () => this.#options.events,
      edgeOf: (series) => this.#binder.edgeOf(series),
    });
    this.#quantiles = new Quantiles(kernel);
    this.#profiles = new EdgeProfiles(kernel, settings.alerting, bySlot);
    this.#binder = this.#makeBinder();
    this.#reporter = this.#makeReporter();
    this.#newEdges = this.#makeNewEdges();
    this.#episodeOptions = this.#makeEpisodeOptions();
  }

  get binder(): Binder {
    return this.#binder;
  }

  get reporter(): Reporter {
    return this.#reporter;
  }

  /** Goes on under another configuration of the same capacities: what is learnt stays, how it is judged changes. */
  reconfigure(options: DetectorOptions): void {
    const before = this.#options.settings;
    this.#options = options;
    const { settings } = options;
    if (before.texts.rules !== settings.texts.rules) {
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
    this.incidents.setBudget(settings.incidents.maxPerDay);
    this.#profiles = new EdgeProfiles(this.kernel, settings.alerting, this.edges.bySlot);
    this.#episodeOptions = this.#makeEpisodeOptions();
    this.routing.clear();
    for (const cluster of this.edges.clusters.values()) for (const edge of cluster.edges) this.#profiles.set(edge);
  }

  /**
   * Forgets what does not fit into so many edges and series, and leaves no gap among their slots; in words, what is
   * gone.
   */
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
    const { saved, numbers, numberOf } = yield* saveDictionary(this.edges, (cluster) =>
      this.routing.pipelinesOf(cluster),
    );
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
   * Takes up in an empty detector what another has saved; the kernel has its memory already. What alerts, and when, is
   * this configuration's: `before` tells what was another then.
   */
  restore(saved: SavedDetector, before: SettingsTexts, routeOf: (pipeline: string) => Route | undefined): void {
    const { groups, clusters, bySlot } = this.edges;
    const numbers = restoreDictionary(this.edges, saved.dictionary, (cluster, pipeline) => {
      const route = routeOf(pipeline);
      if (route) this.routing.add(cluster, route);
    });
    this.incidents.restore(saved.incidents, numbers);
    this.#reporter.resume(saved.reported);
    this.#binder.restore(saved.binder);
    this.#quantiles.restore(saved.quantiles, groups);
    this.#newEdges.restore(saved.tallies, clusters, bySlot);
    this.#published.resume(this.kernel.counts(), this.edges.counts);
    const now = this.#options.settings.texts;
    if (before.config === now.config) this.#profiles.restore(saved.profiles);
    else this.#rejudge(before.rules !== now.rules);
    this.edges.restoreRoom(saved.room);
    if (!this.#options.live) return;
    for (const group of groups) {
      // A group that was silent is so until it is heard.
      if (group) Object.assign(group, { lastSeenMs: group.silent ? 0 : Date.now(), lastScoresMs: Date.now() });
    }
  }

  /**
   * Another configuration than the state is from: series are bound anew where the rules differ, alerting is set anew.
   */
  #rejudge(hasOtherRules: boolean): void {
    if (hasOtherRules) {
      this.edges.forgetFeatures();
      this.kernel.unbindAll();
    }
    this.incidents.renewLevels();
    this.#profiles.setAll();
  }

  #makeBinder(): Binder {
    const { kernel, settings, events } = this.#options;
    return new Binder({
      kernel,
      edges: this.edges,
      quantiles: this.#quantiles,
      resolve: { rules: createRuleBook(settings.rules), mutes: compileMutes(settings.rules.mute) },
      events,
      routed: (cluster, route) => this.routing.add(cluster, route),
    });
  }

  #makeReporter(): Reporter {
    const { kernel, settings, resource, live } = this.#options;
    const { bySlot } = this.edges;
    return new Reporter({
      kernel,
      settings: settings.results,
      bySlot,
      resource,
      live,
      openIncidents: (cluster) => this.incidents.openIn(cluster),
    });
  }

  #makeNewEdges(): NewEdges {
    const { settings, events } = this.#options;
    return new NewEdges(settings.alerting.newEdge, ({ cluster, count, examples }) =>
      events.edgesLearnt(cluster.name, count, examples.map(edgeText)),
    );
  }

  #makeEpisodeOptions(): EpisodeOptions {
    return {
      kernel: this.kernel,
      level: (edge, kind) => this.#profiles.levelOf(edge, kind),
      told: (edge) => this.told.takeAnomaly(edge),
      coolDownMs: this.#options.settings.alerting.coolDownMs,
    };
  }

  // -- LearnHost

  bind(pending: PendingRequest, scan: Scan, rows: readonly number[]): void {
    this.#binder.bind(pending, scan, rows);
  }

  folded(pending: PendingRequest, scan: Scan, fold: Fold, from: number, to: number): void {
    this.#binder.release();
    this.#quantiles.note(pending.batch.body, scan, fold.slowRows);
    this.#oddCounters.note(pending.batch.body, scan, fold.oddRows);
    this.#noteSender(pending, scan, from, to);
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
    this.#count(outcome, closing.seen);
    const batch = this.#reporter.report(outcome);
    if (batch) this.emit(group.cluster, batch);
    this.#profiles.renew(group, nowMs);
    this.edges.closed();
  }

  /** A result for the pipelines that brought the cluster's data. */
  emit(cluster: ClusterState, batch: Batch): void {
    this.#options.emit(this.routing.of(cluster), batch);
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
    const findings = edges.flatMap((edge): Finding[] => {
      const step = endEpisode(edge);
      return step ? [{ ...findingOf(this.kernel, edge, step, nowMs), reason }] : [];
    });
    const incidents = this.incidents.end(isLeaving).map((incident) => ({
      incident,
      state: 'closed' as const,
      score: this.incidents.scoreOf(incident),
      nowMs,
      reason,
    }));
    if (findings.length + incidents.length === 0) return;
    const outcome = { group, findings, unexpected: new Map(), incidents, silences: [], scores: false };
    this.#count(outcome);
    const batch = this.#reporter.report(outcome);
    if (batch) this.emit(group.cluster, batch);
  }

  #forgetGroup(group: GroupState): void {
    this.#quantiles.forgetGroup(group);
    this.incidents.forgetGroup(group);
    if (group.cluster.groups.size === 0) this.#newEdges.forget(group.cluster);
  }

  *#outcome(group: GroupState, closing: Closing, nowMs: number): Generator<void, TickOutcome> {
    const { bySlot } = this.edges;
    const silences = this.#outage(group);
    const isNewEdgeOn = this.#isNewEdgeOn(group.cluster);
    const fresh = Array.from(closing.newEdges, (slot) => bySlot[slot]).filter((edge) => edge !== undefined);
    const strangers = this.#newEdges.step(group, fresh, nowMs, isNewEdgeOn);
    const unexpected = new Map(strangers.map((edge) => [edge, this.told.unexpectedSince(edge, nowMs)]));
    const incidents = yield* this.#incidents(group, closing, nowMs);
    const findings: Finding[] = [];
    for (const slot of closing.alerting) {
      const edge = bySlot[slot];
      const finding = edge && this.#finding(edge, nowMs);
      if (finding) findings.push(finding);
    }
    const over = this.#expired(group, nowMs);
    findings.push(...over.findings);
    incidents.push(...over.incidents);
    return { group, findings, unexpected, incidents, silences, scores: this.#scoresDue(group, nowMs) };
  }

  #finding(edge: EdgeState, nowMs: number): Finding | undefined {
    const step = stepEpisode(this.#episodeOptions, edge, nowMs);
    if (!step) return undefined;
    step.episode.incident = this.incidents.of(edge)?.id ?? step.episode.incident;
    return findingOf(this.kernel, edge, step, nowMs);
  }

  /** What was told before a kill and is not found again. */
  #expired(group: GroupState, nowMs: number): { findings: Finding[]; incidents: IncidentView[] } {
    const { anomalies, incidents } = this.told.expire(group);
    if (anomalies.length + incidents.length === 0) return { findings: [], incidents: [] };
    const edges = new Map([...group.cluster.edges].map((edge) => [edgeKey(edge), edge]));
    const findings = anomalies.flatMap((told): Finding[] => {
      const edge = edges.get(told.edge);
      if (edge?.group !== group) return [];
      return [findingOf(this.kernel, edge, { episode: goOn(told), state: 'resolved' }, nowMs)];
    });
    const ended = incidents.flatMap((told): IncidentView[] => {
      const incident = this.incidents.ended(told, group, edges);
      return incident ? [{ incident, state: 'closed', score: this.incidents.scoreOf(incident), nowMs }] : [];
    });
    return { findings, incidents: ended };
  }

  *#incidents(group: GroupState, closing: Closing, nowMs: number): Generator<void, IncidentView[]> {
    const changes = yield* this.incidents.step(group, closing, nowMs);
    return changes.map(({ incident, state }) => ({ incident, state, score: this.incidents.scoreOf(incident), nowMs }));
  }

  #outage(group: GroupState): TickOutcome['silences'] {
    const isOutage = this.kernel.wasOutage(group.slot);
    if (isOutage === group.outage) return [];
    group.outage = isOutage;
    if (isOutage) group.outageSinceMs = newestMsOf(group);
    this.#options.events.outage(group.cluster.name, isOutage);
    return [{ state: isOutage ? 'started' : 'resolved', reason: 'most_edges_silent' }];
  }

  /** Scores go out every export interval of event time. */
  #scoresDue(group: GroupState, nowMs: number): boolean {
    const interval = group.cluster.settings.exportIntervalMs ?? this.#options.settings.results.exportIntervalMs;
    const due = group.scoredMs === 0 || nowMs - group.scoredMs >= interval - SLACK_MS || nowMs < group.scoredMs;
    if (!due) return false;
    group.scoredMs = nowMs;
    group.lastScoresMs = Date.now();
    return true;
  }

  #isNewEdgeOn({ settings }: ClusterState): boolean {
    return settings.detectors?.has('new_edge') ?? this.#options.settings.alerting.newEdge.enabled;
  }

  // -- senders and profiles

  /** Settings need every cluster of the request; where its results go, a sample tells. */
  #noteSender(pending: PendingRequest, scan: Scan, from: number, to: number): void {
    const { sender } = pending;
    const seen = new Set<ClusterState>();
    const step = sender.key === '' ? Math.max(1, (to - from - 1) >> 1) : 1;
    for (let row = from; row < to; row += step) {
      const edge = this.#binder.edgeOf(scan.seriesOf(row));
      if (edge) seen.add(edge.cluster);
    }
    this.#requests.note(pending, seen, this.#noteHost);
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

  #count({ findings, incidents, unexpected }: TickOutcome, seen?: number): void {
    const { events } = this.#options;
    if (seen !== undefined) events.windowClosed(seen);
    for (const { state, announced, kind } of findings)
      if (state === 'started' && announced) events.anomalyStarted(kind);
    for (const _ of unexpected.keys()) events.anomalyStarted('unexpected_edge');
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
