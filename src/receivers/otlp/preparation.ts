// Makes bodies of what was sent: small ones at once, large ones beside other work. Inflating them is done by zlib's threads, a few at a
// time; JSON is read a piece a turn. Senders take turns, so that what one of them sends costs the others a turn and not the whole; what is
// made counts for its sender while it is made.
import { availableParallelism } from 'node:os';
import type { Decompressed, DecompressFault } from '../../otlp/decompress.js';
import { decompressSmall } from '../../otlp/decompress.js';
import { Inflation } from '../../otlp/inflation.js';
import { jsonToProtobuf, jsonToProtobufInSlices } from '../../otlp/json.js';
import { type Account, type Held, RetryableError, type Signal } from '../../pipeline/index.js';

/** JSON of so many bytes is read at once: about ten milliseconds. */
const AT_ONCE_BYTES = 1024 * 1024;
/** Bodies that zlib's threads inflate at the same time. There are four, files are read by them, too, and a core is for the event loop. */
const MOST_INFLATIONS = Math.max(1, Math.min(2, availableParallelism() - 1));
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
  readonly steps: Generator<number, Buffer>;
  readonly sent: Sent;
  readonly held: Held;
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
  /** What is made counts here. */
  readonly account: Account;
  /** Nobody waits for it any more. */
  readonly isGone: () => boolean;
}

/** Nobody hears of it: the sender has gone. */
export class GoneError extends RetryableError {
  constructor() {
    super('the sender has gone');
  }
}

export class Preparation {
  private readonly inflations = new SenderQueue<() => Promise<void>>();
  private inflating = 0;
  private readonly readings = new SenderQueue<Reading>();
  private immediate: NodeJS.Immediate | undefined;

  /**
   * The body in the encoding. Throws a `RetryableError`, or rejects with one, where a large one finds no room, and with `GoneError`
   * where nobody waits for it.
   */
  inflate(encoding: string, sent: Sent): Decompressed | DecompressFault | Promise<Decompressed | DecompressFault> {
    const { bytes, limit, account, sender } = sent;
    const small = decompressSmall(encoding, bytes, limit);
    if (small) return small;
    const refusal = account.ledger.refusal(bytes.length);
    if (refusal) throw refusal;
    return new Promise((resolve, reject) => {
      const held = account.hold(reject);
      held.resize(bytes.length);
      this.inflations.add(sender, () => inflateHeld(encoding, sent, held).then(resolve, reject));
      this.inflateNext();
    });
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

  /** The protobuf form of a JSON body. Throws what `jsonToProtobuf` throws, and rejects as `inflate` does. */
  fromJson(signal: Signal, sent: Sent): Buffer | Promise<Buffer> {
    const { bytes, limit, account, sender } = sent;
    if (bytes.length <= AT_ONCE_BYTES) return jsonToProtobuf(signal, bytes, limit);
    const steps = jsonToProtobufInSlices(signal, bytes, limit);
    return new Promise((resolve, reject) => {
      const held = account.hold(reject);
      held.resize(bytes.length);
      this.readings.add(sender, { steps, sent, held, resolve, reject });
      this.schedule();
    });
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
    const { steps, sent, held } = reading;
    try {
      if (held.closed || sent.isGone()) throw new GoneError();
      const step = steps.next();
      if (step.done) {
        held.close();
        reading.resolve(step.value);
        return;
      }
      held.resize(sent.bytes.length + step.value);
      this.readings.giveBack(sender, reading);
    } catch (error) {
      steps.return(NOTHING);
      held.close();
      reading.reject(error);
    }
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Inflates at the pace at which there is room, until somebody needs the room more, or nobody waits. */
function inflateHeld(encoding: string, sent: Sent, held: Held): Promise<Decompressed | DecompressFault> {
  const { bytes, limit, account, isGone } = sent;
  if (held.closed || isGone()) return gone(held);
  return new Promise((resolve, reject) => {
    let unwait = (): void => {};
    const grown = (made: number): void => {
      held.resize(bytes.length + made);
      if (held.closed || isGone()) inflation.cancel();
      else if (account.mustWait) {
        inflation.pause();
        unwait = account.wait(() => (held.closed || isGone() ? inflation.cancel() : inflation.resume()));
      }
    };
    const inflation = new Inflation({ encoding, bytes, limit, grown }, (result) => {
      unwait();
      held.close();
      if (result) resolve(result);
      else reject(new GoneError());
    });
  });
}

function gone(held: Held): Promise<never> {
  held.close();
  return Promise.reject(new GoneError());
}
