// ScopeMetrics: metrics under one instrumentation scope, whose bytes belong to their identity.
import { chain, hashBytes, Part } from '../series/hash';
import { isKnown, remember } from '../series/known';
import { enterMessage, lower, readSpan, readTag, upper } from '../wire/cursor';
import { skipField } from '../wire/skip';
import { checkMessage } from '../wire/structure';
import { Message, ScopeMetrics } from '../wire/tags';
import { walkMetric } from './metric';
import { body, endIndex, firstIndex, metricAt, metrics, points, rowAt } from './rows';

/** Messages above: request, resource. */
const DEPTH = 2;

/** Adds what became known late to the hash of the points [first, points). */
export function amendRows(first: i32, change: u64): void {
  const to = endIndex(points);
  for (let i = firstIndex(first); i < to; i++) rowAt(i).hash ^= change;
}

/** False: malformed. `resource`: hash of the resource. A scope that is absent is an empty one. */
export function walkScopeMetrics(start: usize, limit: usize, resource: u64): bool {
  if (!enterMessage(start)) return false;
  const firstPoint = points;
  const firstMetric = metrics;
  let scope = ((<u64>start) << 32) | <u64>start;
  let hash = hashBytes(start, start, Part.SCOPE);
  let hasScope = false;
  let cursor = start;
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return false;
    const tag = upper(read);
    cursor = lower(read);
    switch (tag) {
      case ScopeMetrics.SCOPE: {
        scope = readSpan(cursor, limit);
        if (!scope) return false;
        cursor = lower(scope);
        const part = hashBytes(upper(scope), cursor, Part.SCOPE);
        if (!isKnown(part)) {
          if (!checkMessage(Message.INSTRUMENTATION_SCOPE, upper(scope), cursor, DEPTH + 1)) return false;
          remember(part);
        }
        const merged = hasScope ? chain(hash, part) : part;
        amendRows(firstPoint, hash ^ merged);
        hash = merged;
        hasScope = true;
        break;
      }
      case ScopeMetrics.METRICS: {
        const span = readSpan(cursor, limit);
        if (!span || !walkMetric(upper(span), lower(span), resource ^ hash)) return false;
        cursor = lower(span);
        break;
      }
      case ScopeMetrics.SCHEMA_URL:
        cursor = lower(readSpan(cursor, limit));
        break;
      default:
        cursor = skipField(tag, cursor, limit, DEPTH);
    }
    if (!cursor) return false;
  }
  for (let i = firstMetric; i < metrics; i++) {
    metricAt(i).scopeStart = upper(scope) - <u32>body;
    metricAt(i).scopeEnd = <u32>(lower(scope) - body);
  }
  return true;
}
