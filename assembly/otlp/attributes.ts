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
  guessEnd = 0;
}

/** The run that was guessed last, and its hash. */
let guessStart: usize = 0;
let guessEnd: usize = 0;
let guess: u64 = 0;
let isGuessKnown = false;
/** Bytes behind the attributes in the point walked last. */
let tail: usize = 0;

/**
 * Where the run of attributes from `start` on ends, if it ends as far before `limit` as the last one did and was seen
 * before; else 0.
 */
// @ts-ignore: decorator
@inline
export function knownEnd(start: usize, limit: usize): usize {
  if (limit - start <= tail) return 0;
  guessStart = start;
  guessEnd = limit - tail;
  guess = hashBytes(start, guessEnd, Part.ATTRIBUTES);
  isGuessKnown = isKnown(guess);
  return isGuessKnown ? guessEnd : 0;
}

/**
 * Adds a run of neighbouring attributes, tags and lengths included, to the hash; false: one of them is malformed.
 * `limit`: of the point.
 */
export function hashRun(start: usize, end: usize, limit: usize): bool {
  const isGuessed = start == guessStart && end == guessEnd;
  const run = isGuessed ? guess : hashBytes(start, end, Part.ATTRIBUTES);
  tail = limit - end;
  if (!(isGuessed ? isGuessKnown : isKnown(run))) {
    if (!checkRun(start, end)) return false;
    remember(run);
  }
  hash = hash == 0 ? run : chain(hash, run);
  return true;
}
