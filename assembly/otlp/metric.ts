// A Metric: its identity (name, unit, type of data, temporality, monotonic) and its points.
import { chain, hashBytes, Part } from '../series/hash';
import { enterMessage, lower, readSpan, readTag, upper } from '../wire/cursor';
import { skipField } from '../wire/skip';
import { checkMessage } from '../wire/structure';
import { Message, Metric } from '../wire/tags';
import { isMonotonic, startData, temporality, walkData } from './data';
import { addMetric, body, discardPoints, endIndex, firstIndex, points, rowAt } from './rows';

/** Messages above a metric: request, resource, scope. */
const DEPTH = 3;

/** name and unit: start in the upper, end in the lower half; `data`: field number. */
function recordMetric(start: usize, end: usize, name: u64, unit: u64, data: u32, from: i32, to: i32): void {
  const metric = addMetric();
  metric.start = <u32>(start - body);
  metric.end = <u32>(end - body);
  metric.nameStart = upper(name) - <u32>body;
  metric.nameEnd = <u32>(lower(name) - body);
  metric.unitStart = upper(unit) - <u32>body;
  metric.unitEnd = <u32>(lower(unit) - body);
  metric.temporality = temporality;
  metric.isMonotonic = isMonotonic;
  const text = hashBytes(upper(name), lower(name), Part.NAME) ^ hashBytes(upper(unit), lower(unit), Part.UNIT);
  const hash = chain(text, <u64>data | ((<u64>isMonotonic) << 8) | ((<u64>temporality) << 32));
  for (let i = from; i < to; i++) rowAt(i).hash ^= hash;
}

/** False: malformed. `identity`: hash of resource and scope. */
export function walkMetric(start: usize, limit: usize, identity: u64): bool {
  if (!enterMessage(start)) return false;
  const empty = ((<u64>start) << 32) | <u64>start;
  const first = points;
  let name = empty;
  let unit = empty;
  let dataTag: u32 = 0;
  let cursor = start;
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return false;
    const tag = upper(read);
    cursor = lower(read);
    switch (tag) {
      case Metric.NAME:
        name = readSpan(cursor, limit);
        cursor = lower(name);
        break;
      case Metric.UNIT:
        unit = readSpan(cursor, limit);
        cursor = lower(unit);
        break;
      case Metric.DESCRIPTION:
        cursor = lower(readSpan(cursor, limit));
        break;
      case Metric.GAUGE:
      case Metric.SUM:
      case Metric.HISTOGRAM:
      case Metric.EXPONENTIAL_HISTOGRAM:
      case Metric.SUMMARY: {
        const span = readSpan(cursor, limit);
        if (!span) return false;
        if (tag != dataTag) {
          discardPoints(first);
          startData();
          dataTag = tag;
        }
        if (!walkData(tag, upper(span), lower(span), identity)) return false;
        cursor = lower(span);
        break;
      }
      case Metric.METADATA: {
        const span = readSpan(cursor, limit);
        if (!span) return false;
        cursor = checkMessage(Message.KEY_VALUE, upper(span), lower(span), DEPTH + 1);
        break;
      }
      default:
        cursor = skipField(tag, cursor, limit, DEPTH);
    }
    if (!cursor) return false;
  }
  const from = firstIndex(first);
  const to = endIndex(points);
  if (from < to) recordMetric(start, limit, name, unit, dataTag >>> 3, from, to);
  return true;
}
