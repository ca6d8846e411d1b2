// What a closed tick of a group comes to: findings, incidents, unexpected edges and silences; and what becomes of those
// of edges that are about to be forgotten.
import type { Closing } from '../kernel/api.js';
import { type EpisodeStep, endEpisode, goOn, stepEpisode } from './alerting/episodes.js';
import type { DetectorParts } from './detector-parts.js';
import { endedIncident, type Incident, type IncidentState } from './incidents/incident.js';
import { type Finding, findingOf } from './results/findings.js';
import type { IncidentView } from './results/incident-events.js';
import type { TickOutcome } from './results/report.js';
import { type ClusterState, type EdgeState, edgeKey, type GroupState, newestMsOf } from './topology/graph.js';
import { beginSilence, endSilence, isStillSilent, returned } from './topology/silences.js';

/** Event times further apart than this are no rounding of an export interval, ms. */
const SLACK_MS = 1;

export class TickOutcomes {
  readonly #parts: DetectorParts;

  constructor(parts: DetectorParts) {
    this.#parts = parts;
  }

  *of(group: GroupState, closing: Closing, nowMs: number): Generator<void, TickOutcome> {
    const { bySlot } = this.#parts.edges;
    const silences = this.#outage(group);
    const isNewEdgeOn = this.#isNewEdgeOn(group.cluster);
    const fresh = Array.from(closing.newEdges, (slot) => bySlot[slot]).filter((edge) => edge !== undefined);
    const found = this.#parts.newEdges.step(group, fresh, nowMs, isNewEdgeOn);
    const unexpected = new Map(found.map((edge) => [edge, this.#parts.told.unexpectedSince(edge, nowMs)]));
    const incidents = yield* this.#incidents(group, closing, nowMs);
    const findings = this.#returned(group, nowMs);
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
    const step = stepEpisode(this.#parts.episodeOptions, edge, nowMs);
    if (!step) return undefined;
    step.episode.incident = this.#parts.incidents.of(edge)?.id ?? step.episode.incident;
    return this.#told(edge, step, nowMs);
  }

  /** An end in silence is not the last that is told of the edge. */
  #told(edge: EdgeState, step: EpisodeStep, nowMs: number): Finding {
    const finding = findingOf(this.#parts.kernel, edge, step, nowMs);
    if (finding.stillSilent) beginSilence(edge, step.episode);
    return finding;
  }

  /** Edges that speak again after a silence that was told. */
  #returned(group: GroupState, nowMs: number): Finding[] {
    const { kernel } = this.#parts;
    return [...returned(kernel, group)].map((edge) =>
      findingOf(kernel, edge, { episode: endSilence(edge)!, state: 'returned' }, nowMs),
    );
  }

  /** What was told before a kill and is not found again. */
  #expired(group: GroupState, nowMs: number): { findings: Finding[]; incidents: IncidentView[] } {
    const { told: toldAlerts } = this.#parts;
    const { anomalies, incidents } = toldAlerts.expire(group);
    if (anomalies.length + incidents.length === 0) return { findings: [], incidents: [] };
    const edges = new Map([...group.cluster.edges].map((edge) => [edgeKey(edge), edge]));
    const findings = anomalies.flatMap((told): Finding[] => {
      const edge = edges.get(told.edge);
      if (edge?.group !== group) return [];
      return [this.#told(edge, { episode: goOn(told), state: 'resolved' }, nowMs)];
    });
    const ended = incidents.flatMap((told): IncidentView[] => {
      const incident = endedIncident(told, group, edges);
      return incident ? [this.#view(incident, 'closed', nowMs)] : [];
    });
    return { findings, incidents: ended };
  }

  *#incidents(group: GroupState, closing: Closing, nowMs: number): Generator<void, IncidentView[]> {
    const changes = yield* this.#parts.incidents.step(group, closing, nowMs);
    return changes.map(({ incident, state }) => this.#view(incident, state, nowMs));
  }

  #view(incident: Incident, state: IncidentState, nowMs: number): IncidentView {
    const { kernel, incidents } = this.#parts;
    const silent = state === 'closed' ? [...incident.edges].filter((edge) => isStillSilent(kernel, edge)) : [];
    return { incident, state, score: incidents.scoreOf(incident), nowMs, silentEdges: silent.length };
  }

  #outage(group: GroupState): TickOutcome['silences'] {
    const isOutage = this.#parts.kernel.wasOutage(group.slot);
    if (isOutage === group.outage) return [];
    group.outage = isOutage;
    if (isOutage) group.outageSinceMs = newestMsOf(group);
    this.#parts.options.events.outage(group.cluster.name, isOutage);
    return [{ state: isOutage ? 'started' : 'resolved', reason: 'most_edges_silent' }];
  }

  /** Scores go out every export interval of event time. */
  #scoresDue(group: GroupState, nowMs: number): boolean {
    const interval = group.cluster.settings.exportIntervalMs ?? this.#parts.options.settings.results.exportIntervalMs;
    const due = group.scoredMs === 0 || nowMs - group.scoredMs >= interval - SLACK_MS || nowMs < group.scoredMs;
    if (!due) return false;
    group.scoredMs = nowMs;
    group.lastScoresMs = Date.now();
    return true;
  }

  #isNewEdgeOn({ settings }: ClusterState): boolean {
    return settings.detectors?.has('new_edge') ?? this.#parts.options.settings.alerting.newEdge.enabled;
  }

  /** Anomalies and incidents of edges that are about to be forgotten are over. */
  ofLeaving(group: GroupState, isLeaving: (edge: EdgeState) => boolean, reason: string): TickOutcome | undefined {
    const nowMs = Number(group.timeUnixNano / 1_000_000n);
    const edges = [...group.cluster.edges].filter(isLeaving);
    const findings = edges.flatMap((edge): Finding[] => {
      const step = endEpisode(edge) ?? goneOf(edge);
      return step ? [{ ...findingOf(this.#parts.kernel, edge, step, nowMs), reason }] : [];
    });
    const incidents = this.#parts.incidents.end(isLeaving).map((incident) => ({
      ...this.#view(incident, 'closed', nowMs),
      reason,
    }));
    if (findings.length + incidents.length === 0) return undefined;
    return { group, findings, unexpected: new Map(), incidents, silences: [], scores: false };
  }

  /** Counts what it came to. `seen`: edges seen in the tick, where one was closed. */
  count({ findings, incidents, unexpected }: TickOutcome, seen?: number): void {
    const { events } = this.#parts.options;
    if (seen !== undefined) events.windowClosed(seen);
    for (const { state, announced, kind } of findings)
      if (state === 'started' && announced) events.anomalyStarted(kind);
    for (const _ of unexpected.keys()) events.anomalyStarted('unexpected_edge');
    for (const { state } of incidents) events.incident(state);
  }
}

/** The last word on an edge that never came back from the silence in which its anomaly ended. */
function goneOf(edge: EdgeState): EpisodeStep | undefined {
  const episode = endSilence(edge);
  return episode && { episode, state: 'gone' };
}
