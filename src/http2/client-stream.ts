// One request as a client sees it.
import type { Fields } from './fields.js';

/** How a stream ended that the server did not end itself. */
export interface Broken {
  /** Code of the server's RST_STREAM. */
  readonly resetCode: number | undefined;
  /** The server certainly did not look at the request: sending it again is safe. */
  readonly unprocessed: boolean;
  /** What happened, in words. */
  readonly why: string;
}

/** What takes the response. */
export interface ResponseReader {
  headers(fields: Fields): void;
  /** The next piece of the body; what is in it is valid only until this returns. */
  data(chunk: Buffer): void;
  trailers(fields: Fields): void;
  /** The last call of all: the response is complete (undefined), or the stream broke. Not called after `cancel`. */
  closed(broken: Broken | undefined): void;
}

/** What can be done about a request that was sent. */
export interface ClientStream {
  /** Gives the request up: its bytes are not read any more, and its reader hears nothing more. */
  cancel(): void;
}
