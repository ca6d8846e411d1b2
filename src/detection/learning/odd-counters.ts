// Counters that show what no counter should: names the series, and both writers where two share one identity.
import type { OddReading, OddRow, Scan } from '../../kernel/api.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
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

  /** Takes in the odd rows of a fold. */
  note(body: Uint8Array, scan: Scan, rows: readonly OddRow[]): void {
    for (const { row, reading, startTimeUnixNano } of rows) {
      this.#note(body, scan, row, reading, { since: isoTime(startTimeUnixNano) });
    }
  }

  #note(body: Uint8Array, scan: Scan, row: number, reading: OddReading, writer: Writer): void {
    const { edgeOf } = this.#options;
    const events = this.#options.events();
    const series = scan.seriesOf(row);
    if (reading === 'other writer') {
      if (this.#others.size >= MAX_WAITING) this.#others.delete(this.#others.keys().next().value as number);
      this.#others.set(series, writer);
      return;
    }
    const edge = edgeOf(series);
    if (!edge) return;
    const read = new RowReader(body).read(scan.ranges(row));
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
