// google.rpc.Status: the error model of gRPC and of OTLP/HTTP, with the delay of RetryInfo.
import { google } from '#proto';
import { PermanentError, type RefusalCode, RetryableError } from '../pipeline/index.js';

/** Canonical codes, https://github.com/grpc/grpc/blob/master/doc/statuscodes.md. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** An answer other than OK. */
export interface Status {
  readonly code: number;
  readonly message: string;
  /** From RetryInfo: the same request may be sent again after so long; ms. */
  readonly retryAfterMs?: number;
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * What a refusal is answered with where the pipeline does not know a delay; ms. Senders wait longer by their own
 * backoff.
 */
export const DEFAULT_RETRY_MS = 1000;

const CODES: Readonly<Record<RefusalCode, number>> = {
  invalid_argument: Code.INVALID_ARGUMENT,
  unauthenticated: Code.UNAUTHENTICATED,
  permission_denied: Code.PERMISSION_DENIED,
  failed_precondition: Code.FAILED_PRECONDITION,
  internal: Code.INTERNAL,
};

/**
 * The status of a refusal by the pipeline. Anything else that was thrown is a fault of ours: INTERNAL, its text kept to
 * ourselves.
 */
export function statusOf(error: unknown): Status {
  if (error instanceof RetryableError)
    return { code: Code.UNAVAILABLE, message: error.message, retryAfterMs: error.retryAfterMs ?? DEFAULT_RETRY_MS };
  if (error instanceof PermanentError) return { code: CODES[error.code], message: error.message };
  return { code: Code.INTERNAL, message: 'pxanomaly failed to take the request; its log says why' };
}

const HTTP_OF: Readonly<Record<number, number>> = {
  [Code.INVALID_ARGUMENT]: 400,
  [Code.OUT_OF_RANGE]: 400,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.UNAUTHENTICATED]: 401,
  [Code.PERMISSION_DENIED]: 403,
  [Code.NOT_FOUND]: 404,
  [Code.RESOURCE_EXHAUSTED]: 413,
  [Code.UNIMPLEMENTED]: 404,
  [Code.UNAVAILABLE]: 503,
};

/**
 * HTTP status of a code. RESOURCE_EXHAUSTED without a delay is a body over the limit (413), with one an overload (429).
 */
export function httpStatusOf(status: Status): number {
  if (status.code === Code.RESOURCE_EXHAUSTED && status.retryAfterMs !== undefined) return 429;
  return HTTP_OF[status.code] ?? 500;
}

/** Serialised google.rpc.Status. */
export function encodeStatus(status: Status): Uint8Array {
  const { code, message, retryAfterMs } = status;
  const details = retryAfterMs === undefined ? [] : [{ typeUrl: RETRY_INFO, value: retryInfo(retryAfterMs) }];
  return google.rpc.Status.encode({ code, message, details }).finish();
}

function retryInfo(ms: number): Uint8Array {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  return google.rpc.RetryInfo.encode({ retryDelay: { seconds, nanos } as never }).finish();
}

/** Reads a google.rpc.Status; throws Error or RangeError if it is none. */
export function decodeStatus(bytes: Uint8Array): Status {
  const { code, message, details } = google.rpc.Status.decode(bytes);
  const detail = details.find((any) => any.typeUrl === RETRY_INFO);
  const delay = detail && google.rpc.RetryInfo.decode(detail.value!).retryDelay;
  const status = { code, message };
  return delay ? { ...status, retryAfterMs: Number(delay.seconds ?? 0) * 1000 + (delay.nanos ?? 0) / 1e6 } : status;
}

/** The status in proto3 JSON, as OTLP/HTTP answers JSON requests. */
export function statusToJson(status: Status): string {
  const { code, message, retryAfterMs } = status;
  if (retryAfterMs === undefined) return JSON.stringify({ code, message });
  return JSON.stringify({ code, message, details: [{ '@type': RETRY_INFO, retryDelay: `${retryAfterMs / 1000}s` }] });
}

/** Reads the JSON form; undefined if it is none. */
export function statusFromJson(json: string): Status | undefined {
  try {
    const { code = 0, message = '', details = [] } = JSON.parse(json);
    const delay = details.find((any: { '@type'?: string }) => any['@type'] === RETRY_INFO)?.retryDelay;
    const status = { code: Number(code), message: String(message) };
    return delay === undefined ? status : { ...status, retryAfterMs: Number.parseFloat(delay) * 1000 };
  } catch {
    return undefined;
  }
}
