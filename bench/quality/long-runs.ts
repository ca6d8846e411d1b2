// Weeks without a fault, at several window lengths: how often edges alert and incidents open all the same.
import { incidentLevel } from '../../src/detection/incidents/levels.js';
import { EdgeDetector } from '../../test/reference/detect-driver.js';
import { Crowd } from '../../test/synthetic/crowd.js';
import { separateGraph, WITHOUT_FOREST } from '../../test/synthetic/drive.js';
import { MERGE } from '../../test/synthetic/scoring.js';

const DAY = 86_400;
/** Edges younger than this are counted by themselves. */
const YOUNG_DAYS = 2;

export interface LongRun {
  readonly seed: number;
  readonly edges: number;
  readonly days: number;
  readonly windowSeconds: number;
}

/** How often something happened in how many days. */
export interface Count {
  count: number;
  days: number;
}

export interface LongRunResult {
  /** False episodes by the edge-day: of edges in their first two days, and of older ones. */
  readonly young: Count;
  readonly old: Count;
  /** False incidents by the day, at a budget of one a day for the whole cluster: in its first two days, and after. */
  readonly youngIncidents: Count;
  readonly incidents: Count;
}

/**
 * Independent edges of the usual families, all of them there from the first window on. They have no neighbours, so that
 * every incident channel that turns on is an incident.
 */
export function runLong({ seed, edges, days, windowSeconds }: LongRun): LongRunResult {
  const windows = Math.round((days * DAY) / windowSeconds);
  const grown = Math.round((YOUNG_DAYS * DAY) / windowSeconds);
  const group = Array<number>(edges).fill(0);
  const detector = new EdgeDetector({ ...separateGraph(edges), group, windowSeconds }, WITHOUT_FOREST);
  detector.setIncidentLevel(incidentLevel((edges * DAY) / windowSeconds, windowSeconds * 1000));
  const crowd = new Crowd(seed, edges, windowSeconds);
  const lastOn = new Int32Array(edges).fill(-1_000_000);
  const episodes = [0, 0];
  const incidents = [0, 0];
  const { results } = detector;
  for (let t = 0; t < windows; t++) {
    detector.step(crowd.next());
    const age = t < grown ? 0 : 1;
    for (let e = 0; e < edges; e++) {
      if (results.channelChange[e] === 1) incidents[age]!++;
      if (results.on[e] !== 1) continue;
      if (t - lastOn[e]! > MERGE + 1) episodes[age]!++;
      lastOn[e] = t;
    }
  }
  const later = days - YOUNG_DAYS;
  return {
    young: { count: episodes[0]!, days: YOUNG_DAYS * edges },
    old: { count: episodes[1]!, days: later * edges },
    youngIncidents: { count: incidents[0]!, days: YOUNG_DAYS },
    incidents: { count: incidents[1]!, days: later },
  };
}

/** Several clusters of the same make, one after the other. */
export function runClusters(run: Omit<LongRun, 'seed'>, seed: number, clusters: number): LongRunResult {
  return together(Array.from({ length: clusters }, (_, i) => runLong({ ...run, seed: seed + i })));
}

/** What happened in all of them, in all of their days. */
export function together(results: readonly LongRunResult[]): LongRunResult {
  const sum = (pick: (result: LongRunResult) => Count): Count => ({
    count: results.reduce((total, result) => total + pick(result).count, 0),
    days: results.reduce((total, result) => total + pick(result).days, 0),
  });
  return {
    young: sum(({ young }) => young),
    old: sum(({ old }) => old),
    youngIncidents: sum(({ youngIncidents }) => youngIncidents),
    incidents: sum(({ incidents }) => incidents),
  };
}
