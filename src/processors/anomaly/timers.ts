// What only the wall clock can tell, in a live process: a sender that fell silent, a state to be repeated, the status
// line.

import type { Detector } from '../../detection/detector.js';
import { feedsOf } from '../../detection/status/status.js';
import { type GroupState, newestMsOf } from '../../detection/topology/graph.js';
import { WARM } from '../../kernel/api.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { Config } from './config.js';

export interface TimersOptions {
  readonly config: Pick<Config, 'checkpoint_interval' | 'export_interval'>;
  readonly events: AnomalyEvents;
  detector(): Detector | undefined;
  /** Tries to hand on results that wait. */
  flush(): Promise<void>[];
  backlogBytes(): number;
  checkpoint(): void;
  status(): void;
}

const LOOK_MS = 1000;
const STATUS_MS = 60_000;
/** Periods without data after which a group is silent. */
const SILENT_PERIODS = 3;
/** A feed may come a tenth later than its window is long before it is told so. */
const SLOW_FEED = 1.5;
/** Ticks after which a feed's period is believed. */
const PERIOD_TICKS = 5;

export class Timers {
  readonly #options: TimersOptions;
  #look: NodeJS.Timeout | undefined;
  #status: NodeJS.Timeout | undefined;
  #checkpoint: NodeJS.Timeout | undefined;

  constructor(options: TimersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look = setInterval(() => this.look(Date.now()), LOOK_MS).unref();
    const { checkpoint_interval } = this.#options.config;
    this.#checkpoint = setInterval(() => this.#options.checkpoint(), checkpoint_interval).unref();
    this.#status = setInterval(() => this.#options.status(), STATUS_MS).unref();
  }

  stop(): void {
    clearInterval(this.#look);
    clearInterval(this.#status);
    clearInterval(this.#checkpoint);
  }

  /** `nowMs`: wall clock. */
  look(nowMs: number): void {
    const detector = this.#options.detector();
    if (!detector) return;
    for (const sent of this.#options.flush()) sent.catch((error) => this.#options.events.learningFailed(error));
    for (const group of detector.edges.liveGroups()) {
      this.#noticeSilence(detector, group, nowMs);
      this.#repeat(detector, group, nowMs);
    }
    this.#adviseFeeds(detector);
    this.#publish(detector);
  }

  #noticeSilence(detector: Detector, group: GroupState, nowMs: number): void {
    if (group.lastSeenMs === 0) return;
    const isSilent = nowMs - group.lastSeenMs > (SILENT_PERIODS + 1) * periodMs(detector, group);
    if (isSilent === group.silent) return;
    group.silent = isSilent;
    if (isSilent) group.silentSinceMs = newestMsOf(group);
    const { cluster, windowMs } = group;
    this.#options.events.silent(cluster.name, windowMs, isSilent);
    const time = BigInt(nowMs) * 1_000_000n;
    detector.emit(cluster, detector.reporter.silence(group, isSilent ? 'started' : 'resolved', time));
  }

  /** Scores go out also when nothing comes in: the last state. */
  #repeat(detector: Detector, group: GroupState, nowMs: number): void {
    if (group.ticks === 0) return;
    const interval = group.cluster.settings.exportIntervalMs ?? this.#options.config.export_interval;
    if (nowMs - group.lastScoresMs < interval + group.windowMs) return;
    group.lastScoresMs = nowMs;
    detector.emit(group.cluster, detector.reporter.repeat(group, BigInt(nowMs) * 1_000_000n));
  }

  #adviseFeeds(detector: Detector): void {
    for (const group of detector.edges.liveGroups()) {
      for (const feed of group.feeds.values()) {
        const { periodNanos, ticks } = detector.kernel.feed(feed.slot);
        const period = Number(periodNanos) / 1e6;
        if (feed.advised || ticks < PERIOD_TICKS || period < SLOW_FEED * group.windowMs) continue;
        feed.advised = true;
        const { cluster, windowMs } = group;
        this.#options.events.feedTooSlow({
          cluster: cluster.name,
          feed: feed.name,
          preset: feed.preset,
          periodMs: period,
          windowMs,
        });
      }
    }
  }

  #publish(detector: Detector): void {
    detector.publishCounts();
    const { edges, kernel, incidents } = detector;
    const { age } = kernel.results;
    let learning = 0;
    let anomalous = 0;
    for (const edge of edges.bySlot) {
      if (!edge) continue;
      if (age[edge.slot]! < WARM) learning++;
      if (edge.episode) anomalous++;
    }
    this.#options.events.gauges({
      clusters: edges.clusters.size,
      edges: edges.count,
      edgesLearning: learning,
      edgesAnomalous: anomalous,
      series: kernel.seriesUsed(),
      incidentsOpen: incidents.open.length,
      backlogBytes: this.#options.backlogBytes(),
      kernelBytes: kernel.memoryBytes(),
    });
  }
}

/** How often the group's fastest feed sends, at least a window. */
function periodMs(detector: Detector, group: GroupState): number {
  const periods = feedsOf(detector)
    .filter((feed) => feed.cluster === group.cluster.name && feed.windowMs === group.windowMs)
    .map((feed) => feed.periodMs)
    .filter((period) => period > 0);
  return Math.max(group.windowMs, periods.length > 0 ? Math.min(...periods) : 0);
}
