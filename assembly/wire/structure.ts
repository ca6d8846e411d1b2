// Checks that bytes are a well-formed message of the protocol, by the table that is generated from proto/. Reads no
// values.
import { scratch } from '../memory';
import { Status } from '../status';
import { advance, enterMessage, fail, lower, readSpan, readTag, readVarint, upper } from './cursor';
import { MAX_DEPTH, skipField } from './skip';
import { isUtf8 } from './utf8';
import { Action, FIELD_COUNT, FIELDS, MESSAGES, TABLE_TAGS } from './tags';

/** u8[MESSAGES][TABLE_TAGS]: action by whole tag. */
let actions: usize = 0;

/** How many messages of the counted type were entered since `countMessages`. */
export let counted: i32 = 0;
let countedMessage: i32 = -1;

let looksAtTexts: bool = false;
/** Strings that are not UTF-8, since texts are, or were, looked at, and where the first of them stands. */
export let badTexts: i32 = 0;
export let badTextStart: usize = 0;
export let badTextEnd: usize = 0;

/** From now on strings are looked at, or not. */
export function lookAtTexts(isWanted: bool): void {
  looksAtTexts = isWanted;
  if (isWanted) badTexts = 0;
}

function lookAtText(start: usize, end: usize): void {
  if (isUtf8(start, end)) return;
  if (badTexts++ > 0) return;
  badTextStart = start;
  badTextEnd = end;
}

/** From now on counts messages of this type; -1: none. */
export function countMessages(message: i32): void {
  countedMessage = message;
  counted = 0;
}

export function structureInit(): void {
  actions = scratch(MESSAGES * TABLE_TAGS);
  for (let i = 0; i < FIELD_COUNT; i++) {
    const field = FIELDS + <usize>i * 3;
    store<u8>(actions + <usize>load<u8>(field) * TABLE_TAGS + <usize>load<u8>(field, 1), load<u8>(field, 2));
  }
}

/** What the walk does with a field of the message. */
// @ts-ignore: decorator
@inline
export function actionOf(message: i32, tag: u32): i32 {
  return tag < <u32>TABLE_TAGS ? load<u8>(actions + <usize>message * TABLE_TAGS + tag) : Action.UNKNOWN;
}

function packedVarints(cursor: usize, limit: usize): usize {
  while (cursor < limit) {
    cursor = readVarint(cursor, limit);
    if (!cursor) return 0;
  }
  return cursor;
}

/** Behind a length and so many bytes of whole 64-bit words. */
export function packedFixed64(cursor: usize, limit: usize): usize {
  const span = readSpan(cursor, limit);
  if (!span) return 0;
  return ((lower(span) - upper(span)) & 7) == 0 ? lower(span) : fail(Status.TRUNCATED, cursor);
}

/** The cursor behind a field whose action is this. */
export function checkField(action: i32, tag: u32, cursor: usize, limit: usize, depth: i32): usize {
  switch (action) {
    case Action.UNKNOWN:
      return skipField(tag, cursor, limit, depth);
    case Action.VARINT:
      return readVarint(cursor, limit);
    case Action.FIXED64:
      return advance(cursor, limit, 8);
    case Action.FIXED32:
      return advance(cursor, limit, 4);
  }
  if (action == Action.PACKED_FIXED64) return packedFixed64(cursor, limit);
  const span = readSpan(cursor, limit);
  if (!span) return 0;
  if (action == Action.BYTES || action == Action.STRING) return lower(span);
  if (action == Action.PACKED_VARINT) return packedVarints(upper(span), lower(span));
  return checkMessage(action - Action.MESSAGE, upper(span), lower(span), depth + 1);
}

/**
 * `limit` when [cursor, limit) is a well-formed `message` (a number of `Message`), else 0. `depth`: how deep it stands;
 * 0 the request.
 */
export function checkMessage(message: i32, cursor: usize, limit: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return fail(Status.DEPTH, cursor);
  if (!enterMessage(cursor)) return 0;
  if (message == countedMessage) counted++;
  const row = actions + <usize>message * TABLE_TAGS;
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return 0;
    const tag = upper(read);
    cursor = lower(read);
    // Strings and bytes are the bulk of every message: they go no further.
    const action: i32 = tag < <u32>TABLE_TAGS ? load<u8>(row + tag) : Action.UNKNOWN;
    if (action == Action.STRING || action == Action.BYTES) {
      const span = readSpan(cursor, limit);
      if (looksAtTexts && action == Action.STRING && span != 0) lookAtText(upper(span), lower(span));
      cursor = lower(span);
    } else cursor = checkField(action, tag, cursor, limit, depth);
    if (!cursor) return 0;
  }
  return limit;
}
