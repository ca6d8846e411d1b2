// Which export requests a JSON text holds: requests as they are sent, and single resources as SDKs log them.
import { jsonToProtobuf } from '../../otlp/index.js';
import type { Signal } from '../../pipeline/index.js';
import { JsonObjects } from './json-objects.js';
import type { RecordedRequest } from './recorded.js';

const FIRST_KEY = /^\s*\{\s*"([^"\\]*)"\s*:/;
const KIND = /resource_?(metrics|spans|logs)/i;
const EVERY_KIND = /"resource_?(metrics|spans|logs)"\s*:/gi;
/** What a resource holds; the last are the names of before version 0.15 of the protocol. */
const SCOPES = /^(?:scope_?|instrumentation_?library_?)(metrics|spans|logs)$/i;
const SIGNALS: Readonly<Record<string, Signal>> = { metrics: 'metrics', spans: 'traces', logs: 'logs' };

const signalNamed = (kind: string | undefined): Signal | undefined => SIGNALS[kind?.toLowerCase() ?? ''];

/** Whether a text speaks of OTLP at all: enough to tell a format by. */
export const speaksOfOtlp = (text: string): boolean =>
  /"(?:resource_?|scope_?|instrumentation_?library_?)(?:metrics|spans|logs)"\s*:/i.test(text);

/**
 * The requests in the text, an object or an array of them; none: it is other JSON. Throws where it is no JSON, or
 * malformed.
 */
export function requestsIn(text: string): RecordedRequest[] {
  if (/^\s*\[/.test(text)) return requestsOfArray(text);
  const first = signalNamed(KIND.exec(FIRST_KEY.exec(text)?.[1] ?? '')?.[1]);
  const kinds = new Set([...text.matchAll(EVERY_KIND)].map(([, kind]) => signalNamed(kind)));
  if (first && kinds.size === 1) return [{ signal: first, body: jsonToProtobuf(first, text) }];
  return requestsByKeys(text, Object.keys(JSON.parse(text) ?? {}));
}

/**
 * The requests of one line of a log: as they are, or behind what logs put in front (a time, a level, the name of a
 * pod), several side by side, or as the text of a container runtime's record. None where there is none; throws what is
 * wrong with the line.
 */
export function requestsOfLine(line: string): RecordedRequest[] {
  try {
    const requests = requestsIn(line);
    return requests.length > 0 ? requests : requestsOfRecord(line);
  } catch (error) {
    const inner = new JsonObjects().push(Buffer.from(line));
    if (inner.length === 1 && inner[0] === line) throw error;
    const requests = inner.flatMap((text) => requestsOr(text, error));
    if (requests.length === 0) throw error;
    return requests;
  }
}

function requestsOr(text: string, wrong: unknown): RecordedRequest[] {
  try {
    return requestsIn(text);
  } catch {
    throw wrong;
  }
}

/** Docker writes `{"log":"…\\n","stream":"stdout","time":"…"}`. */
function requestsOfRecord(line: string): RecordedRequest[] {
  if (!line.includes('\\"')) return [];
  const { log } = (JSON.parse(line) ?? {}) as { log?: unknown };
  return typeof log === 'string' && speaksOfOtlp(log) ? requestsOfLine(log) : [];
}

function requestsOfArray(text: string): RecordedRequest[] {
  JSON.parse(text);
  return new JsonObjects().push(Buffer.from(text)).flatMap(requestsIn);
}

function requestsByKeys(text: string, keys: readonly string[]): RecordedRequest[] {
  const whole = keys.flatMap((key) => signalNamed(new RegExp(`^${KIND.source}$`, 'i').exec(key)?.[1]) ?? []);
  if (whole.length > 0) return whole.map((signal) => ({ signal, body: jsonToProtobuf(signal, text) }));
  const kind = keys.map((key) => SCOPES.exec(key)?.[1]).find(Boolean);
  const signal = signalNamed(kind);
  if (!signal) return [];
  const key = { metrics: 'resourceMetrics', traces: 'resourceSpans', logs: 'resourceLogs' }[signal];
  return [{ signal, body: jsonToProtobuf(signal, `{"${key}":[${text}]}`) }];
}

/** The whole resources of a request that is cut: nothing else may be left of a file of one request. */
export function salvaged(text: string): RecordedRequest[] {
  const start = text.indexOf('[');
  if (start < 0 || !signalNamed(KIND.exec(text.slice(0, start))?.[1])) return [];
  return new JsonObjects().push(Buffer.from(text.slice(start))).flatMap((resource) => {
    try {
      return requestsIn(resource);
    } catch {
      return [];
    }
  });
}
