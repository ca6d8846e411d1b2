// Turns trace requests that wait to be learnt from into metrics requests, so that spans and metrics take one way into
// the windows.
import { ownBatch } from '../../../pipeline/index.js';
import type { PendingRequest } from '../../pending-request.js';
import { holdsReplacement, REPLACEMENT } from '../../rules/attributes.js';
import { type Call, type PairCounts, type PairOptions, type SavedPairs, SpanPairs } from './pair.js';
import { readSpans, type SpanFact } from './read.js';
import { callsToMetrics } from './to-metrics.js';

export interface SavedSpans {
  readonly requests: number;
  readonly pairs: SavedPairs;
}

/** Spans between two turns of the event loop. */
const SLICE_SPANS = 256;
/** Spans that are taken together in one turn: what a Collector puts into a request at most. */
const MOST_SPANS = 8_192;

export interface SpanCallsOptions extends PairOptions {
  /** A request whose spans name services or clusters by texts that are not UTF-8: so many of them, with an example. */
  badTexts?(cluster: string, count: number, example: string): void;
}

export class SpanCalls {
  readonly #pairs: SpanPairs;
  readonly #options: SpanCallsOptions;
  #requests = 0;
  /** The newest request: whose sender and route what still waits belongs to. */
  #last: PendingRequest | undefined;

  constructor(options: SpanCallsOptions) {
    this.#options = options;
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

  /**
   * Hands the requests that the calls of a trace request make to `learn`: one, or none where no call is known yet; of
   * very many spans several. Yields where other work may run.
   */
  *from(pending: PendingRequest, learn: (calls: PendingRequest) => Generator<void>): Generator<void> {
    this.#last = pending;
    let spans: SpanFact[] = [];
    let passed = 0;
    for (const span of readSpans(pending.batch.body)) {
      if (span) spans.push(span);
      if (++passed % SLICE_SPANS === 0) yield;
      if (spans.length < MOST_SPANS) continue;
      yield* this.#take(pending, spans, learn);
      spans = [];
    }
    yield* this.#take(pending, spans, learn);
  }

  *#take(
    pending: PendingRequest,
    spans: readonly SpanFact[],
    learn: (calls: PendingRequest) => Generator<void>,
  ): Generator<void> {
    this.#lookAtTexts(pending, spans);
    const calls: Call[] = [];
    for (const call of this.#pairs.add(spans, pending.batch.receivedUnixNano))
      if (calls.push(call) % SLICE_SPANS === 0) yield;
    const request = this.#requestOf(pending, calls);
    if (request) yield* learn(request);
  }

  /** Names with replacement characters that are not in the bytes: the decoder has put them there. */
  #lookAtTexts({ batch, sender }: PendingRequest, spans: readonly SpanFact[]): void {
    const { badTexts } = this.#options;
    if (!badTexts) return;
    const found = new Set(spans.flatMap((span) => replacedName(span) ?? []));
    if (found.size === 0 || holdsReplacement(batch.body)) return;
    const [example] = found;
    const named = spans.find((span) => replacedName(span) === example)!.cluster;
    badTexts(Object.values(named)[0] ?? sender.cluster, found.size, example!);
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

/** The first name of a span that holds a replacement character, as people are shown it. */
function replacedName({ self, peer, cluster }: SpanFact): string | undefined {
  for (const end of [self, peer])
    if (end && (end.service + end.namespace).includes(REPLACEMENT)) return `service=${end.namespace}/${end.service}`;
  for (const name in cluster) if (cluster[name]!.includes(REPLACEMENT)) return `${name}=${cluster[name]}`;
  return undefined;
}
