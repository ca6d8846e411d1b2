// What OTLP lets a client do after each gRPC status.

import { Code } from '../../otlp/index.js';
import { PermanentError, type RefusalCode, RetryableError } from '../../pipeline/index.js';

/** OTLP specification, "Failures" of OTLP/gRPC. RESOURCE_EXHAUSTED only where the server says when. */
const RETRYABLE: ReadonlySet<number> = new Set([
  Code.CANCELLED,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

const REFUSAL: ReadonlyMap<number, RefusalCode> = new Map<number, RefusalCode>([
  [Code.INVALID_ARGUMENT, 'invalid_argument'],
  [Code.UNAUTHENTICATED, 'unauthenticated'],
  [Code.PERMISSION_DENIED, 'permission_denied'],
  [Code.FAILED_PRECONDITION, 'failed_precondition'],
]);

const NAME: ReadonlyMap<number, string> = new Map(Object.entries(Code).map(([name, code]) => [code, name]));

/** A status other than OK as the error of an attempt. */
export function statusError(code: number, message: string, retryAfterMs?: number): PermanentError | RetryableError {
  const text = `${NAME.get(code) ?? code}: ${message || 'no message'}`;
  const retryable = RETRYABLE.has(code) || (code === Code.RESOURCE_EXHAUSTED && retryAfterMs !== undefined);
  return retryable ? new RetryableError(text, retryAfterMs) : new PermanentError(text, REFUSAL.get(code) ?? 'internal');
}

/** The status of an answer that is not gRPC's own (a proxy's), by gRPC's "HTTP to gRPC Status Code Mapping". */
export function codeOfHttpStatus(status: number): number {
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
