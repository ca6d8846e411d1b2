// ResourceMetrics: everything that one resource reported; Pixie sends one a row.
import { chain, hashBytes, Part } from '../series/hash';
import { isKnown, remember } from '../series/known';
import { enterMessage, lower, readSpan, readTag, upper } from '../wire/cursor';
import { skipField } from '../wire/skip';
import { checkMessage } from '../wire/structure';
import { Message, ResourceMetrics } from '../wire/tags';
import { endOfResource } from './copies';
import { body, metricAt, metrics, points } from './rows';
import { amendRows, walkScopeMetrics } from './scope-metrics';
import { keepTemplate, readByTemplate } from './template-rows';

/** Messages above: the request. */
const DEPTH = 1;

/**
 * False: malformed. A resource that is absent is an empty one; one in several pieces is named by its last and told
 * apart by all.
 */
export function walkResourceMetrics(start: usize, limit: usize): bool {
  if (!enterMessage(start)) return false;
  if (readByTemplate(start, limit)) return true;
  const firstPoint = points;
  const firstMetric = metrics;
  let resource = ((<u64>start) << 32) | <u64>start;
  let hash = hashBytes(start, start, Part.RESOURCE);
  let pieces = 0;
  let cursor = start;
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return false;
    const tag = upper(read);
    cursor = lower(read);
    switch (tag) {
      case ResourceMetrics.RESOURCE: {
        resource = readSpan(cursor, limit);
        if (!resource) return false;
        cursor = lower(resource);
        const part = hashBytes(upper(resource), cursor, Part.RESOURCE);
        if (!isKnown(part)) {
          if (!checkMessage(Message.RESOURCE, upper(resource), cursor, DEPTH + 1)) return false;
          remember(part);
        }
        const merged = pieces ? chain(hash, part) : part;
        amendRows(firstPoint, hash ^ merged);
        hash = merged;
        pieces++;
        break;
      }
      case ResourceMetrics.SCOPE_METRICS: {
        const span = readSpan(cursor, limit);
        if (!span || !walkScopeMetrics(upper(span), lower(span), hash)) return false;
        cursor = lower(span);
        break;
      }
      case ResourceMetrics.SCHEMA_URL:
        cursor = lower(readSpan(cursor, limit));
        break;
      default:
        cursor = skipField(tag, cursor, limit, DEPTH);
    }
    if (!cursor) return false;
  }
  for (let i = firstMetric; i < metrics; i++) {
    metricAt(i).resourceStart = upper(resource) - <u32>body;
    metricAt(i).resourceEnd = <u32>(lower(resource) - body);
  }
  if (pieces == 1) keepTemplate(start, limit, resource, firstPoint, firstMetric);
  endOfResource(upper(resource), pieces == 1 ? lower(resource) : 0, limit, firstPoint);
  return true;
}
