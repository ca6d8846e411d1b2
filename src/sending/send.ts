// The type that every sending layer makes and takes, and the errors that say why a batch was given up.

import type { Batch } from '../pipeline/index.js';
import { PermanentError, RetryableError } from '../pipeline/index.js';
import type { DropReason } from '../telemetry/exporter-events.js';
import type { Cancel } from './abort.js';

/** What the next hop did not take of a request that it answered with OK. */
export interface PartialSuccess {
  /** Items that it rejected; 0 with a message is a warning. */
  readonly rejected: number;
  readonly message: string;
  /** The message is ours, about a response that could not be read: said once. */
  readonly unreadable?: boolean;
}

/**
 * Delivers one batch. Throws `PermanentError` or `RetryableError`; any other error is a fault of ours and not tried
 * again. `signal` aborts when the process may wait no longer (or the attempt took too long): the promise then rejects
 * soon.
 */
export type Send = (batch: Batch, signal: Cancel) => Promise<PartialSuccess | undefined>;

/** An attempt took longer than `timeout`. */
export class TimeoutError extends RetryableError {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'TimeoutError';
  }
}

/** No further attempt will be made. Retryable for whoever offered the batch: it was not delivered. */
export class GivenUpError extends RetryableError {
  readonly reason: DropReason;
  /** It is not lost: it is on disk, or somebody else delivers it. */
  readonly isKept: boolean;
  constructor(reason: DropReason, cause: unknown, isKept = false) {
    const last = cause instanceof Error ? cause.message : String(cause);
    super(reason === 'shutdown' ? `shutting down: ${last}` : `no more retries left: ${last}`, undefined, { cause });
    this.name = 'GivenUpError';
    this.reason = reason;
    this.isKept = isKept;
  }
}

/** Whether a batch failed here and is delivered by somebody else, or later. */
export function isKept(error: unknown): boolean {
  return error instanceof GivenUpError && error.isKept;
}

/** The reason under which a failed batch is counted. */
export function dropReason(error: unknown): DropReason {
  if (error instanceof GivenUpError) return error.reason;
  if (error instanceof TimeoutError) return 'timeout';
  return error instanceof RetryableError ? 'retries_exhausted' : 'permanent';
}

/** Any error as one of the two that a stage may throw. */
export function asStageError(error: unknown): PermanentError | RetryableError {
  if (error instanceof PermanentError || error instanceof RetryableError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PermanentError(message, 'internal', { cause: error });
}
