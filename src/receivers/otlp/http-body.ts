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

/** `declared`: content-length; undefined for chunked bodies. `memoryFor` gives the memory of one whose length is known. */
export interface BodyOptions {
  readonly declared: number | undefined;
  /** Bytes. */
  readonly limit: number;
  readonly ledger: Ledger;
  readonly memoryFor: (bytes: number) => Buffer;
}

/** Calls `done` once: with the body, or with what is wrong, which is the ledger's `RetryableError` where there is no room. */
export function readBody(payload: IncomingMessage, options: BodyOptions, done: BodyRead): void {
  new BodyReader(payload, options, done).begin();
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
    this.bytes = new GrowingBytes(options.declared, options.memoryFor);
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
    const { declared, limit } = this.options;
    const length = this.bytes.length + piece.length;
    if (length > limit) return this.finish(new BodyTooLarge());
    // A server of HTTP/1 never brings more than content-length says.
    if (declared !== undefined && length > declared) return this.finish(new BodyMalformed('the body is too long'));
    if (++this.pieces > MOST_PIECES + length / PIECE_BYTES)
      return this.finish(new BodyMalformed('the body comes in pieces that are too small'));
    this.bytes.append(piece);
    this.held.resize(this.bytes.capacity);
    if (!this.finished && this.account.mustWait) this.pause();
  };

  private pause(): void {
    this.payload.pause();
    this.unwait = this.account.wait(() => this.payload.resume());
  }

  private readonly onEnd = (): void => {
    const { declared } = this.options;
    if (declared !== undefined && declared !== this.bytes.length)
      return this.finish(new BodyMalformed('the body is not as long as content-length says'));
    this.finish(undefined);
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
    // What is left of it is passed over; an error of it is nobody's business then.
    if (error) payload.resume();
    this.done(error, error ? undefined : this.bytes.end());
  }
}
