// Which signal the bytes of an export request are: files of the Collector's exporter do not say.
import protobuf from 'protobufjs/minimal.js';
import { LEGACY_FIELD } from '../../otlp/index.js';
import type { Signal } from '../../pipeline/index.js';

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of wire type 2: where its content is. */
  readonly start: number;
  readonly end: number;
}

/** The fields of a message. Throws RangeError or Error where the bytes are none. */
function* fieldsOf(body: Uint8Array, start: number, end: number): Generator<Field> {
  const reader = protobuf.Reader.create(body.subarray(0, end));
  reader.pos = start;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [number, wire] = [tag >>> 3, tag & 7];
    if (number === 0) throw new Error('field 0');
    if (wire !== 2) {
      const at = reader.pos;
      reader.skipType(wire);
      yield { number, wire, start: at, end: reader.pos };
      continue;
    }
    const length = reader.uint32();
    if (reader.pos + length > end) throw new RangeError('cut short');
    yield { number, wire, start: reader.pos, end: reader.pos + length };
    reader.pos += length;
  }
}

/**
 * Contents of field 2 of field 2 (or its predecessor) of field 1: the metrics, spans or log records of every scope of
 * every resource.
 */
function* itemsOf(body: Uint8Array): Generator<Field> {
  for (const resource of fieldsOf(body, 0, body.length)) {
    if (resource.number !== 1 || resource.wire !== 2) continue;
    for (const scope of fieldsOf(body, resource.start, resource.end)) {
      if ((scope.number !== 2 && scope.number !== LEGACY_FIELD) || scope.wire !== 2) continue;
      for (const item of fieldsOf(body, scope.start, scope.end)) {
        if (item.number === 2 && item.wire === 2) yield item;
      }
    }
  }
}

const TRACE_ID_BYTES = 16;
/** Metric.data: gauge, sum, histogram, exponential histogram, summary. */
const METRIC_DATA = [5, 7, 9, 10, 11];

/** A span starts with its 16-byte trace id, a log record with a fixed time; a metric has a name and data. */
function signalOfItem(body: Uint8Array, { start, end }: Field): Signal | undefined {
  const fields = [...fieldsOf(body, start, end)];
  if (fields.some(({ number, wire }) => (number === 1 || number === 11) && wire === 1)) return 'logs';
  const isTime = ({ number, wire }: Field): boolean => (number === 7 || number === 8) && wire === 1;
  const first = fields.find(({ number, wire }) => number === 1 && wire === 2);
  if (first && first.end - first.start === TRACE_ID_BYTES && fields.some(isTime)) return 'traces';
  return fields.some(({ number, wire }) => METRIC_DATA.includes(number) && wire === 2) ? 'metrics' : undefined;
}

/**
 * The signal of a serialised request, by its first item that can be told; 'metrics' of one without items; undefined: no
 * such request.
 */
export function signalOf(body: Uint8Array): Signal | undefined {
  try {
    let empty = true;
    for (const item of itemsOf(body)) {
      empty = false;
      const signal = signalOfItem(body, item);
      if (signal) return signal;
    }
    return empty ? 'metrics' : undefined;
  } catch {
    return undefined;
  }
}
