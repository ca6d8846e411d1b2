// The learn loop: scanned requests into windows, due ticks closed in slices. A generator that yields where other work
// may run.
import type { BelievedTimes, Closing, Fold, KernelApi, Scan } from '../../kernel/api.js';
import type { Batch } from '../../pipeline/index.js';
import type { PendingRequest, Route } from '../pending-request.js';
import type { Sender } from '../sender-settings.js';
import { type HeldBodies, HeldRequests } from './held-requests.js';

/** A request without its headers, which may hold a password: what they say of alerting is in `sender`. */
export interface SavedRequest {
  readonly batch: Pick<Batch, 'signal' | 'body' | 'items' | 'origin' | 'receivedUnixNano'>;
  readonly sender: Sender;
  readonly pipeline: string;
}

export interface SavedLoop {
  readonly request: number;
  /** By kernel slot of the clock, oldest first. */
  readonly held: readonly (readonly [number, SavedRequest])[];
}

function saveRequest({ batch, sender, route }: PendingRequest): SavedRequest {
  const { signal, body, items, origin, receivedUnixNano } = batch;
  return { batch: { signal, body, items, origin, receivedUnixNano }, sender, pipeline: route.pipeline };
}

/** How far from its receipt a point is believed, ns; 0: however far. Behind, others must have told of later times. */
export interface Reach {
  readonly aheadNanos: bigint;
  readonly behindNanos: bigint;
}

/** `received`: Unix ns; 0: not known. */
function believedTimes({ aheadNanos, behindNanos }: Reach, received: bigint): BelievedTimes {
  if (received === 0n) return {};
  return {
    earliestUnixNano: behindNanos > 0n && behindNanos < received ? received - behindNanos : undefined,
    latestUnixNano: aheadNanos > 0n ? received + aheadNanos : undefined,
  };
}

/** What the loop needs to know of everything else. */
export interface LearnHost {
  /** Binds the rows' series. */
  bind(pending: PendingRequest, scan: Scan, rows: readonly number[]): void;
  /** After each part of a request, rows `from` to before `to`: settings of the sender, rows that ask for TypeScript. */
  folded(pending: PendingRequest, scan: Scan, fold: Fold, from: number, to: number): void;
  /** The oldest open tick of the group is about to be closed. */
  due(group: number): void;
  /** The newest tick of the group is not to be closed. */
  forgotten(group: number): void;
  /** The order of a tick's new edges. Yields where other work may run. */
  order(closing: Closing): Generator<void, readonly number[]>;
  /** A tick is closed: the kernel's answers are there until the next. Yields where other work may run. */
  closed(closing: Closing): Generator<void>;
}

/** Edges a slice of a closing, or eight trees of a forest in training: a fifth of a millisecond. */
const SLICE_EDGES = 256;
/** New edges that are put in order in a slice, less than a millisecond. */
const APPENDED = 2000;
/** Rows whose series are bound in a slice; one takes about 30 µs. */
const SLICE_ROWS = 100;
/** A slice ends with the row that makes its points so large, bytes: an ordinary one has 200. */
const SLICE_BYTES = 64 * 1024;

export class LearnLoop {
  readonly #kernel: KernelApi;
  readonly #held: HeldRequests;
  reach: Reach;
  #request = 0;

  constructor(kernel: KernelApi, reach: Reach, bodies: HeldBodies) {
    this.#held = new HeldRequests(bodies);
    this.#kernel = kernel;
    this.reach = reach;
  }

