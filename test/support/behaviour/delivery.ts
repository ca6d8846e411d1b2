// What happens to rows on their way: delays, repetitions, clocks that are off, pods that are replaced, feeds that are
// slow.
import type { Totals } from './forms.js';
import { encodeRequest, type Form, type SentRow } from './forms.js';
import { parseSeconds } from './notation.js';
import type { Row, RowSource } from './rows.js';

type Duration = string | number;

/** A part of the stream: windows from `at` on, `for` so long, of one edge or of all. */
interface Part {
  readonly edge?: string | undefined;
  readonly at: Duration;
  readonly for?: Duration | undefined;
}

export interface InboundRequest {
  readonly form?: Form | undefined;
  /** Rows come `by` later than they should, their event time unchanged. */
  readonly late?: readonly (Part & { readonly by: Duration })[] | undefined;
  /** The request is sent again at once, as a sender does that saw no answer. */
  readonly twice?: readonly Part[] | undefined;
  /** The sender's clock is ahead by `by` (behind: a minus sign in front). */
  readonly clock?: readonly (Part & { readonly by: string })[] | undefined;
  /** The pods are replaced at that time: new series, counters from 0. */
  readonly rollout?: readonly { readonly edge?: string | undefined; readonly at: Duration }[] | undefined;
  /** The process restarts at that time: the same series, counters from 0. */
  readonly reset?: readonly { readonly edge?: string | undefined; readonly at: Duration }[] | undefined;
  /** Requests of at most so many rows. */
  readonly cut?: number | undefined;
}

interface OutboundMessage {
  readonly at: number;
  readonly order: number;
  readonly rows: SentRow[];
  readonly twice: boolean;
}

const NANOS = 1_000_000_000;

/** The requests of a stream in the order in which they arrive. */
export function* deliver(
  rows: RowSource,
  delivery: InboundRequest,
  stream: { readonly startUnixNano: bigint; readonly seconds: number; readonly window: number },
): Generator<Uint8Array> {
  const form = delivery.form ?? 'edge';
  const totals: Totals = new Map();
  const waiting: OutboundMessage[] = [];
  let order = 0;
  for (let at = stream.window; at <= stream.seconds; at += stream.window) {
    const sent = rows.window(at, stream.window).map((row) => send(row, delivery, stream.startUnixNano));
    for (const group of byDelay(sent, delivery.late ?? []))
      waiting.push({ ...group, order: order++, twice: within(delivery.twice ?? [], at).length > 0 });
    waiting.sort((a, b) => a.at - b.at || a.order - b.order);
    while (waiting[0] && waiting[0].at <= at) yield* emit(waiting.shift() as OutboundMessage);
  }
  for (const rest of waiting) yield* emit(rest);

  function* emit({ rows: sent, twice }: OutboundMessage): Generator<Uint8Array> {
    const size = delivery.cut ?? Math.max(sent.length, 1);
    for (let i = 0; i < sent.length; i += size) {
      const part = sent.slice(i, i + size);
      for (const row of part) forget(row, delivery, totals);
      const body = encodeRequest(part, form, totals);
      yield body;
      if (twice) yield body;
    }
  }
}

function send(row: Row, delivery: InboundRequest, startUnixNano: bigint): SentRow {
  const shift = within(delivery.clock ?? [], row.at, row.name).reduce((sum, { by }) => sum + signed(by), 0);
  const rollouts = (delivery.rollout ?? []).filter((r) => applies(r.edge, row.name) && parseSeconds(r.at) < row.at);
  const restarts = (delivery.reset ?? []).filter((r) => applies(r.edge, row.name) && parseSeconds(r.at) < row.at);
  const began = Math.max(0, ...[...rollouts, ...restarts].map((r) => parseSeconds(r.at)));
  return {
    ...row,
    unixNano: startUnixNano + BigInt(Math.round((row.at + shift) * NANOS)),
    startUnixNano: startUnixNano + BigInt(Math.round((began + shift) * NANOS)),
    pod: `pod-${row.index}-${rollouts.length}`,
  };
}

/** A process that restarted has counted nothing yet. */
function forget(row: SentRow, delivery: InboundRequest, totals: Totals): void {
  for (const { edge, at } of delivery.reset ?? []) {
    const seconds = parseSeconds(at);
    const mark = `${row.name} restarted at ${seconds}`;
    if (!applies(edge, row.name) || row.at <= seconds || totals.has(mark)) continue;
    for (const key of [...totals.keys()])
      if (key.includes(row.name) && !key.includes(' restarted ')) totals.delete(key);
    totals.set(mark, 1);
  }
}

function byDelay(
  rows: readonly SentRow[],
  late: NonNullable<InboundRequest['late']>,
): { at: number; rows: SentRow[] }[] {
  const groups = new Map<number, SentRow[]>();
  for (const row of rows) {
    const delay = within(late, row.at, row.name).reduce((sum, { by }) => sum + parseSeconds(by), 0);
    groups.set(row.at + delay, [...(groups.get(row.at + delay) ?? []), row]);
  }
  return [...groups].map(([at, group]) => ({ at, rows: group }));
}

/** The parts that the window ending at `at` belongs to. */
function within<P extends Part>(parts: readonly P[], at: number, name?: string): P[] {
  return parts.filter((part) => {
    const from = parseSeconds(part.at);
    const to = part.for === undefined ? Number.POSITIVE_INFINITY : from + parseSeconds(part.for);
    return at > from && at <= to && (name === undefined || applies(part.edge, name));
  });
}

function applies(edge: string | undefined, name: string): boolean {
  return edge === undefined || edge === name;
}

function signed(text: string): number {
  return text.startsWith('-') ? -parseSeconds(text.slice(1)) : parseSeconds(text.replace(/^\+/, ''));
}
