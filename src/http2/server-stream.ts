// One request as a server sees it, and how it is answered.

import type { Fields } from './fields.js';
import { ErrorCode, StreamError } from './frames.js';
import type { Message } from './outbound-message.js';
import type { ReceiveWindow } from './receive-window.js';

/** What takes the body of a request. */
export interface RequestReader {
  /** The next piece of the body; what is in it is valid only until this returns. */
  data(chunk: Buffer): void;
  /** The request is complete. */
  end(): void;
  /** The stream is over, answered or not: nothing more comes, and nobody hears an answer. */
  closed?(): void;
}

/** What the stream asks of its session. */
export interface StreamOwner {
  answer(stream: ServerStream, message: Message, wrong: boolean): void;
  reset(stream: ServerStream, code: number): void;
  worked(octets: number): void;
}

export class ServerStream {
  /** Set by whoever handles the request. */
  reader: RequestReader | undefined;
  /** The client has said all. */
  complete: boolean = false;
  /** What the client has opened the window of its answer by, while there was none. */
  opened = 0;
  private closed: boolean = false;
  /** Octets that have come of it. */
  bodyBytes = 0;
  private readonly declaredBytes: number;

  constructor(
    readonly id: number,
    readonly headers: Fields,
    readonly window: ReceiveWindow,
    private readonly owner: StreamOwner,
    /** What its fields have cost. */
    readonly cost: number,
  ) {
    this.declaredBytes = Number(headers['content-length'] ?? Number.NaN);
  }

  /** Whether there is somebody to answer: it was neither answered nor given up. */
  get open(): boolean {
    return !this.closed;
  }

  /**
   * Answers, once; later answers are for nobody. A client that still sends is told to stop. `wrong`: the request was,
   * and counts as work for nothing.
   */
  respond(message: Message, wrong = false): void {
    if (this.closed) return;
    this.owner.answer(this, message, wrong);
  }

  /** So many octets were made of its body at once, which is work of this turn of the event loop. */
  worked(octets: number): void {
    this.owner.worked(octets);
  }

  /** Gives the request up. */
  reset(code: (typeof ErrorCode)[keyof typeof ErrorCode]): void {
    if (!this.closed) this.owner.reset(this, code);
  }

  /** The session: takes a piece of the body. */
  receive(chunk: Buffer, end: boolean): void {
    this.bodyBytes += chunk.length;
    const wrong = end ? this.bodyBytes !== this.declaredBytes : this.bodyBytes > this.declaredBytes;
    if (wrong && !Number.isNaN(this.declaredBytes))
      throw new StreamError(this.id, ErrorCode.PROTOCOL_ERROR, 'content-length is not the length of the body');
    if (chunk.length > 0) this.reader?.data(chunk);
    if (!end) return;
    this.complete = true;
    if (!this.closed) this.reader?.end();
  }

  /** The session: nobody is there any more. */
  close(): void {
    this.closed = true;
    this.reader?.closed?.();
  }
}
