// The way of one request's body into the pipeline, the same for both transports.
import { withScopes } from '../../otlp/index.js';
import type { AuthData, Batch, Consumer, Lease, Ledger, RetryableError, Signal } from '../../pipeline/index.js';
import type { BadTexts, ReceiverEvents } from '../../telemetry/receiver-events.js';
import type { Access } from './access.js';
import { BodyMemory, type Rented } from './body-memory.js';
import { Preparation } from './preparation.js';
import { refusedBy, refusedByCheck } from './refused.js';

/** Counts the items of a body after walking it whole, without touching state; throws where it is malformed. */
export type Inspect = (signal: Signal, body: Uint8Array) => Inspected;

export interface Inspected {
  readonly items: number;
  /** Strings that are not UTF-8, and where the first stands. */
  readonly badTexts: { readonly count: number; readonly first: readonly [number, number] } | undefined;
}

/** A body that is uncompressed and protobuf by now. */
export interface InboundRequest {
  readonly signal: Signal;
  readonly body: Uint8Array;
  readonly metadata: ReadonlyMap<string, string>;
  readonly auth?: AuthData | undefined;
  /** One gzip member that holds exactly the body. */
  readonly gzip?: Uint8Array | undefined;
  /** Whose memory `body` is; held by whoever calls `take`. */
  readonly lease?: Lease | undefined;
}

/** What was taken, and when it is in safe hands: now (undefined) or later. Rejects with `Refused`. */
export interface Taken {
  readonly items: number;
  readonly badTexts: BadTexts | undefined;
  readonly done: undefined | Promise<void>;
}

/** What every request of a server, on either transport, needs. */
export interface CallSettings {
  readonly handler: RequestHandler;
  readonly access: Access;
  readonly events: ReceiverEvents;
  /** Bytes, before and after decompression. */
  readonly limit: number;
  readonly includeMetadata: boolean;
}

const NOTHING: Inspected = { items: 0, badTexts: undefined };
/** Of a text that is shown; bytes. */
const MOST_SHOWN = 200;

export class RequestHandler {
  private readonly consumers = new Map<Signal, Consumer>();
  private readonly memory = new BodyMemory();
  /** What has to be done with a body before it can be taken. */
  readonly preparation: Preparation = new Preparation();

  constructor(
    private readonly inspect: Inspect,
    readonly ledger: Ledger,
  ) {}

  deliver(signal: Signal, consumer: Consumer): void {
    this.consumers.set(signal, consumer);
  }

  serves(signal: Signal): boolean {
    return this.consumers.has(signal);
  }

  /** Memory for a body of this length: rented where what takes the signal gives it back. */
  memoryFor(signal: Signal, bytes: number): Rented {
    if (this.givesBack(signal)) return this.memory.rent(bytes);
    return { body: Buffer.allocUnsafeSlow(bytes), lease: undefined };
  }

  private givesBack(signal: Signal): boolean {
    return this.consumers.get(signal)?.retainsBody === false;
  }

  /** Asked before the body is read or inflated. */
  refusal(signal: Signal, bytes: number): RetryableError | undefined {
    return this.ledger.refusal(bytes) ?? this.consumers.get(signal)?.refusal(bytes);
  }

  /**
   * Checks the body and hands it on, all in this turn of the event loop; throws `Refused`. An empty request goes no
   * further (OTLP: receivers may ignore empty envelopes) and is a success, unless its headers would have a full one
   * refused. The lease is released when that has ended, or, where the pipeline retains bodies (any more), detached.
   */
  take(given: InboundRequest): Taken {
    const inbound = given.lease ? given : this.onRentedMemory(given);
    const { lease } = inbound;
    if (!this.givesBack(inbound.signal)) lease?.detach();
    let done: undefined | Promise<void>;
    try {
      const { items, badTexts } = this.count(inbound);
      if (items === 0) {
        const legacy = this.takeLegacy(inbound);
        if (legacy) return legacy;
        this.checkMetadata(inbound);
      } else done = this.handOn(inbound, items);
      return { items, badTexts: badTexts && shownTexts(badTexts, inbound.body), done };
    } finally {
      if (done) this.holdUntil(done, inbound);
      else lease?.release();
    }
  }

  /** What seems empty may be in words of before version 0.15 of the protocol; undefined: it is empty. */
  private takeLegacy({ gzip: _, lease: __, ...inbound }: InboundRequest): Taken | undefined {
    const current = inbound.body.length > 0 ? withScopes(inbound.body) : undefined;
    return current && this.take({ ...inbound, body: Buffer.from(current) });
  }

  /** A request whose sender waits. */
  private holdUntil(done: Promise<void>, { body, lease }: InboundRequest): void {
    this.ledger.store('requests', body);
    const release = (): void => {
      this.ledger.release('requests', body);
      lease?.release();
    };
    done.then(release, release);
  }

  /**
   * What a decompressor or a server of HTTP has put together dies young when it is copied; kept for as long as a batch
   * lives it would count against the heap, and full collections cost more than the copy.
   */
  private onRentedMemory(inbound: InboundRequest): InboundRequest {
    const { signal, body } = inbound;
    if (!this.givesBack(signal) || !this.memory.rents(body.length)) return inbound;
    const rented = this.memory.rent(body.length);
    rented.body.set(body);
    return { ...inbound, ...rented };
  }

  private handOn(inbound: InboundRequest, items: number): undefined | Promise<void> {
    try {
      return this.consume(inbound, items)?.catch((error) => Promise.reject(refusedBy(error, items)));
    } catch (error) {
      throw refusedBy(error, items);
    }
  }

  private checkMetadata({ signal, metadata }: InboundRequest): void {
    try {
      this.consumers.get(signal)?.checkMetadata?.(metadata);
    } catch (error) {
      throw refusedBy(error);
    }
  }

  private count({ signal, body }: InboundRequest): Inspected {
    if (body.length === 0) return NOTHING;
    try {
      return this.inspect(signal, body);
    } catch (error) {
      throw refusedByCheck(error);
    }
  }

  private consume(
    { signal, body, metadata, auth, gzip, lease }: InboundRequest,
    items: number,
  ): undefined | Promise<void> {
    const consumer = this.consumers.get(signal)!;
    const refusal = consumer.refusal(body.length);
    if (refusal) throw refusal;
    const receivedUnixNano = BigInt(Date.now()) * 1_000_000n;
    const batch: Batch = {
      signal,
      body,
      items,
      origin: 'received',
      metadata,
      receivedUnixNano,
      ...(auth ? { auth } : {}),
      ...(gzip ? { gzip } : {}),
      ...(lease ? { lease } : {}),
    };
    return consumer.consume(batch);
  }
}

function shownTexts({ count, first: [start, end] }: NonNullable<Inspected['badTexts']>, body: Uint8Array): BadTexts {
  return { count, example: Buffer.from(body.subarray(start, Math.min(end, start + MOST_SHOWN))).toString() };
}
