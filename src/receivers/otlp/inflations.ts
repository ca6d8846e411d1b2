// Large bodies that zlib's threads inflate, a few at a time and senders in turns. What comes out counts for its sender
// as it comes: it waits where there is no room, and what has to give way, or has nobody to wait for it, is let go of at
// once.
import { availableParallelism } from 'node:os';
import type { Decompressed, DecompressFault } from '../../otlp/decompress.js';
import { Inflation } from '../../otlp/inflation.js';
import { type Account, type Held, RetryableError } from '../../pipeline/index.js';
import { SenderQueue } from './sender-queue.js';

/**
 * Bodies that are inflated at the same time. zlib has four threads, files are read by them, too, and a core is for the
 * event loop.
 */
const MOST_AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));

/** What is sent, and who sends it. */
export interface Sent {
  readonly bytes: Buffer;
  /** Bytes that may come out. */
  readonly limit: number;
  /** Remote address. */
  readonly sender: string;
  /** What is made counts here. */
  readonly account: Account;
  /** `cancel` is called when nobody waits for it any more, until what this returns is. */
  readonly whenGone: (cancel: () => void) => () => void;
}

/** Nobody hears of it: the sender has gone. */
export class GoneError extends RetryableError {
  constructor() {
    super('the sender has gone');
  }
}

type InflationOutcome = Decompressed | DecompressFault;

export class Inflations {
  private readonly waiting = new SenderQueue<Job>();
  /** Under way, the first begun first. */
  private running: readonly Job[] = [];

  /** Rejects with a `RetryableError` where it had to give way, and with `GoneError` where its sender has gone. */
  add(encoding: string, sent: Sent): Promise<InflationOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.add(sent.sender, new Job(encoding, sent, { resolve, reject }));
      this.beginNext();
    });
  }

  private beginNext(): void {
    while (this.running.length < MOST_AT_ONCE) {
      const next = this.waiting.take();
      if (!next) return;
      const [, job] = next;
      if (job.isOver) continue;
      this.running = [...this.running, job];
      job.begin(
        () => this.running[0] === job,
        () => this.ended(job),
      );
    }
  }

  private ended(job: Job): void {
    this.running = this.running.filter((other) => other !== job);
    this.running[0]?.resume();
    this.beginNext();
  }
}

interface Settle {
  resolve(outcome: InflationOutcome): void;
  reject(error: Error): void;
}

class Job {
  isOver: boolean = false;
  private readonly held: Held;
  private readonly forget: () => void;
  private inflation: Inflation | undefined;
  private unwait: () => void = () => {};

  constructor(
    private readonly encoding: string,
    private readonly sent: Sent,
    private readonly settle: Settle,
  ) {
    this.held = sent.account.hold((error) => this.fail(error));
    this.forget = sent.whenGone(() => this.fail(new GoneError()));
    this.held.resize(sent.bytes.length);
  }

  /** `isFirst`: it need not wait, so that somebody always comes to an end. `ended` is called once, when it is over. */
  begin(isFirst: () => boolean, ended: () => void): void {
    const { encoding } = this;
    const { bytes, limit } = this.sent;
    const grown = (made: number): void => this.grown(made, isFirst);
    this.inflation = new Inflation({ encoding, bytes, limit, grown }, (outcome) => {
      if (outcome) this.finish(outcome);
      ended();
    });
  }

  resume(): void {
    this.unwait();
    this.inflation?.resume();
  }

  private grown(made: number, isFirst: () => boolean): void {
    const { account, bytes } = this.sent;
    this.held.resize(bytes.length + made);
    if (this.isOver || isFirst() || !account.mustWait) return;
    this.inflation?.pause();
    this.unwait = account.wait(() => this.resume());
  }

  private finish(outcome: InflationOutcome): void {
    if (this.end()) this.settle.resolve(outcome);
  }

  private fail(error: Error): void {
    if (this.end()) this.settle.reject(error);
    this.inflation?.cancel();
  }

  /** False: it was over before. */
  private end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.unwait();
    this.forget();
    this.held.close();
    return true;
  }
}
