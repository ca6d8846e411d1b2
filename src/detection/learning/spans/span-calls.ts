// Turns trace requests that wait to be learnt from into metrics requests, so that spans and metrics take one way into the windows.
import { ownBatch } from '../../../pipeline/index.js';
import type { PendingRequest } from '../../pending-request.js';
import { type Call, type PairCounts, type PairOptions, type SavedPairs, SpanPairs } from './pair.js';
import { readSpans, type SpanFact } from './read.js';
import { callsToMetrics } from './to-metrics.js';

export interface SavedSpans {
  readonly requests: number;
  readonly pairs: SavedPairs;
}

/** Spans between two turns of the event loop. */
const SLICE_SPANS = 256;

export class SpanCalls {
  readonly #pairs: SpanPairs;
  #requests = 0;
  /** The newest request: whose sender and route what still waits belongs to. */
  #last: PendingRequest | undefined;

  constructor(options: PairOptions) {
    this.#pairs = new SpanPairs(options);
  }

  save(): SavedSpans {
    return { requests: this.#requests, pairs: this.#pairs.save() };
  }

  restore({ requests, pairs }: SavedSpans): void {
    this.#requests = requests;
    this.#pairs.restore(pairs);
  }

  get counts(): PairCounts {
    return this.#pairs.counts;
  }

  /** The request that the calls of a trace request make; undefined where none is known yet. Yields where other work may run. */
  *from(pending: PendingRequest): Generator<void, PendingRequest | undefined> {
    this.#last = pending;
    const spans: SpanFact[] = [];
    for (const span of readSpans(pending.batch.body)) if (spans.push(span) % SLICE_SPANS === 0) yield;
    const calls: Call[] = [];
    for (const call of this.#pairs.add(spans, pending.batch.receivedUnixNano))
      if (calls.push(call) % SLICE_SPANS === 0) yield;
    return this.#requestOf(pending, calls);
  }

  /** The request of everything that still waits for its partner: the end of a replay. */
  rest(): PendingRequest | undefined {
    return this.#last && this.#requestOf(this.#last, this.#pairs.flush());
  }

  #requestOf(pending: PendingRequest, calls: Iterable<Call>): PendingRequest | undefined {
    const body = callsToMetrics(calls, ++this.#requests);
    if (!body) return undefined;
    return { ...pending, batch: { ...ownBatch('metrics', body, 0), receivedUnixNano: pending.batch.receivedUnixNano } };
  }
}
