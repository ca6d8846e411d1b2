// What every reader gives: export requests in the order of the file, and how far it has read.
import type { Signal } from '../../pipeline/index.js';

export interface RecordedRequest {
  readonly signal: Signal;
  /** Serialised export request. */
  readonly body: Uint8Array;
}

/** One recording. */
export interface Recording {
  /** For people. */
  readonly format: string;
  /** Size of what `read` counts up to: bytes of the files, or rows. */
  readonly total: number;
  /** How much of `total` has been read. */
  read(): number;
  /** Throws `RecordingError` where the recording is broken. */
  requests(): AsyncIterable<RecordedRequest>;
}

/** The recording cannot be read; the message names file and place. */
export class RecordingError extends Error {
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.name = 'RecordingError';
  }
}
