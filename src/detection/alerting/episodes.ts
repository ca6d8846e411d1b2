// The state machine of an edge's anomaly: it begins with the alert, lasts while the alert is on, and ends with it.
import { ageOf } from '../../kernel/alert-level.js';
import type { KernelApi } from '../../kernel/api.js';
import { AGE_GROSS, AGE_SILENT } from '../../kernel/generated/constants.js';
import type { EdgeState, Episode } from '../topology/graph.js';
import type { ToldAnomaly } from './told.js';

/** After an end in silence: it came back, or is no longer watched. */
export type EpisodeState = 'started' | 'ongoing' | 'resolved' | 'returned' | 'gone';

/** Where an anomaly stands after a tick. */
export interface EpisodeStep {
  readonly episode: Episode;
  readonly state: EpisodeState;
}

export interface EpisodeOptions {
  readonly kernel: KernelApi;
  readonly coolDownMs: number;
  /** Alert level of a kind for the edge, nats. */
  level(edge: EdgeState, kind: number): number;
  /** The anomaly of the edge that was told before a kill, and goes on with the one that begins now. */
  told(edge: EdgeState): ToldAnomaly | undefined;
}

/**
 * Whether the plain age factor would have held evidence at this level back. `slow`: windows at which evidence counts
 * half. From an age on, the age factors of gross changes and of silence are the plain one (docs/detection.md, section
 * 5).
 */
export function isLearning(age: number, slow: number, evidence: number, level: number, silent: boolean): boolean {
  if (age >= slow / AGE_GROSS) return false;
  const hasty = Math.min(slow, (silent ? AGE_SILENT : AGE_GROSS) * age);
  return (evidence * (age + hasty)) / (age + slow) < level;
}

/** The step that an alerting edge's anomaly takes with the tick just closed; undefined where there is none. */
export function stepEpisode(options: EpisodeOptions, edge: EdgeState, nowMs: number): EpisodeStep | undefined {
  const { change, on, score } = options.kernel.results;
  const { slot } = edge;
  const begins = change[slot] === 1 || (on[slot] === 1 && !edge.episode);
  if (begins) edge.episode = beginEpisode(options, edge, nowMs);
  const { episode } = edge;
  if (!episode) return undefined;
  const state = change[slot] === -1 ? 'resolved' : begins ? 'started' : 'ongoing';
  episode.topScore = Math.max(episode.topScore, score[slot]!);
  if (state === 'resolved') {
    edge.episode = undefined;
    edge.lastEndMs ??= new Map();
    edge.lastEndMs.set(episode.kind, nowMs);
  }
  return { episode, state };
}

/** Ends the anomaly of an edge that is about to be forgotten; undefined where there is none. */
export function endEpisode(edge: EdgeState): EpisodeStep | undefined {
  const { episode } = edge;
  edge.episode = undefined;
  return episode && { episode, state: 'resolved' };
}

function beginEpisode(options: EpisodeOptions, edge: EdgeState, nowMs: number): Episode {
  const told = options.told(edge);
  return told ? goOn(told) : newEpisode(options, edge, nowMs);
}

/** As it was told; the evidence since is another's, or this one's again. */
export function goOn({ kind, startedMs, incident, learning }: ToldAnomaly): Episode {
  return { kind, startedMs, incident, announced: true, learning, topScore: 0 };
}

function newEpisode({ kernel, level, coolDownMs }: EpisodeOptions, edge: EdgeState, nowMs: number): Episode {
  const { kind: kinds, evidence, present, age } = kernel.results;
  const { slot } = edge;
  const { windowMs } = edge.group;
  const kind = kinds[slot]!;
  const lastEnd = edge.lastEndMs?.get(kind);
  return {
    kind,
    startedMs: nowMs,
    incident: '',
    announced: lastEnd === undefined || nowMs - lastEnd >= coolDownMs,
    learning: isLearning(age[slot]!, ageOf(windowMs / 1000), evidence[slot]!, level(edge, kind), present[slot] === 0),
    topScore: 0,
  };
}
