// Reads the body of one HTTP request, at the pace at which there is room for it.
import type { IncomingMessage } from 'node:http';
import { GrowingBytes } from '../../otlp/growing-bytes.js';
import { Account, type Ledger } from '../../pipeline/index.js';

/** Pieces that carry next to nothing: as many as this and one for each PIECE_BYTES are borne. */
const MOST_PIECES = 1_000;
const PIECE_BYTES = 64;

export class BodyTooLarge extends Error {}
export class BodyMalformed extends Error {}

/** What reading ends with. */
export type BodyRead = (error: Error | undefined, body: Buffer | undefined) => void;

/**
 * `declared`: content-length; undefined for chunked bodies. `memoryFor` gives the memory of one whose length is known.
 */
export interface BodyOptions {
  readonly declared: number | undefined;
  /** Bytes. */
  readonly limit: number;
  readonly ledger: Ledger;
  readonly memoryFor: (bytes: number) => Buffer;
}

/**
 * Calls `done` once: with the body, or with what is wrong, which is the ledger's `RetryableError` where there is no
 * room.
 */
export function readBody(payload: IncomingMessage, options: BodyOptions, done: BodyRead): void {
  new BodyReader(payload, options, done).begin();
}

/** As Node does with what nobody reads: without it each small piece that follows would still pass through a stream. */
function passOver(payload: IncomingMessage & { _dump?: () => void }): void {
  if (typeof payload._dump === 'function') payload._dump();
  else payload.resume();
}

class BodyReader {
  private readonly account: Account;
  private readonly bytes: GrowingBytes;
  private pieces = 0;
  private finished: boolean = false;
  private unwait: () => void = () => {};
  private readonly held: ReturnType<Account['hold']>;

  constructor(
    private readonly payload: IncomingMessage,
    private readonly options: BodyOptions,
    private readonly done: BodyRead,
  ) {
    this.account = new Account(options.ledger);
    this.bytes = new GrowingBytes(options.declared, options.memoryFor, options.limit);
    this.held = this.account.hold((error) => this.finish(error));
  }

  begin(): void {
    const { payload } = this;
    payload.on('data', this.onData);
    payload.on('end', this.onEnd);
    payload.on('error', this.onError);
    payload.on('close', this.onClose);
    payload.resume();
  }

  private readonly onData = (piece: Buffer): void => {
    const wrong = this.faultOf(piece);
    if (wrong) {
      this.finish(wrong);
      return;
    }
    this.bytes.append(piece);
    this.held.resize(this.bytes.capacity);
    if (!this.finished && this.account.mustWait) this.pause();
  };

  private faultOf(piece: Buffer): Error | undefined {
    const length = this.bytes.length + piece.length;
    if (length > this.options.limit) return new BodyTooLarge();
    this.pieces++;
    if (this.pieces > MOST_PIECES + length / PIECE_BYTES)
      return new BodyMalformed('the body comes in pieces that are too small');
    return undefined;
  }

  private pause(): void {
    this.payload.pause();
    this.unwait = this.account.wait(() => this.payload.resume());
  }

  private readonly onEnd = (): void => {
    const { declared } = this.options;
    const whole = declared === undefined || declared === this.bytes.length;
    this.finish(whole ? undefined : new BodyMalformed('the body is not as long as content-length says'));
  };

  private readonly onError = (error: Error): void => this.finish(new BodyMalformed(error.message));

  private readonly onClose = (): void => this.finish(new BodyMalformed('the connection was closed within the body'));

  private finish(error: Error | undefined): void {
    if (this.finished) return;
    this.finished = true;
    this.unwait();
    this.held.close();
    const { payload } = this;
    payload.off('data', this.onData);
    payload.off('end', this.onEnd);
    payload.off('close', this.onClose);
    if (error) passOver(payload);
    this.done(error, error ? undefined : this.bytes.end());
  }
}
