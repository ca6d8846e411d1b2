// What an HTTP answer means for the request: OTLP specification, "OTLP/HTTP Response".
import { decodeStatus, jsonToMessage, NAMES, statusFromJson } from '../../otlp/index.js';
import { PermanentError, type RefusalCode, RetryableError, type Signal } from '../../pipeline/index.js';
import { decodePartialSuccess, MALFORMED, Unreadable } from '../../sending/reply.js';
import type { PartialSuccess } from '../../sending/send.js';

export interface HttpAnswer {
  readonly status: number;
  /** Lower case, with its parameters; '' where there is none. */
  readonly contentType: string;
  /** Content type of the request: what an answer without one is taken for. */
  readonly requestType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Uncompressed. */
  readonly body: Uint8Array | Unreadable;
}

/** All other 4xx and 5xx must not be tried again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const REFUSAL: ReadonlyMap<number, RefusalCode> = new Map<number, RefusalCode>([
  [400, 'invalid_argument'],
  [401, 'unauthenticated'],
  [403, 'permission_denied'],
]);

/** How much of a body that is no Status goes into the error text; characters. */
const EXCERPT = 200;

const JSON_TYPE = /^application\/json\b/;
/** `application/x-protobuf`, and how else it is written. */
const PROTOBUF_TYPE = /^application\/(x-protobuf|protobuf|vnd\.google\.protobuf)\b/;

/** How much of a content type goes into a line; characters. */
const MAX_TYPE = 80;

/** The partial success of an answer; throws the error that any other status amounts to. */
export function judge(signal: Signal, answer: HttpAnswer, nowMs: number): PartialSuccess | undefined {
  if (answer.status >= 200 && answer.status < 300) return partialSuccess(signal, answer);
  const text = `HTTP ${answer.status}: ${reason(answer)}`;
  if (!RETRYABLE.has(answer.status)) throw new PermanentError(text, REFUSAL.get(answer.status) ?? 'internal');
  throw new RetryableError(text, parseRetryAfter(answer.retryAfter, nowMs));
}

/** The request was taken, so nothing about the note that came back makes it fail. */
function partialSuccess(signal: Signal, { body, contentType, requestType }: HttpAnswer): PartialSuccess | undefined {
  if (body instanceof Unreadable) return body.asPartialSuccess();
  if (body.byteLength === 0) return undefined;
  const type = contentType || requestType;
  try {
    if (JSON_TYPE.test(type)) return decodePartialSuccess(signal, jsonToMessage(NAMES[signal].response, body));
    if (PROTOBUF_TYPE.test(type)) return decodePartialSuccess(signal, body);
  } catch {
    return MALFORMED.asPartialSuccess();
  }
  return new Unreadable(`is ${type.slice(0, MAX_TYPE)}, not OTLP: is that its endpoint?`).asPartialSuccess();
}

/** The message of the Status in the body, or the beginning of whatever text a proxy sent. */
function reason({ location, body, contentType }: HttpAnswer): string {
  if (location) return `redirected to ${location}; give that address as endpoint`;
  if (body instanceof Unreadable) return `the response ${body.why}`;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  if (JSON_TYPE.test(contentType)) return statusFromJson(text)?.message || text.slice(0, EXCERPT);
  if (PROTOBUF_TYPE.test(contentType)) return statusMessage(body);
  return text.trim().slice(0, EXCERPT) || 'no message';
}

function statusMessage(body: Uint8Array): string {
  try {
    return decodeStatus(body).message || 'no message';
  } catch {
    return 'unreadable status';
  }
}

/** `Retry-After`: seconds or an HTTP date. Output: ms from `nowMs`; undefined where it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
