// What an HTTP answer means for the request: OTLP specification, "OTLP/HTTP Response".
import { decodeStatus, jsonToMessage, NAMES, statusFromJson } from '../../otlp/index.js';
import { PermanentError, type RefusalCode, RetryableError, type Signal } from '../../pipeline/index.js';
import { decodePartialSuccess } from '../../sending/reply.js';
import type { PartialSuccess } from '../../sending/send.js';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** At most the bound that OTLP recommends; undefined: it was longer. */
  readonly body: Uint8Array | undefined;
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

const isJson = (answer: HttpAnswer): boolean => /^application\/json\b/i.test(answer.contentType);

/** The partial success of an answer; throws the error that any other status amounts to. */
export function judge(signal: Signal, answer: HttpAnswer, nowMs: number): PartialSuccess | undefined {
  if (answer.status >= 200 && answer.status < 300) return partialSuccess(signal, answer);
  const text = `HTTP ${answer.status}: ${reason(answer)}`;
  if (!RETRYABLE.has(answer.status)) throw new PermanentError(text, REFUSAL.get(answer.status) ?? 'internal');
  throw new RetryableError(text, parseRetryAfter(answer.retryAfter, nowMs));
}

/** The request was taken, so nothing about the note that came back makes it fail. */
function partialSuccess(signal: Signal, answer: HttpAnswer): PartialSuccess | undefined {
  if (!answer.body) return { rejected: 0, message: 'the response of the next hop is too large to read' };
  if (answer.body.byteLength === 0) return undefined;
  try {
    const message = isJson(answer) ? jsonToMessage(NAMES[signal].response, answer.body) : answer.body;
    return decodePartialSuccess(signal, message);
  } catch {
    return { rejected: 0, message: 'the response of the next hop is malformed' };
  }
}

/** The message of the Status in the body, or the beginning of whatever text a proxy sent. */
function reason(answer: HttpAnswer): string {
  if (answer.location) return `redirected to ${answer.location}; give that address as endpoint`;
  if (!answer.body) return 'response too large';
  const text = Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength).toString();
  if (isJson(answer)) return statusFromJson(text)?.message || text.slice(0, EXCERPT);
  if (/protobuf/i.test(answer.contentType)) return statusMessage(answer.body);
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
