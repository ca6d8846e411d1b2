// Streams of data points for tests of folding: encoded as OTLP for the kernel, handed as they are to the reference.
import { opentelemetry } from '#proto';
import type { BelievedTimes, Closing, Fold, HeldClock, Scan, SeriesBinding } from '../../src/kernel/api.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { ReferencePoint, ReferenceTick, ReferenceWindows } from '../reference/window.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

export type StreamPoint = ReferencePoint;

/** One export request. */
export interface StreamRequest {
  readonly points: readonly StreamPoint[];
  readonly receivedUnixNano: bigint;
}

export const point = (series: number, timeUnixNano: bigint, rest: Partial<StreamPoint> = {}): StreamPoint => ({
  series,
  timeUnixNano,
  startTimeUnixNano: 0n,
  value: 1,
  count: undefined,
  hasNoRecordedValue: false,
  ...rest,
});

function encodePoint({ series, timeUnixNano, startTimeUnixNano, value, count, hasNoRecordedValue }: StreamPoint) {
  const common = {
    timeUnixNano: timeUnixNano.toString(),
    startTimeUnixNano: startTimeUnixNano.toString(),
    flags: hasNoRecordedValue ? 1 : 0,
  };
  if (count === undefined) {
    return {
      name: `${series}`,
      gauge: { dataPoints: [{ ...common, ...(value === undefined ? {} : { asDouble: value }) }] },
    };
  }
  const sum = value === undefined ? {} : { sum: value };
  return { name: `${series}`, histogram: { dataPoints: [{ ...common, count: count.toString(), ...sum }] } };
}

/** A request's body; every point's metric is named by its series. */
export function encodePoints(points: readonly StreamPoint[]): Uint8Array {
  const resourceMetrics = [{ scopeMetrics: [{ metrics: points.map(encodePoint) }] }];
  return new Uint8Array(
    ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject({ resourceMetrics })).finish(),
  );
}

interface Kept<T> {
  readonly data: T;
  readonly request: number;
  readonly received: bigint;
}

/** Held requests by clock, oldest first. */
class Held<T> {
  readonly #kept = new Map<number, Kept<T>[]>();

  hold({ clock, isFirst }: HeldClock, kept: Kept<T>): void {
    const before = this.#kept.get(clock) ?? [];
    if (before.at(-1)?.request === kept.request) return;
    this.#kept.set(clock, isFirst ? [kept] : [...before, kept]);
  }

  take(clock: number): Kept<T>[] {
    const kept = this.#kept.get(clock) ?? [];
    this.#kept.delete(clock);
    return kept;
  }
}

/** Drives the kernel as the anomaly processor does: bind, fold, close what is due, keep what is held. */
export class KernelDriver {
  readonly closed: ReferenceTick[] = [];
  /** The last one. */
  fold: Fold | undefined;
  readonly #held = new Held<Uint8Array>();
  #request = 0;

  constructor(
    readonly kernel: Kernel,
    /** By series number: the metric's name. */
    readonly bindings: readonly SeriesBinding[],
    /** Times that are believed, by that of receipt. */
    readonly believed?: (received: bigint) => BelievedTimes,
  ) {}

  send({ points, receivedUnixNano }: StreamRequest): void {
    const body = encodePoints(points);
    this.#fold({ data: body, request: ++this.#request, received: receivedUnixNano }, -1);
  }

  #bind(body: Uint8Array): Scan {
    const scan = this.kernel.scan('metrics', body);
    for (const row of scan.unboundRows()) {
      const name = Number(new TextDecoder().decode(body.subarray(...scan.ranges(row).name)));
      this.kernel.bindSeries(scan.seriesOf(row), this.bindings[name]!);
    }
    return scan;
  }

  #fold(kept: Kept<Uint8Array>, only: number): void {
    let next = 0;
    for (;;) {
      const believed = this.believed?.(kept.received);
      const fold = this.#bind(kept.data).fold(next, kept.request, kept.received, only, believed);
      this.fold = fold;
      const { stop } = fold;
      for (const held of fold.held) this.#held.hold(held, kept);
      if (stop.reason === 'done') return;
      next = stop.next;
      if (stop.reason === 'close') this.close(stop.group);
      else for (const one of this.#held.take(stop.clock)) this.#fold({ ...one, request: ++this.#request }, stop.clock);
    }
  }

  close(group: number): void {
    const closing = this.kernel.beginClose(group);
    const newEdges = [...closing.newEdges].sort((a, b) => a - b);
    closing.append(newEdges);
    while (!closing.work(1));
    this.closed.push(this.#read(closing, newEdges));
  }

  #read({ group, tick, timeUnixNano, skipped }: Closing, newEdges: number[]): ReferenceTick {
    const windows = new Map([...this.kernel.order(group)].map((edge) => [edge, this.kernel.windowOf(edge)] as const));
    return { group, tick, timeUnixNano, skipped, windows, newEdges };
  }

  flush(groups: number): void {
    for (let group = 0; group < groups; group++) while (this.kernel.flushDue(group)) this.close(group);
  }

  /** The end of a recording. */
  cut(groups: number): void {
    for (let group = 0; group < groups; group++)
      while (this.kernel.flushDue(group)) if (!this.kernel.forgetNewest(group)) this.close(group);
  }
}

/** The same for the reference. */
export class ReferenceDriver {
  readonly closed: ReferenceTick[] = [];
  readonly #held = new Held<readonly StreamPoint[]>();
  #request = 0;

  constructor(
    readonly reference: ReferenceWindows,
    readonly believed?: (received: bigint) => BelievedTimes,
  ) {}

  send({ points, receivedUnixNano }: StreamRequest): void {
    this.#fold({ data: points, request: ++this.#request, received: receivedUnixNano }, -1);
  }

  #fold(kept: Kept<readonly StreamPoint[]>, only: number): void {
    let next = 0;
    for (;;) {
      const believed = this.believed?.(kept.received);
      const stop = this.reference.fold(kept.data, next, kept.request, kept.received, only, believed);
      for (const held of this.reference.heldClocks()) this.#held.hold(held, kept);
      if (stop.reason === 'done') return;
      next = stop.next;
      if (stop.reason === 'close') this.closed.push(this.reference.close(stop.group));
      else for (const one of this.#held.take(stop.clock)) this.#fold({ ...one, request: ++this.#request }, stop.clock);
    }
  }

  flush(groups: number): void {
    for (let group = 0; group < groups; group++) {
      while (this.reference.flushDue(group)) this.closed.push(this.reference.close(group));
    }
  }

  cut(groups: number): void {
    for (let group = 0; group < groups; group++)
      while (this.reference.flushDue(group))
        if (!this.reference.forgetNewest(group)) this.closed.push(this.reference.close(group));
  }
}
