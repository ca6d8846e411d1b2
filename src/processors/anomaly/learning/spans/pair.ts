// Brings the two spans of a call together: the caller's and the callee's, by trace and span id, within a bounded time.
import type { End, SpanFact } from './read.js';

/** One finished call between two services. */
export interface Call {
  readonly source: End;
  readonly destination: End;
  readonly cluster: SpanFact['cluster'];
  readonly endUnixNano: bigint;
  readonly seconds: number;
  readonly failed: boolean;
}

export interface PairOptions {
  /** How long, in event time, a span waits for its partner. */
  readonly waitNanos: bigint;
  /** Spans that wait at the same time; the oldest goes first. */
  readonly maxWaiting: number;
}

/** Spans by what became of them; monotonic. */
export interface PairCounts {
  paired: number;
  /** Ended alone, the other end named by attributes. */
  named: number;
  /** Ended alone, the other end unknown: `external`. */
  alone: number;
  /** Gave up before their time because too many waited. */
  crowded: number;
}

export interface SavedPairs {
  readonly counts: PairCounts;
  readonly waiting: readonly (readonly [string, SpanFact])[];
  readonly watermark: bigint;
}

const UNKNOWN: End = { service: '', namespace: '' };

/**
 * A call is told once: by the caller's span with the names of both where they meet, else by whichever end there is.
 * Time is event time: nothing depends on when a request came in.
 */
export class SpanPairs {
  readonly counts: PairCounts = { paired: 0, named: 0, alone: 0, crowded: 0 };
  readonly #options: PairOptions;
  /** Keyed by direction and the id of the calling span; in order of arrival. */
  readonly #waiting = new Map<string, SpanFact>();
  #watermark = 0n;

  constructor(options: PairOptions) {
    this.#options = options;
  }

  save(): SavedPairs {
    return { counts: { ...this.counts }, waiting: [...this.#waiting], watermark: this.#watermark };
  }

  restore({ counts, waiting, watermark }: SavedPairs): void {
    Object.assign(this.counts, counts);
    for (const [key, span] of waiting) this.#waiting.set(key, span);
    this.#watermark = watermark;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes one span; returns the call that it completes. */
  *add(span: SpanFact): Generator<Call> {
    if (span.endUnixNano > this.#watermark) this.#watermark = span.endUnixNano;
    yield* this.#take(span);
    while (this.#waiting.size > this.#options.maxWaiting) yield this.#giveUpOldest();
  }

  /** Calls whose other end did not come in time. Asked after each request, so that the spans of one request find each other first. */
  *expire(): Generator<Call> {
    const deadline = this.#watermark - this.#options.waitNanos;
    for (const [key, span] of this.#waiting) {
      if (span.endUnixNano > deadline) continue;
      this.#waiting.delete(key);
      yield this.#end(span);
    }
  }

  #giveUpOldest(): Call {
    const [key, span] = this.#waiting.entries().next().value as [string, SpanFact];
    this.#waiting.delete(key);
    this.counts.crowded++;
    return this.#end(span);
  }

  /** Gives up on everything that waits: the end of a replay. */
  *flush(): Generator<Call> {
    for (const span of this.#waiting.values()) yield this.#end(span);
    this.#waiting.clear();
  }

  *#take(span: SpanFact): Generator<Call> {
    const { direction, trace } = span;
    if (direction === 'in' && (span.parent === '' || span.peer !== undefined)) {
      yield this.#end(span);
      return;
    }
    const link = direction === 'out' ? span.span : span.parent;
    const partnerKey = `${direction === 'out' ? 'in' : 'out'}${trace}${link}`;
    const partner = this.#waiting.get(partnerKey);
    if (!partner) {
      this.#waiting.set(`${direction}${trace}${link}`, span);
      return;
    }
    this.#waiting.delete(partnerKey);
    this.counts.paired++;
    yield direction === 'out' ? joined(span, partner) : joined(partner, span);
  }

  /** The call as one end alone tells it. */
  #end(span: SpanFact): Call {
    const other = span.peer ?? UNKNOWN;
    if (span.peer) this.counts.named++;
    else this.counts.alone++;
    return span.direction === 'out' ? call(span, span.self, other) : call(span, other, span.self);
  }
}

function joined(caller: SpanFact, callee: SpanFact): Call {
  const both = call(caller, caller.self, callee.self);
  return callee.failed && !caller.failed ? { ...both, failed: true } : both;
}

function call(span: SpanFact, source: End, destination: End): Call {
  const { cluster, endUnixNano, seconds, failed } = span;
  return { source, destination, cluster, endUnixNano, seconds, failed };
}
