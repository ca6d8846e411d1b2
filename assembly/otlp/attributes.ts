// Identity of a point's attributes: the hash of their bytes as they stand, keys, values and order.
import { chain, hashBytes, Part } from '../series/hash';
import { isKnown, remember } from '../series/known';
import { lower, readSpan, readTag, upper } from '../wire/cursor';
import { checkMessage } from '../wire/structure';
import { Message } from '../wire/tags';

/** Messages above a point's attribute: request, resource, scope, metric, data, point. */
const ATTRIBUTE_DEPTH = 6;

/** A run of [tag, length, KeyValue]…: walked only if these bytes were never seen. */
function checkRun(cursor: usize, end: usize): bool {
  while (cursor < end) {
    // Tag and span were read before: neither can fail.
    const span = readSpan(lower(readTag(cursor, end)), end);
    if (!checkMessage(Message.KEY_VALUE, upper(span), lower(span), ATTRIBUTE_DEPTH)) return false;
    cursor = lower(span);
  }
  return true;
}

let hash: u64 = 0;

/** Hash of the attributes after the last `hashRun`. */
// @ts-ignore: decorator
@inline
export function attributesHash(): u64 {
  return hash;
}

/** Before the first field of a point. */
// @ts-ignore: decorator
@inline
export function startAttributes(): void {
  hash = 0;
}

/** Adds a run of neighbouring attributes, tags and lengths included, to the hash; false: one of them is malformed. */
export function hashRun(start: usize, end: usize): bool {
  const run = hashBytes(start, end, Part.ATTRIBUTES);
  if (!isKnown(run)) {
    if (!checkRun(start, end)) return false;
    remember(run);
  }
  hash = hash == 0 ? run : chain(hash, run);
  return true;
}
