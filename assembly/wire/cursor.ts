// Reads tags, lengths and varints at a cursor, accepting and refusing exactly what protobufjs' Reader does.
//
// A reader answers two numbers packed into one u64, so that nothing goes through memory: value << 32 | cursor behind
// it. 0 means failure (no cursor is 0): `failure` and `failedAt` then say why and where.
import { Status } from '../status';

export let failure: i32 = Status.OK;
/** Address at which decoding stopped. */
export let failedAt: usize = 0;

/**
 * Messages that one request may consist of, those within messages included. What anybody sends has twenty bytes and
 * more for each; 64 MiB of empty ones, which are some kilobytes of gzip, would hold the event loop for a second.
 */
export const MOST_MESSAGES: i32 = 1 << 23;
let messagesLeft: i32 = 0;

/** Before a request is walked. */
export function forgetFailure(): void {
  failure = Status.OK;
  failedAt = 0;
  messagesLeft = MOST_MESSAGES;
}

/** A message of the request begins at `at`; false, and the walk has failed: it is one too many. */
// @ts-ignore: decorator
@inline
export function enterMessage(at: usize): bool {
  return --messagesLeft >= 0 || fail(Status.MESSAGES, at) != 0;
}

/** Records the failure and answers 0. */
export function fail(status: i32, at: usize): usize {
  failure = status;
  failedAt = at;
  return 0;
}

/** Upper half of a reader's answer. */
// @ts-ignore: decorator
@inline
export function upper(pair: u64): u32 {
  return <u32>(pair >> 32);
}

/** Lower half of a reader's answer: the cursor, or the end of a span. */
// @ts-ignore: decorator
@inline
export function lower(pair: u64): usize {
  return <usize>(pair & 0xffff_ffff);
}

// @ts-ignore: decorator
@inline
function pair(value: u32, cursor: usize): u64 {
  return ((<u64>value) << 32) | <u64>cursor;
}

/** A varint of at most five bytes, the last of which is at most `lastMax`. */
function shortVarint(cursor: usize, limit: usize, lastMax: u32, status: i32): u64 {
  const start = cursor;
  let value: u32 = 0;
  for (let shift: u32 = 0; shift < 35; shift += 7) {
    if (cursor >= limit) return fail(Status.TRUNCATED, start);
    const byte: u32 = load<u8>(cursor++);
    if (shift == 28 && byte > lastMax) return fail(status, start);
    value |= (byte & 127) << shift;
    if (byte < 128) return pair(value, cursor);
  }
  return fail(status, start);
}

/** A whole tag, number << 3 | wire type; needs cursor < limit. */
// @ts-ignore: decorator
@inline
export function readTag(cursor: usize, limit: usize): u64 {
  const byte: u32 = load<u8>(cursor);
  return byte < 128 ? pair(byte, cursor + 1) : shortVarint(cursor, limit, 15, Status.TAG);
}

function longSpan(cursor: usize, limit: usize): u64 {
  if (cursor + 2 <= limit && load<u8>(cursor) >= 128 && load<u8>(cursor, 1) < 128) {
    const short = (<usize>load<u8>(cursor) & 127) | ((<usize>load<u8>(cursor, 1)) << 7);
    const at = cursor + 2;
    return at + short <= limit ? pair(<u32>at, at + short) : fail(Status.TRUNCATED, cursor);
  }
  const size = shortVarint(cursor, limit, 7, Status.VARINT);
  if (!size) return 0;
  const start = lower(size);
  if (<u64>start + upper(size) > <u64>limit) return fail(Status.TRUNCATED, cursor);
  return pair(<u32>start, start + upper(size));
}

/**
 * A length and what it spans: start in the upper half, end (within limit) in the lower. The cursor may stand at the
 * limit.
 */
// @ts-ignore: decorator
@inline
export function readSpan(cursor: usize, limit: usize): u64 {
  const size: usize = load<u8>(cursor);
  const start = cursor + 1;
  return size < 128 && start + size <= limit ? pair(<u32>start, start + size) : longSpan(cursor, limit);
}

/** Value of the varint that `readVarint` read last. */
export let varint: u64 = 0;

/** A varint of at most ten bytes, into `varint`; answers the cursor behind it. */
export function readVarint(cursor: usize, limit: usize): usize {
  const start = cursor;
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (cursor >= limit) return fail(Status.TRUNCATED, start);
    const byte: u64 = load<u8>(cursor++);
    value |= (byte & 127) << shift;
    if (byte < 128) {
      varint = value;
      return cursor;
    }
  }
  return fail(Status.VARINT, start);
}

/** The cursor behind `bytes` bytes. */
// @ts-ignore: decorator
@inline
export function advance(cursor: usize, limit: usize, bytes: usize): usize {
  return cursor + bytes <= limit ? cursor + bytes : fail(Status.TRUNCATED, cursor);
}
