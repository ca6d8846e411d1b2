// Counters that show what no counter should: names the series, and both writers where two share one identity.
import type { KernelFace, OddReading } from '../../kernel/face.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { PendingRequest } from '../pending-request.js';
import { RowReader } from '../rules/rows.js';
import { senderText } from '../topology/clocks.js';
import { type EdgeState, edgeText } from '../topology/graph.js';

/**
 * One writer of a series. Their resources are equal, being part of what the series is: both are the same sender, as
 * they say.
 */
interface Writer {
  /** When it began to count: what tells it from the other. */
  readonly since: string;
}

/** Series whose other writer was seen, and whose counted writer was not since. */
const MAX_WAITING = 1000;

export interface OddCountersOptions {
  readonly kernel: KernelFace;
  /** Those of the present configuration. */
  events(): AnomalyEvents;
  edgeOf(series: number): EdgeState | undefined;
}

export class OddCounters {
  readonly #options: OddCountersOptions;
  /** The other writer by kernel slot of the series. */
  readonly #others = new Map<number, Writer>();

  constructor(options: OddCountersOptions) {
    this.#options = options;
  }

  /** After each part of a request that was folded; the body is still scanned. */
  note(pending: PendingRequest): void {
    for (const { row, reading, startTimeUnixNano } of this.#options.kernel.oddRows()) {
      this.#note(pending.batch.body, row, reading, { since: isoTime(startTimeUnixNano) });
    }
  }

  #note(body: Uint8Array, row: number, reading: OddReading, writer: Writer): void {
    const { kernel, edgeOf } = this.#options;
    const events = this.#options.events();
    const series = kernel.seriesOf(row);
    if (reading === 'other writer') {
      if (this.#others.size >= MAX_WAITING) this.#others.delete(this.#others.keys().next().value as number);
      this.#others.set(series, writer);
      return;
    }
    const edge = edgeOf(series);
    if (!edge) return;
    const read = new RowReader(body).read(kernel.ranges(row));
    const { name: metric } = read.metric;
    const what = { cluster: edge.cluster.name, edge: edgeText(edge), metric, sender: senderText(read) };
    if (reading !== 'counted writer') {
      events.oddReading({ ...what, reading });
      return;
    }
    const other = this.#others.get(series);
    this.#others.delete(series);
    events.twoWriters({ ...what, countedSince: writer.since, otherSince: other?.since ?? '' });
  }
}

function isoTime(unixNano: bigint): string {
  return new Date(Number(unixNano / 1_000_000n)).toISOString();
}
