// Identity of a point's attributes: the hash of their bytes as they stand, keys, values and order.
import { chain, hashBytes, Part } from '../series/hash';
import { isKnown, remember } from '../series/known';
import { lower, readSpan, readTag, upper } from '../wire/cursor';
import { checkMessage } from '../wire/structure';
import { Message } from '../wire/tags';

/** Messages above a point's attribute: request, resource, scope, metric, data, point. */
const ATTRIBUTE_DEPTH = 6;

let start: usize = 0;
let end: usize = 0;
let hash: u64 = 0;

/** Before the first field of a point. */
// @ts-ignore: decorator
@inline
export function startAttributes(): void {
  start = 0;
  hash = 0;
}

/** Notes the attribute whose tag stands at `tagAt` and which ends at `attributeEnd`: runs of neighbours are hashed at once. */
// @ts-ignore: decorator
@inline
export function addAttribute(tagAt: usize, attributeEnd: usize): bool {
  if (start != 0 && tagAt != end && !closeRun()) return false;
  if (start == 0) start = tagAt;
  end = attributeEnd;
  return true;
}

/** A run of [tag, length, KeyValue]…: walked only if these bytes were never seen. */
function checkRun(): bool {
  for (let cursor = start; cursor < end; ) {
    // Tag and span were read before: neither can fail.
    const span = readSpan(lower(readTag(cursor, end)), end);
    if (!checkMessage(Message.KEY_VALUE, upper(span), lower(span), ATTRIBUTE_DEPTH)) return false;
    cursor = lower(span);
  }
  return true;
}

function closeRun(): bool {
  const run = hashBytes(start, end, Part.ATTRIBUTES);
  if (!isKnown(run)) {
    if (!checkRun()) return false;
    remember(run);
  }
  hash = hash == 0 ? run : chain(hash, run);
  start = 0;
  return true;
}

/** Behind the last field of a point: false when an attribute is malformed, else `attributesHash` is set. */
// @ts-ignore: decorator
@inline
export function finishAttributes(): bool {
  return start == 0 || closeRun();
}

// @ts-ignore: decorator
@inline
export function attributesHash(): u64 {
  return hash;
}
