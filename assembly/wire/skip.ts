// Skips a field that no message knows, groups included, as protobufjs' Reader.skipType does; but for varints, which
// have ten bytes at most.
import { Status } from '../status';
import { advance, enterMessage, fail, lower, readSpan, readTag, upper } from './cursor';

/** Messages and groups may nest so deep (protobufjs and protoc). */
export const MAX_DEPTH = 100;

/** Wire types. */
const enum Wire {
  VARINT = 0,
  FIXED64 = 1,
  LENGTH = 2,
  START_GROUP = 3,
  END_GROUP = 4,
  FIXED32 = 5,
}

/** Longer ones than any number needs are refused by every other protobuf, the Collector's included. */
const MOST_VARINT_BYTES: usize = 10;

function skipVarint(cursor: usize, limit: usize): usize {
  const start = cursor;
  const most = start + MOST_VARINT_BYTES;
  const end = most < limit ? most : limit;
  while (cursor < end) if (load<u8>(cursor++) < 128) return cursor;
  return fail(most <= limit ? Status.VARINT : Status.TRUNCATED, start);
}

/** A group counts as a message: it is the smallest thing that costs a call. */
function skipGroup(cursor: usize, limit: usize, depth: i32, field: u32): usize {
  if (!enterMessage(cursor)) return 0;
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return 0;
    const tag = upper(read);
    if (tag >>> 3 == 0) return fail(Status.TAG, cursor);
    if ((tag & 7) == Wire.END_GROUP) return tag >>> 3 == field ? lower(read) : fail(Status.WIRE_TYPE, cursor);
    cursor = skipField(tag, lower(read), limit, depth + 1);
    if (!cursor) return 0;
  }
  return fail(Status.TRUNCATED, cursor);
}

/**
 * The cursor behind the field whose tag has just been read; 0: failed. `depth`: of the message that the field stands
 * in.
 */
export function skipField(tag: u32, cursor: usize, limit: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return fail(Status.DEPTH, cursor);
  if (tag >>> 3 == 0) return fail(Status.TAG, cursor);
  switch (tag & 7) {
    case Wire.VARINT:
      return skipVarint(cursor, limit);
    case Wire.FIXED64:
      return advance(cursor, limit, 8);
    case Wire.LENGTH:
      return lower(readSpan(cursor, limit));
    case Wire.START_GROUP:
      return skipGroup(cursor, limit, depth, tag >>> 3);
    case Wire.FIXED32:
      return advance(cursor, limit, 4);
    default:
      return fail(Status.WIRE_TYPE, cursor);
  }
}
