// Turns trace requests that wait to be learnt from into metrics requests, so that spans and metrics take one way into the windows.
import { ownBatch } from '../../../pipeline/index.js';
import type { Lesson } from '../learn.js';
import { type Call, type PairCounts, type PairOptions, type SavedPairs, SpanPairs } from './pair.js';
import { readSpans, type SpanFact } from './read.js';
import { callsToMetrics } from './to-metrics.js';

export interface SavedSpans {
  readonly requests: number;
  readonly pairs: SavedPairs;
}

/** Spans between two turns of the event loop. */
const SLICE_SPANS = 256;

export class SpanLessons {
  readonly #pairs: SpanPairs;
  #requests = 0;
  /** The newest lesson: whose sender and delivery what still waits belongs to. */
  #last: Lesson | undefined;

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

  /** The lesson that the calls of a trace request make; undefined where none is known yet. Yields where other work may run. */
  *from(lesson: Lesson): Generator<void, Lesson | undefined> {
    this.#last = lesson;
    const spans: SpanFact[] = [];
    for (const span of readSpans(lesson.batch.body)) if (spans.push(span) % SLICE_SPANS === 0) yield;
    const calls: Call[] = [];
    for (const call of this.#pairs.add(spans, lesson.batch.receivedUnixNano))
      if (calls.push(call) % SLICE_SPANS === 0) yield;
    return this.#lessonOf(lesson, calls);
  }

  /** The lesson of everything that still waits for its partner: the end of a replay. */
  rest(): Lesson | undefined {
    return this.#last && this.#lessonOf(this.#last, this.#pairs.flush());
  }

  #lessonOf(lesson: Lesson, calls: Iterable<Call>): Lesson | undefined {
    const body = callsToMetrics(calls, ++this.#requests);
    if (!body) return undefined;
    return { ...lesson, batch: { ...ownBatch('metrics', body, 0), receivedUnixNano: lesson.batch.receivedUnixNano } };
  }
}
