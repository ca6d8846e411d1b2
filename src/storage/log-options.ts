// What a log on disk is told, and what it tells.
import type { Disk } from './disk.js';
import type { DiskBudget } from './disk-budget.js';
import type { StoredRequest } from './segment.js';

/** What happens to a log that somebody should hear of. */
export interface LogEvents {
  /** Places of a file at which something could not be read and was skipped. */
  damaged(places: number, path: string): void;
  /** The end of a file that a crash had cut short. */
  torn(bytes: number, path: string): void;
  /** Nothing could be written: whoever waited for it was refused. */
  writeFailed(code: string, error: unknown): void;
  flushed(seconds: number): void;
  /** Bytes of all its files. */
  size(bytes: number): void;
}

export interface LogOptions {
  readonly directory: string;
  /** A new file is begun beyond this; bytes. */
  readonly segmentBytes: number;
  /** Flush before a request counts as safe. */
  readonly fsync: boolean;
  readonly budget: DiskBudget;
  readonly events: LogEvents;
  /** Somebody else writes to the directory by now. */
  readonly isLost?: () => boolean;
  readonly disk?: Disk;
  /** What is done is written with the next group, or after this; ms. */
  readonly doneAfterMs?: number;
}

/** A request that an earlier process left, with the metadata that was given with it. */
export interface LeftRequest {
  readonly request: StoredRequest;
  readonly meta: Buffer;
}

/** No room: the bound is reached, or the disk is full or broken. */
export class LogFullError extends Error {}