  /** Between two requests. Their numbers must go on after a restart: they tell a retry from the same request. */
  save(): SavedLoop {
    return { request: this.#request, held: this.#held.all().map(([clock, pending]) => [clock, saveRequest(pending)]) };
  }

  /** `routeOf`: of a pipeline. */
  restore({ request, held }: SavedLoop, routeOf: (pipeline: string) => Route | undefined): void {
    this.#request = request;
    for (const [clock, saved] of held) {
      const route = routeOf(saved.pipeline);
      if (!route) continue;
      // Those of before had none.
      const sender = { ...saved.sender, salt: saved.sender.salt ?? 0n };
      this.#held.add(clock, { batch: { ...saved.batch, metadata: new Map() }, sender, route });
    }
  }

  /** Lets go of what is held: nothing will be learnt any more. */
  discard(): void {
    this.#held.clear();
  }

  /** Learns from a whole request. */
  *learn(pending: PendingRequest, host: LearnHost): Generator<void> {
    yield* this.#foldAll(pending, -1, host);
    this.#held.prune((clock) => this.#kernel.holds(clock));
  }

  /**
   * Closes what is open: the end of a replay. Unless it `endsWhole`, a newest tick that looks part-filled is forgotten.
   */
  *flush(groups: number, host: LearnHost, endsWhole: boolean): Generator<void> {
    for (let group = 0; group < groups; group++)
      while (this.#kernel.flushDue(group)) {
        if (!endsWhole && this.#kernel.forgetNewest(group)) host.forgotten(group);
        else yield* this.#close(group, host);
      }
  }

  /** `clock` -1: all points, else only those of that clock. */
  *#foldAll(pending: PendingRequest, clock: number, host: LearnHost): Generator<void> {
    const request = ++this.#request;
    let skip = 0;
    for (;;) {
      const scan = yield* this.#scan(pending, skip, host);
      yield* this.#fold({ pending, skip, scan, request, clock }, host);
      skip += scan.rows;
      if (scan.rows === 0 || skip >= scan.items) return;
    }
  }

  /** The body in scratch with its series bound. Free where nothing else was scanned since and no series is new. */
  *#scan(pending: PendingRequest, skip: number, host: LearnHost): Generator<void, Scan> {
    for (;;) {
      const scan = this.#kernel.scan('metrics', pending.batch.body, skip);
      const isBound = yield* this.#bind(pending, scan, skip, host);
      if (isBound) return scan;
    }
  }

  /** False: another request was scanned meanwhile, and the rest of the rows must be looked up again. */
  *#bind(pending: PendingRequest, scan: Scan, skip: number, host: LearnHost): Generator<void, boolean> {
    const rows = scan.unboundRows(saltOf(pending));
    for (let i = 0; i < rows.length; ) {
      const slice = sliceOf(scan, rows, i);
      i += slice.length;
      host.bind(pending, scan, slice);
      yield;
      if (this.#kernel.scan('metrics', pending.batch.body, skip) !== scan) return false;
    }
    return true;
  }

  *#fold({ pending, skip, scan: bound, request, clock }: RequestPart, host: LearnHost): Generator<void> {
    let scan = bound;
    const { rows } = scan;
    const received = pending.batch.receivedUnixNano;
    const believed = believedTimes(this.reach, received);
    let from = 0;
    for (;;) {
      const fold = scan.fold(from, request, received, clock, believed);
      const { stop } = fold;
      host.folded(pending, scan, fold, from, stop.reason === 'done' ? rows : stop.next);
      for (const ahead of fold.held) this.#held.hold(ahead, pending);
      if (stop.reason === 'done') return;
      from = stop.next;
      if (stop.reason === 'close') yield* this.#close(stop.group, host);
      else for (const held of this.#held.take(stop.clock)) yield* this.#foldAll(held, stop.clock, host);
      // Where the rows are still in scratch, so are their series.
      if (this.#kernel.scan('metrics', pending.batch.body, skip) !== scan)
        scan = yield* this.#scan(pending, skip, host);
    }
  }

  *#close(group: number, host: LearnHost): Generator<void> {
    host.due(group);
    const closing = this.#kernel.beginClose(group);
    const order = yield* host.order(closing);
    for (let at = 0; at < order.length; at += APPENDED) {
      if (at > 0) yield;
      closing.append(order.slice(at, at + APPENDED));
    }
    do yield;
    while (!closing.work(SLICE_EDGES));
    yield;
    yield* host.closed(closing);
    yield;
  }
}

/** Rows from `from` on that are bound in one turn. */
function sliceOf(scan: Scan, rows: readonly number[], from: number): readonly number[] {
  let bytes = 0;
  let to = from;
  while (to < rows.length && to < from + SLICE_ROWS && bytes < SLICE_BYTES) {
    const [start, end] = scan.ranges(rows[to++]!).point;
    bytes += end - start;
  }
  return rows.slice(from, to);
}

/** Two senders' data may be equal, and of two clusters by their headers. Calls that spans made name their cluster. */
export function saltOf({ batch, sender }: Pick<PendingRequest, 'batch' | 'sender'>): bigint {
  return batch.origin === 'received' ? sender.salt : 0n;
}

/** Rows of a request that are in scratch together. */
interface RequestPart {
  readonly pending: PendingRequest;
  readonly skip: number;
  readonly scan: Scan;
  readonly request: number;
  readonly clock: number;
}
