// What can happen in the anomaly processor: each event bumps its counter and writes its log line.

import type { Telemetry } from './index.js';

/** How many of something there are now, for gauges and the status line. */
export interface AnomalyGauges {
  readonly clusters: number;
  readonly edges: number;
  readonly edgesLearning: number;
  readonly edgesAnomalous: number;
  readonly series: number;
  readonly incidentsOpen: number;
  readonly backlogBytes: number;
  readonly kernelBytes: number;
}

/** `skewed`: the clock is so many seconds ahead; `late`: came after its time; `untimed`: ended before it began. */
export interface OddSpans {
  readonly kind: 'skewed' | 'late' | 'untimed';
  readonly service: string;
  readonly namespace: string;
  readonly seconds: number;
}

export interface AnomalyEvents {
  /** Data points by outcome, as increments. */
  points(outcome: string, count: number): void;
  /** Series by what the rules made of them; the example is for people. */
  series(outcome: string, example: string): void;
  /**
   * A text of the series is not UTF-8: it is shown with U+FFFD, and forwarded as it came. Told once a sender's cluster.
   */
  invalidUtf8(cluster: string, metric: string, example: string, count?: number): void;
  /** A series could not be read or mapped: our fault. It is not scored; the rest of its request is. */
  seriesFailed(error: unknown): void;
  /** `example`: of what was kept out, or gave way. */
  bound(name: string, count: number, example?: string): void;
  /** Spans of traces pipelines by outcome, as increments. */
  spans(outcome: string, count: number): void;
  /** Spans whose sender's clock or delay is out of the ordinary. */
  spansOdd(odd: OddSpans): void;
  /** Traces are scored, and no metrics pipeline takes the results. */
  noMetricsPipeline(): void;
  anomalyStarted(kind: string): void;
  incident(state: string): void;
  /** A window of a group was closed, with so many edges seen in it. */
  windowClosed(edges: number): void;
  /** Seconds of processor time that a request took to learn from. */
  learnt(seconds: number): void;
  learningFailed(error: unknown): void;
  tooLarge(bytes: number): void;
  resultDropped(items: number, error: unknown): void;
  resultSent(points: number, events: number): void;
  gauges(values: AnomalyGauges): void;
  edgesNeedScript(cluster: string): void;
  feedTooSlow(feed: FeedAdvice): void;
  /** Two processes write one cumulative identity; only the first is counted. */
  twoWriters(series: TwoWriters): void;
  /** A counter showed a reading that the next one did not bear out, or leapt to another level. */
  oddReading(series: OddSeries): void;
  /** Neither a metric nor its name says in which unit it is; told once a feed and unit. */
  unitAssumed(assumption: UnitAssumption): void;
  settingsChanged(cluster: string, settings: object): void;
  /** A sender has settings for a cluster (its id) that its token does not name. */
  settingsIgnored(token: string, cluster: string): void;
  silent(cluster: string, windowMs: number, isSilent: boolean): void;
  outage(cluster: string, isOutage: boolean): void;
  truncated(rows: number): void;
  /** A sender's clock was found to be off; and to be off no longer. */
  clockIsOff(report: ClockReport): void;
  clockAgrees(report: ClockReport): void;
  edgesLearnt(cluster: string, count: number, examples: readonly string[]): void;
  otherWindow(example: string): void;
  adopted(what: string): void;
  /** The state told of times in the future, for so many clusters and window lengths. */
  timesMended(groups: number): void;
  /** The state held so many values that were no numbers; these edges learn anew, for what they are named by. */
  numbersMended(count: number, edges: readonly string[]): void;
  notAdopted(reason: string): void;
  /** In words, what of a state could not be kept under the present configuration. */
  stateDropped(what: readonly string[]): void;
  checkpointWritten(written: CheckpointWritten): void;
  checkpointFailed(error: unknown): void;
  /** The file of alerts that are told and not over could not be read, written or removed. */
  alertsNotKept(error: unknown): void;
  /** Somebody made up an event to prove the way to the pager. */
  injected(kind: string, edge: string, holdMs: number): void;
  /** At the start: what is still learning. */
  learning(line: string): void;
  /** `ageS`: seconds since it was written. */
  restored(edges: number, ageS: number): void;
  /** `aside`: what the file is kept as. */
  checkpointRefused(reason: string, aside: string | undefined): void;
  /** An operator had a cluster or an edge forgotten. */
  stateForgotten(what: object): void;
  status(line: string, fields: object): void;
}

export interface CheckpointWritten {
  readonly edges: number;
  readonly bytes: number;
  /** From the beginning to the disk; and the longest that the event loop was held to copy a piece of the state. */
  readonly ms: number;
  readonly heldMs: number;
}

/** The clock of a sender, as it differs from the others of its cluster. */
export interface ClockReport {
  readonly cluster: string;
  readonly sender: string;
  readonly windowS: number;
  /** Ahead of the others, or of its receipt; negative: behind. */
  readonly offsetS: number;
  /** Its data is left out, not aligned. */
  readonly isLeftOut: boolean;
}

export interface FeedAdvice {
  readonly cluster: string;
  readonly feed: string;
  readonly preset: string;
  readonly periodMs: number;
  readonly windowMs: number;
}

/** A series as people know it. */
export interface SeriesName {
  readonly cluster: string;
  readonly edge: string;
  readonly metric: string;
  /** What its sender calls itself. */
  readonly sender: string;
}

export interface TwoWriters extends SeriesName {
  /** When each began to count, ISO 8601. */
  readonly countedSince: string;
  readonly otherSince: string;
}

export interface OddSeries extends SeriesName {
  readonly reading: string;
}

export interface UnitAssumption {
  readonly feed: string;
  readonly preset: string;
  readonly rule: string;
  /** The first metric that it was made for. */
  readonly metric: string;
  readonly unit: string;
}

export type Log = Telemetry['log'];
