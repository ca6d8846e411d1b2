// Spans wait for the spans around them, a bounded number for a bounded time, and are told as calls when their time is
// over.
import { type CallOutcome, type PairCounts, type Told, tell } from './calls.js';
import { isTime, type SavedClocks, SenderClocks } from './clocks.js';
import { Homes, type SavedHomes } from './homes.js';
import type { SpanEnd, SpanFact } from './read.js';
import { entryOf, type SpanEntry, SpanTable } from './table.js';

export type { PairCounts } from './calls.js';

/** One finished call between two services. */
export interface Call {
  readonly source: SpanEnd;
  readonly destination: SpanEnd;
  readonly cluster: SpanFact['cluster'];
  readonly endUnixNano: bigint;
  /** Undefined: no clock that measured it can have been right. */
  readonly seconds: number | undefined;
  readonly failed: boolean;
  /** Told by the callee, which named its caller. */
  readonly byCallee: boolean;
}

export interface PairOptions {
  /** How long, in event time, a span waits for the spans around it. */
  readonly waitNanos: bigint;
  /** Spans that wait at the same time, and as many that are remembered after; the oldest goes first. */
  readonly maxWaiting: number;
  remark?(remark: Remark): void;
}

/** Something about a span that its sender's owner can mend. */
export interface Remark {
  readonly kind: 'skewed' | 'late' | 'untimed';
  readonly service: string;
  readonly namespace: string;
  /** Of `skewed`: what the clock is ahead of the others'. */
  readonly seconds: number;
}

export interface SavedPairs {
  readonly counts: PairCounts;
  readonly spans: readonly SpanEntry[];
  readonly clocks: SavedClocks;
  readonly homes: SavedHomes;
}

/** A longer call is a clock that was set while it lasted, s. */
const LONGEST = 86_400;

/**
 * Time is event time, of many clocks (`SenderClocks`): nothing depends on when a request came in, and no clock that is
 * wrong moves the others.
 */
export class SpanPairs {
  readonly counts: PairCounts = {
    paired: 0,
    named: 0,
    alone: 0,
    crowded: 0,
    attempt: 0,
    late: 0,
    duplicate: 0,
    untimed: 0,
    redated: 0,
  };
  readonly #options: PairOptions;
  readonly #table: SpanTable;
  readonly #clocks: SenderClocks;
  readonly #homes = new Homes();
  readonly #count = (outcome: CallOutcome): void => {
    this.counts[outcome]++;
  };

  constructor(options: PairOptions) {
    this.#options = options;
    this.#table = new SpanTable(options.maxWaiting);
    this.#clocks = new SenderClocks(options.waitNanos);
  }

  save(): SavedPairs {
    return {
      counts: { ...this.counts },
      spans: [...this.#table.entries()],
      clocks: this.#clocks.save(),
      homes: this.#homes.save(),
    };
  }

  /** What another version kept of waiting spans is left out: they are seconds of traffic. */
  restore({ counts, spans, clocks, homes }: SavedPairs): void {
    for (const outcome of Object.keys(this.counts) as CallOutcome[]) this.counts[outcome] = counts[outcome] ?? 0;
    this.#clocks.restore(clocks);
    this.#homes.restore(homes);
    for (const entry of spans ?? [])
      this.#table.add({ ...entry, cameMs: Math.min(entry.cameMs, this.#clocks.elapsed) });
  }

  get waiting(): number {
    return this.#table.waiting;
  }

  /** Takes the spans of a request; returns the calls whose time is over. `receivedUnixNano` 0: not known. */
  *add(spans: readonly SpanFact[], receivedUnixNano = 0n): Generator<Call> {
    this.#clocks.hear(spans, receivedUnixNano);
    const cameMs = this.#clocks.elapsed;
    for (const span of spans) {
      this.#homes.hear(span);
      if (!this.#table.add(entryOf(span, cameMs))) this.counts.duplicate++;
    }
    for (const entry of this.#table.due(cameMs - Number(this.#options.waitNanos) / 1e6)) yield* this.#tell(entry);
    while (this.#table.waiting > this.#options.maxWaiting) {
      this.counts.crowded++;
      yield* this.#tell(this.#table.take() as SpanEntry);
    }
    this.#table.trim();
  }

  /** Everything that waits: the end of a replay. */
  *flush(): Generator<Call> {
    for (const entry of this.#table.due(Number.POSITIVE_INFINITY)) yield* this.#tell(entry);
  }

  *#tell(entry: SpanEntry): Generator<Call> {
    const { late } = this.counts;
    for (const told of tell(this.#table, entry, this.#count)) yield this.#callOf(told);
    if (this.counts.late > late) this.#remark('late', entry);
  }

  #callOf({ source, destination, by, other, failed, byCallee = false }: Told): Call {
    const { endUnixNano, seconds } = this.#timesOf(by, other);
    if (seconds === undefined) {
      this.counts.untimed++;
      this.#remark('untimed', by);
    }
    const ends = { source: this.#homes.of(source, by), destination: this.#homes.of(destination, by) };
    return { ...ends, cluster: by.cluster, endUnixNano, seconds, failed, byCallee };
  }

  /** By the clock of the span that measured; by the other end's, or by its own start, where its end cannot be right. */
  #timesOf(by: SpanFact, other: SpanFact | undefined): Pick<Call, 'endUnixNano' | 'seconds'> {
    const end = this.#clocks.date(by.sender, by.endUnixNano);
    const start = this.#clocks.date(by.sender, by.startUnixNano);
    const seconds = Number(by.endUnixNano - by.startUnixNano) / 1e9;
    const isRun = seconds >= 0 && seconds <= LONGEST && isTime(by.startUnixNano);
    const isSet = !isRun || (!end.sure && start.sure);
    const otherEnd = other && this.#clocks.date(other.sender, other.endUnixNano);
    const best = [isRun ? end : undefined, otherEnd, isSet ? start : undefined].find((dated) => dated?.sure);
    if (end.skewMs !== 0) this.#remark('skewed', by, end.skewMs / 1000);
    const { unixNano } = best ?? end;
    if (unixNano !== by.endUnixNano) this.counts.redated++;
    return { endUnixNano: unixNano, seconds: isSet ? undefined : seconds };
  }

  #remark(kind: Remark['kind'], { self }: SpanFact, seconds = 0): void {
    this.#options.remark?.({ kind, ...self, seconds });
  }
}
