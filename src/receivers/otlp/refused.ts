// Why a request is not taken, with everything that the answer, the counters and the log line need.
import { formatBytes } from '../../config/bytes.js';
import { CapacityError, MalformedError } from '../../kernel/errors.js';
import { Code, type Status, statusOf } from '../../otlp/status.js';
import { PermanentError, RetryableError, type Signal } from '../../pipeline/index.js';
import type { RefusalReason } from '../../telemetry/receiver-events.js';

export class Refused extends Error {
  constructor(
    readonly reason: RefusalReason,
    readonly status: Status,
    /** Data points, spans or log records, where they were counted. */
    readonly items: number = 0,
    override readonly cause: unknown = undefined,
    /** HTTP status, where it is not that of the code. */
    readonly http: number | undefined = undefined,
  ) {
    super(status.message);
  }
}

/** A refusal of this code and sentence. */
export function refused(reason: RefusalReason, code: number, message: string, http?: number): Refused {
  return new Refused(reason, { code, message }, 0, undefined, http);
}

/** OTLP: over the limit is not retryable, so the status carries no RetryInfo. */
export function tooLarge(limit: number, setting: string): Refused {
  const message = `the request is larger than ${formatBytes(limit)}, the limit that ${setting} sets`;
  return refused('too_large', Code.RESOURCE_EXHAUSTED, message);
}

/** The signal exists, and no pipeline names this receiver for it. */
export function notTaken(signal: Signal, http?: number): Refused {
  return refused('unsupported', Code.UNIMPLEMENTED, `no pipeline of this receiver takes ${signal}`, http);
}

/** What a thrown value means for the sender. */
export function refusedBy(error: unknown, items = 0): Refused {
  if (error instanceof Refused) return error;
  return new Refused(reasonOf(error), statusOf(error), items, error);
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof RetryableError) return 'unavailable';
  if (!(error instanceof PermanentError)) return 'internal';
  return error.code === 'unauthenticated' ? 'unauthenticated' : 'rejected';
}

/** What the structural check threw. */
export function refusedByCheck(error: unknown): Refused {
  if (error instanceof MalformedError || error instanceof PermanentError)
    return refused('malformed', Code.INVALID_ARGUMENT, error.message);
  if (error instanceof CapacityError) return refused('too_large', Code.RESOURCE_EXHAUSTED, error.message);
  return refusedBy(error);
}
