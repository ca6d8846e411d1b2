// Makes bodies of what was sent: small ones at once, large ones beside other work. Inflating them is done by zlib's
// threads, a few at a time; JSON is read a piece a turn. Senders take turns, so that what one of them sends costs the
// others a turn and not the whole; what is made counts for its sender while it is made.
import type { Decompressed, DecompressFault } from '../../otlp/decompress.js';
import { decompressSmall } from '../../otlp/decompress.js';
import { jsonToProtobuf, jsonToProtobufInSlices } from '../../otlp/json.js';
import type { Held, Signal } from '../../pipeline/index.js';
import { GoneError, Inflations, type Sent } from './inflations.js';
import { SenderQueue } from './sender-queue.js';

/** JSON of so many bytes is read at once: about ten milliseconds. */
const AT_ONCE_BYTES = 1024 * 1024;
/** Milliseconds after which the event loop gets its turn. */
const TURN_MS = 2;

interface Reading {
  readonly steps: Generator<number, Buffer>;
  readonly sent: Sent;
  readonly held: Held;
  /** It is over: nobody has to say that the sender has gone. */
  readonly forget: () => void;
  resolve(body: Buffer): void;
  reject(error: unknown): void;
}

export class Preparation {
  private readonly inflations = new Inflations();
  private readonly readings = new SenderQueue<Reading>();
  private immediate: NodeJS.Immediate | undefined;

  /**
   * The body in the encoding. Throws a `RetryableError`, or rejects with one, where a large one finds no room, and with
   * `GoneError` where nobody waits for it.
   */
  inflate(encoding: string, sent: Sent): Decompressed | DecompressFault | Promise<Decompressed | DecompressFault> {
    const { bytes, limit, account } = sent;
    const small = decompressSmall(encoding, bytes, limit);
    if (small) return small;
    const refusal = account.ledger.refusal(bytes.length);
    if (refusal) throw refusal;
    return this.inflations.add(encoding, sent);
  }

  /** The protobuf form of a JSON body. Throws what `jsonToProtobuf` throws, and rejects as `inflate` does. */
  fromJson(signal: Signal, sent: Sent): Buffer | Promise<Buffer> {
    const { bytes, limit, account, sender } = sent;
    if (bytes.length <= AT_ONCE_BYTES) return jsonToProtobuf(signal, bytes, limit);
    const steps = jsonToProtobufInSlices(signal, bytes, limit);
    return new Promise((resolve, reject) => {
      const held = account.hold(reject);
      held.resize(bytes.length);
      const forget = sent.whenGone(() => {
        held.close();
        reject(new GoneError());
      });
      this.readings.add(sender, { steps, sent, held, forget, resolve, reject });
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
    // It had to give way, or its sender has gone: that was said already.
    if (held.closed) {
      reading.forget();
      steps.return(NOTHING);
      return;
    }
    try {
      const step = steps.next();
      if (step.done) end(reading).resolve(step.value);
      else {
        held.resize(sent.bytes.length + step.value);
        this.readings.giveBack(sender, reading);
      }
    } catch (error) {
      end(reading).reject(error);
    }
  }
}

function end(reading: Reading): Reading {
  reading.forget();
  reading.held.close();
  return reading;
}

const NOTHING: Buffer = Buffer.alloc(0);
