// Streams of data points for tests of folding: encoded as OTLP for the kernel, handed as they are to the reference.
import { opentelemetry } from '#proto';
import type { Closing, SeriesBinding } from '../../src/kernel/face.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { ReferencePoint, ReferenceTick, ReferenceWindows } from '../../src/kernel/reference-window.js';

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

/** Drives the kernel as the anomaly processor does: bind, fold, close what is due, keep one held batch a group. */
export class KernelDriver {
  readonly closed: ReferenceTick[] = [];
  readonly #held = new Map<number, { body: Uint8Array; request: number; received: bigint }>();
  #request = 0;

  constructor(
    readonly kernel: Kernel,
    /** By series number: the metric's name. */
    readonly bindings: readonly SeriesBinding[],
  ) {}

  send({ points, receivedUnixNano }: StreamRequest): void {
    const body = encodePoints(points);
    this.#request++;
    this.#fold(body, this.#request, receivedUnixNano, -1);
    for (const group of this.kernel.heldGroups()) {
      this.#held.set(group, { body, request: this.#request, received: receivedUnixNano });
    }
  }

  #bind(body: Uint8Array): void {
    this.kernel.scan('metrics', body);
    for (const row of this.kernel.unboundRows()) {
      const name = Number(new TextDecoder().decode(body.subarray(...this.kernel.ranges(row).name)));
      this.kernel.bindSeries(this.kernel.seriesOf(row), this.bindings[name]!);
    }
  }

  #fold(body: Uint8Array, request: number, received: bigint, only: number): void {
    let next = 0;
    for (;;) {
      this.#bind(body);
      const stop = this.kernel.fold(next, request, received, only);
      if (stop.reason === 'done') return;
      next = stop.next;
      if (stop.reason === 'close') {
        this.close(stop.group);
      } else {
        const held = this.#held.get(stop.group);
        this.#held.delete(stop.group);
        if (held) this.#fold(held.body, held.request, held.received, stop.group);
      }
    }
  }

  close(group: number): void {
    const closing = this.kernel.beginClose(group);
    const newEdges = [...closing.newEdges].sort((a, b) => a - b);
    this.kernel.appendOrder(group, newEdges);
    while (!this.kernel.closeSlice(group, 1));
    this.closed.push(this.#read(closing, newEdges));
  }

  #read({ group, tick, timeUnixNano, skipped }: Closing, newEdges: number[]): ReferenceTick {
    const windows = new Map([...this.kernel.order(group)].map((edge) => [edge, this.kernel.windowOf(edge)] as const));
    return { group, tick, timeUnixNano, skipped, windows, newEdges };
  }

  flush(groups: number): void {
    for (let group = 0; group < groups; group++) while (this.kernel.flushDue(group)) this.close(group);
  }
}

/** The same for the reference. */
export class ReferenceDriver {
  readonly closed: ReferenceTick[] = [];
  readonly #held = new Map<number, { points: readonly StreamPoint[]; request: number; received: bigint }>();
  #request = 0;

  constructor(readonly reference: ReferenceWindows) {}

  send({ points, receivedUnixNano }: StreamRequest): void {
    this.#request++;
    this.#fold(points, this.#request, receivedUnixNano, -1);
    for (const group of this.reference.heldGroups(this.#request)) {
      this.#held.set(group, { points, request: this.#request, received: receivedUnixNano });
    }
  }

  #fold(points: readonly StreamPoint[], request: number, received: bigint, only: number): void {
    let next = 0;
    for (;;) {
      const stop = this.reference.fold(points, next, request, received, only);
      if (stop.reason === 'done') return;
      next = stop.next;
      if (stop.reason === 'close') {
        this.closed.push(this.reference.close(stop.group));
      } else {
        const held = this.#held.get(stop.group);
        this.#held.delete(stop.group);
        if (held) this.#fold(held.points, held.request, held.received, stop.group);
      }
    }
  }

  flush(groups: number): void {
    for (let group = 0; group < groups; group++) {
      while (this.reference.flushDue(group)) this.closed.push(this.reference.close(group));
    }
  }
}
