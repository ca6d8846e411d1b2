// Makes bodies of what was sent: small ones at once, large ones beside other work. Inflating them is done by zlib's threads, a few at a
// time; JSON is read a piece a turn. Senders take turns, so that what one of them sends costs the others a turn and not the whole.
import type { Decompressed, DecompressFault } from '../../otlp/decompress.js';
import { decompressInThread, decompressSmall } from '../../otlp/decompress.js';
import { jsonToProtobuf, jsonToProtobufInSlices } from '../../otlp/json.js';
import type { Ledger, Signal } from '../../pipeline/index.js';

/** JSON of so many bytes is read at once: about ten milliseconds. */
const AT_ONCE_BYTES = 1024 * 1024;
/** Bodies that zlib's threads inflate at the same time; there are four, and files are read by them, too. */
const MOST_INFLATIONS = 2;
/** Milliseconds after which the event loop gets its turn. */
const TURN_MS = 2;

/** Work by the sender that it is for. Senders are served one after the other, each one's work in its order. */
export class SenderQueue<T> {
  private readonly bySender = new Map<string, T[]>();

  add(sender: string, item: T): void {
    const items = this.bySender.get(sender);
    if (items) items.push(item);
    else this.bySender.set(sender, [item]);
  }

  /** The next sender's first; that sender is the last now. */
  take(): readonly [string, T] | undefined {
    for (const [sender, items] of this.bySender) {
      this.bySender.delete(sender);
      const item = items.shift()!;
      if (items.length > 0) this.bySender.set(sender, items);
      return [sender, item];
    }
    return undefined;
  }

  /** Gives back what is not done: it stays the sender's first, and the other senders come before it. */
  giveBack(sender: string, item: T): void {
    const items = this.bySender.get(sender) ?? [];
    items.unshift(item);
    this.bySender.delete(sender);
    this.bySender.set(sender, items);
  }
}

interface Reading {
  readonly steps: Generator<void, Buffer>;
  resolve(body: Buffer): void;
  reject(error: unknown): void;
}

/** What is sent, and who sends it. */
export interface Sent {
  readonly bytes: Buffer;
  /** Bytes that may come out. */
  readonly limit: number;
  /** Remote address. */
  readonly sender: string;
}

export class Preparation {
  private readonly inflations = new SenderQueue<() => Promise<void>>();
  private inflating = 0;
  private readonly readings = new SenderQueue<Reading>();
  private immediate: NodeJS.Immediate | undefined;

  constructor(private readonly ledger: Ledger) {}

  /** The body in the encoding. Throws a `RetryableError` where a large one would find no room. */
  inflate(
    encoding: string,
    { bytes, limit, sender }: Sent,
  ): Decompressed | DecompressFault | Promise<Decompressed | DecompressFault> {
    const small = decompressSmall(encoding, bytes, limit);
    if (small) return small;
    const refusal = this.ledger.refusal(bytes.length);
    if (refusal) throw refusal;
    return this.holding(
      bytes,
      new Promise((resolve, reject) => {
        this.inflations.add(sender, () => decompressInThread(encoding, bytes, limit).then(resolve, reject));
        this.inflateNext();
      }),
    );
  }

  private inflateNext(): void {
    if (this.inflating === MOST_INFLATIONS) return;
    const next = this.inflations.take();
    if (!next) return;
    this.inflating++;
    void next[1]().finally(() => {
      this.inflating--;
      this.inflateNext();
    });
  }

  /** The protobuf form of a JSON body. Throws what `jsonToProtobuf` throws. */
  fromJson(signal: Signal, { bytes, limit, sender }: Sent): Buffer | Promise<Buffer> {
    if (bytes.length <= AT_ONCE_BYTES) return jsonToProtobuf(signal, bytes, limit);
    const steps = jsonToProtobufInSlices(signal, bytes, limit);
    return this.holding(
      bytes,
      new Promise((resolve, reject) => {
        this.readings.add(sender, { steps, resolve, reject });
        this.schedule();
      }),
    );
  }

  private schedule(): void {
    this.immediate ??= setImmediate(() => this.turn());
  }

  private turn(): void {
    this.immediate = undefined;
    const end = performance.now() + TURN_MS;
    do {
      const next = this.readings.take();
      if (!next) return;
      this.readOn(...next);
    } while (performance.now() < end);
    this.schedule();
  }

  private readOn(sender: string, reading: Reading): void {
    try {
      const step = reading.steps.next();
      if (step.done) reading.resolve(step.value);
      else this.readings.giveBack(sender, reading);
    } catch (error) {
      reading.reject(error);
    }
  }

  /** What waits counts as held. */
  private async holding<T>(bytes: Buffer, done: Promise<T>): Promise<T> {
    this.ledger.store('requests', bytes);
    try {
      return await done;
    } finally {
      this.ledger.release('requests', bytes);
    }
  }
}
