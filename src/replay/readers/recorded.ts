// What every reader gives: export requests in the order of the file, and how far it has read.
import type { Signal } from '../../pipeline/index.js';
import type { Notes } from './notes.js';

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
  /** What could not be read is left out, and in the notes. Throws `RecordingError` where a file has no format. */
  requests(): AsyncIterable<RecordedRequest>;
  readonly notes: Notes;
  /**
   * Whether the last window is whole, once all is read. A row of a table or a step of a range query is of a whole
   * window; a stream of OTLP ends where somebody stopped it, in the middle of one.
   */
  endsWhole(): boolean;
}

/** The recording cannot be read; the message names file and place. */
export class RecordingError extends Error {
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.name = 'RecordingError';
  }
}
