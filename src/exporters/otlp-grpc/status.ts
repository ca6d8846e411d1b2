// gRPC status codes and what OTLP lets a client do after each.
import { PermanentError, type RefusalCode, RetryableError } from '../../pipeline/index.js';

export enum Code {
  OK = 0,
  CANCELLED = 1,
  UNKNOWN = 2,
  INVALID_ARGUMENT = 3,
  DEADLINE_EXCEEDED = 4,
  NOT_FOUND = 5,
  ALREADY_EXISTS = 6,
  PERMISSION_DENIED = 7,
  RESOURCE_EXHAUSTED = 8,
  FAILED_PRECONDITION = 9,
  ABORTED = 10,
  OUT_OF_RANGE = 11,
  UNIMPLEMENTED = 12,
  INTERNAL = 13,
  UNAVAILABLE = 14,
  DATA_LOSS = 15,
  UNAUTHENTICATED = 16,
}

/** OTLP specification, "Failures" of OTLP/gRPC. RESOURCE_EXHAUSTED only where the server says when. */
const RETRYABLE: ReadonlySet<Code> = new Set([
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

const REFUSAL: ReadonlyMap<Code, RefusalCode> = new Map([
  [Code.INVALID_ARGUMENT, 'invalid_argument'],
  [Code.UNAUTHENTICATED, 'unauthenticated'],
  [Code.PERMISSION_DENIED, 'permission_denied'],
  [Code.FAILED_PRECONDITION, 'failed_precondition'],
]);

/** A status other than OK as the error of an attempt. */
export function statusError(code: Code, message: string, retryAfterMs?: number): PermanentError | RetryableError {
  const text = `${Code[code] ?? code}: ${message || 'no message'}`;
  const retryable = RETRYABLE.has(code) || (code === Code.RESOURCE_EXHAUSTED && retryAfterMs !== undefined);
  return retryable ? new RetryableError(text, retryAfterMs) : new PermanentError(text, REFUSAL.get(code) ?? 'internal');
}

/** The status of an answer that is not gRPC's own (a proxy's), by gRPC's "HTTP to gRPC Status Code Mapping". */
export function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.INTERNAL;
    case 401:
      return Code.UNAUTHENTICATED;
    case 403:
      return Code.PERMISSION_DENIED;
    case 404:
      return Code.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.UNAVAILABLE;
    default:
      return Code.UNKNOWN;
  }
}
