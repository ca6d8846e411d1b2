// Edge alerts on synthetic 10 s edges without a graph, scored as test/synthetic/scoring.ts does.

import { levelOfThreshold } from '../../src/detection/alerting/profiles.js';
import { alertLevel } from '../../src/kernel/alert-level.js';
import { FEATURES, KINDS } from '../../src/kernel/api.js';
import type { EdgeDetector, EdgeDetectorOptions } from '../../test/reference/detect-driver.js';
import { detectorFor, noGraph, WITHOUT_FOREST } from '../../test/synthetic/drive.js';
import { type Alerts, recall, type Tally, tally } from '../../test/synthetic/scoring.js';
import { type EdgeStream, type Labels, windowOf } from '../../test/synthetic/stream.js';
import { SYNTH_KINDS, type Synth, synth } from '../../test/synthetic/synth.js';
import { median } from './stats.js';

/** Three requests a second. */
export const FAST = 30;

export interface Share {
  readonly found: number;
  readonly of: number;
}

export interface EdgeResult {
  readonly all: Share;
  readonly fast: Share;
  readonly slow: Share;
  readonly kinds: Readonly<Record<string, Share>>;
  readonly falseEpisodes: number;
  readonly trueEpisodes: number;
  readonly edgeDays: number;
  /** Median windows from a fault's first to its alert. */
  readonly delay: number;
}

/** Makes alerts of a stream. */
export type Contender = (stream: EdgeStream, labels: Labels) => Alerts;

export interface OursOptions {
  readonly forest?: boolean;
  readonly autoencoder?: boolean;
  /** False: no alert by the z-scores, alone or together. */
  readonly zscore?: boolean;
  readonly threshold?: number;
  /** False: small counts are judged by z-scores alone. */
  readonly counts?: boolean;
}

/** The detectors as shipped, but for what the options say. */
export function ours({
  forest = true,
  autoencoder = false,
  zscore = true,
  threshold = 0.9,
  counts = true,
}: OursOptions = {}): Contender {
  const options: EdgeDetectorOptions = { ...(forest ? {} : WITHOUT_FOREST), autoencoder, counts, seed: 1 };
  return (stream) => {
    const detector = detectorFor(stream, noGraph(stream.edges), options);
    setProfile(detector, stream.windowSeconds, zscore, threshold);
    const alerts = new Uint8Array(stream.edges * stream.windows);
    for (let t = 0; t < stream.windows; t++) {
      detector.step(windowOf(stream, t));
      alerts.set(detector.results.on, t * stream.edges);
    }
    return alerts;
  };
}

function setProfile(detector: EdgeDetector, windowSeconds: number, zscore: boolean, threshold: number): void {
  const level = levelOfThreshold(threshold, alertLevel(windowSeconds));
  const zFactor = zscore ? 1 : Number.POSITIVE_INFINITY;
  const none = FEATURES.map(() => 0) as [number, number, number, number];
  detector.setProfile(0, {
    levels: KINDS.map(() => level),
    detectorFactors: [zFactor, zFactor, 1, 1],
    minRequests: 0,
    minRelative: none,
    minAbsolute: none,
    muted: false,
  });
}

export interface SyntheticRun {
  readonly labels: Labels;
  readonly usual: Float64Array;
  readonly tally: Tally;
}

/** Every contender on the streams of every seed: streams are made once and dropped. */
export function runSynthetic(
  seeds: readonly number[],
  contenders: Readonly<Record<string, Contender>>,
): Record<string, EdgeResult> {
  const runs: Record<string, SyntheticRun[]> = {};
  for (const seed of seeds) {
    const made: Synth = synth({ seed });
    for (const [name, contend] of Object.entries(contenders)) {
      const alerts = contend(made.stream, made.labels);
      runs[name] ??= [];
      runs[name].push({
        labels: made.labels,
        usual: made.usual,
        tally: tally(made.stream, made.labels, alerts),
      });
    }
  }
  return Object.fromEntries(Object.entries(runs).map(([name, all]) => [name, summarise(all)]));
}

export function summarise(runs: readonly SyntheticRun[]): EdgeResult {
  const sum = (pick: (tally: Tally) => number): number => runs.reduce((total, run) => total + pick(run.tally), 0);
  const isFast = (edge: number, run: number): boolean => runs[run]!.usual[edge]! >= FAST;
  return {
    all: recall(runs),
    fast: recall(runs, ({ edge }, run) => isFast(edge, run)),
    slow: recall(runs, ({ edge }, run) => !isFast(edge, run)),
    kinds: Object.fromEntries(SYNTH_KINDS.map((kind) => [kind, recall(runs, (fault) => fault.kind === kind)])),
    falseEpisodes: sum(({ falseEpisodes }) => falseEpisodes),
    trueEpisodes: sum(({ trueEpisodes }) => trueEpisodes),
    edgeDays: sum(({ edgeDays }) => edgeDays),
    delay: median(runs.flatMap((run) => run.tally.delay.filter((delay) => delay >= 0))),
  };
}
