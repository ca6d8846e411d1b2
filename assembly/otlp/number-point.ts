// A data point of a gauge or sum: one number, integer or double, the last on the wire counts.
import { advance, lower, readSpan, readTag, readVarint, upper, varint } from '../wire/cursor';
import { skipField } from '../wire/skip';
import { checkMessage } from '../wire/structure';
import { Message, NumberDataPoint as Point } from '../wire/tags';
import { hashRun, knownEnd, startAttributes } from './attributes';
import { NO_RECORDED_VALUE, POINT_DEPTH, recordPoint } from './point';
import { RowFlag } from './row';

/** Walks [start, limit) and records its row; false: malformed. `flags`: field number of Metric.data. */
export function walkNumberPoint(start: usize, limit: usize, flags: u32, identity: u64): bool {
  let time: u64 = 0;
  let startTime: u64 = 0;
  let value: f64 = 0;
  // Attributes stand side by side as a rule: a run of them is hashed at once.
  let runStart: usize = 0;
  let runEnd: usize = 0;
  startAttributes();
  let cursor = start;
  while (cursor < limit) {
    const tagAt = cursor;
    const read = readTag(cursor, limit);
    if (!read) return false;
    const tag = upper(read);
    cursor = lower(read);
    switch (tag) {
      case Point.ATTRIBUTES:
        if (tagAt != runEnd) {
          if (runEnd != 0 && !hashRun(runStart, runEnd, limit)) return false;
          runStart = tagAt;
          runEnd = knownEnd(tagAt, limit);
        }
        cursor = runEnd > tagAt ? runEnd : lower(readSpan(cursor, limit));
        if (!cursor) return false;
        runEnd = cursor;
        break;
      case Point.TIME_UNIX_NANO:
        time = load<u64>(cursor);
        cursor = advance(cursor, limit, 8);
        break;
      case Point.START_TIME_UNIX_NANO:
        startTime = load<u64>(cursor);
        cursor = advance(cursor, limit, 8);
        break;
      case Point.FLAGS:
        cursor = readVarint(cursor, limit);
        flags = varint & NO_RECORDED_VALUE ? flags | RowFlag.NO_VALUE : flags & ~RowFlag.NO_VALUE;
        break;
      case Point.AS_DOUBLE:
        value = load<f64>(cursor);
        flags |= RowFlag.VALUE;
        cursor = advance(cursor, limit, 8);
        break;
      case Point.AS_INT:
        value = <f64>load<i64>(cursor);
        flags |= RowFlag.VALUE;
        cursor = advance(cursor, limit, 8);
        break;
      case Point.EXEMPLARS: {
        const span = readSpan(cursor, limit);
        if (!span) return false;
        cursor = checkMessage(Message.EXEMPLAR, upper(span), lower(span), POINT_DEPTH + 1);
        break;
      }
      default:
        cursor = skipField(tag, cursor, limit, POINT_DEPTH);
    }
    if (!cursor) return false;
  }
  if (runEnd != 0 && !hashRun(runStart, runEnd, limit)) return false;
  recordPoint(start, limit, time, startTime, value, 0, flags, identity);
  return true;
}
