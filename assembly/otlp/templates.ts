// Remembers what a walk of a ResourceMetrics gave, and knows the next one of the same bytes again.
//
// A sender repeats itself: the same ResourceMetrics comes again and again, but for its times and values, which are of
// fixed width.
//
//   ResourceMetrics  resource │ scope, name │ time │ value │ attributes │ name │ time │ value │ attributes
//   template         equal      equal         hole   hole    equal        equal  hole   hole    equal
//
// Bytes equal but for the holes are walked alike, whatever stands in the holes. They are equal if their fingerprints
// are, with the holes at 0. The bytes themselves are not kept: reading them again would cost more than the walk. A
// cache and no state: no result depends on it. Templates lie one behind the other in a ring, the newest overwrites the
// oldest:
//
//   ┌ Template ┬ u16 holes[] ┬ TemplateRow rows[] ┬ u16 metrics[][12] ┐   each part a multiple of 8 bytes, all of 16
import { scratch } from '../memory';
import { avalanche, hashSeed } from '../series/hash';
import { ENTRY_BYTES, entryOf, lineOf, WAYS } from '../series/lines';
import { lower, readSpan, upper } from '../wire/cursor';
import { addBlocks, addRest, fingerprintInit, passOf, SUMS_BYTES } from '../wire/fingerprint';
import { ExportMetricsServiceRequest } from '../wire/tags';
import { Ahead, begin, sumsOf } from './ahead';
import { holesOf, MOST_HOLES, Template } from './template';

/** Every template fits into a ring of this size. */
const LEAST_RING: u64 = 16384;
const AHEAD: i32 = 16;
const AHEAD_BYTES: usize = offsetof<Ahead>() + SUMS_BYTES;

/**
 * [key u64, position u64], four to a cache line: by resource and length, the template that was read last, at first
 * none; and by fingerprint.
 */
const PLACES: usize = 1 << 16;

/** A power of two; 0: nothing is kept. */
let ringBytes: u64 = 0;
let ring: usize = 0;
let byResource: usize = 0;
let byFingerprint: usize = 0;
/** u64[MOST_HOLES]: what stands in the holes while they are 0. */
let contents: usize = 0;
/** Bytes ever written: where the next template goes. A position is such a number, and never 0. */
let written: u64 = 16;
let entered: u32 = 0;
/** Position of the template placed last. */
let placed: u64 = 0;

/** The ResourceMetrics that was looked for last. */
let current: Ahead = changetype<Ahead>(0);
/** Ahead[AHEAD + 1]: those that were begun, and how many of them were looked for; the last is none. */
let aheads: usize = 0;
let begun: i32 = 0;
let taken: i32 = 0;
let requestEnd: usize = 0;
/** How many in a row had not been seen before, and how many are passed over: where all is new, three of four. */
let missesInARow: i32 = 0;
let backOff: i32 = 0;
const BACK_OFF_AFTER: i32 = 256;
/** Keeps the compiler from dropping loads. */
let prefetched: u64 = 0;

/** Room for templates, rounded down to a power of two, at least 16 KiB; 0: none are kept. Called before `init`. */
export function configureTemplates(bytes: u32): void {
  ringBytes = bytes == 0 ? 0 : max(<u64>1 << (31 - clz(bytes)), LEAST_RING);
}

export function templatesInit(): void {
  if (ringBytes == 0) return;
  fingerprintInit(hashSeed());
  aheads = scratch(<usize>(AHEAD + 1) * AHEAD_BYTES);
  current = aheadAt(0);
  ring = scratch(<usize>ringBytes);
  byResource = scratch(PLACES * ENTRY_BYTES);
  byFingerprint = scratch(PLACES * ENTRY_BYTES);
  contents = scratch(<usize>MOST_HOLES << 3);
}

/** Before the first ResourceMetrics of a request that ends there. */
export function startTemplates(end: usize): void {
  requestEnd = end;
  begun = 0;
  taken = 0;
}

// @ts-ignore: decorator
@inline
function aheadAt(index: i32): Ahead {
  return changetype<Ahead>(aheads + <usize>index * AHEAD_BYTES);
}

// @ts-ignore: decorator
@inline
function templateAt(position: u64): Template {
  return changetype<Template>(ring + <usize>(position & (ringBytes - 1)));
}

/** Whether the template at this position has not been overwritten. */
// @ts-ignore: decorator
@inline
function isThere(position: u64): bool {
  return position != 0 && written - position <= ringBytes;
}

/** The rest of the fingerprint, with the holes at 0. */
function addHollow(next: Ahead, start: usize, limit: usize, holes: usize, count: usize): void {
  const end = holes + (count << 1);
  let content = contents;
  for (let at = holes; at < end; at += 2) {
    const hole = start + <usize>load<u16>(at);
    store<u64>(content, load<u64>(hole));
    store<u64>(hole, 0);
    content += 8;
  }
  if (next.isResourceLast) addBlocks(sumsOf(next), start, start, <usize>next.hashed);
  else addRest(sumsOf(next), start, <usize>next.hashed, limit);
  content = contents;
  for (let at = holes; at < end; at += 2) {
    store<u64>(start + <usize>load<u16>(at), load<u64>(content));
    content += 8;
  }
}

/**
 * Sets the entry of this key. A new one takes the place of any other where the line is full: not of the oldest, or five
 * keys in turn would never be found.
 */
function enter(table: usize, key: u64, position: u64): void {
  const line = lineOf(table, PLACES, key);
  let at = entryOf(line, key);
  if (at == 0) at = entryOf(line, 0);
  if (at == 0) at = line + (<usize>(entered++) & (WAYS - 1)) * ENTRY_BYTES;
  store<u64>(at, key);
  store<u64>(at, position, 8);
}

/**
 * Begins with the ResourceMetrics [start, limit) and those behind it. Steps in which each waits for memory go over all
 * of them at once.
 */
function lookAhead(start: usize, limit: usize): void {
  begun = 0;
  taken = 0;
  for (;;) {
    begin(aheadAt(begun++), start, limit);
    if (begun == AHEAD || limit >= requestEnd || load<u8>(limit) != ExportMetricsServiceRequest.RESOURCE_METRICS) break;
    const span = readSpan(limit + 1, requestEnd);
    if (!span) break;
    start = upper(span);
    limit = lower(span);
  }
  for (let i = 0; i < begun; i++) {
    const next = aheadAt(i);
    missesInARow++;
    if (next.key == 0) continue;
    const entry = entryOf(lineOf(byResource, PLACES, next.key), next.key);
    if (entry == 0) continue;
    next.last = load<u64>(entry, 8);
    next.isSeen = 1;
    missesInARow = 0;
  }
  for (let i = 0; i < begun; i++) prefetch(aheadAt(i).last);
}

/** Not even looked for, nor kept. */
function passOver(): Template | null {
  backOff--;
  current = aheadAt(AHEAD);
  return null;
}

/** Brings the template's first lines into the cache. */
// @ts-ignore: decorator
@inline
function prefetch(position: u64): void {
  const at = changetype<usize>(templateAt(position));
  prefetched ^= load<u64>(at) ^ load<u64>(at, 64) ^ load<u64>(at, 128) ^ load<u64>(at, 192);
}

/** The template of the ResourceMetrics [start, limit); null: there is none. */
export function findTemplate(start: usize, limit: usize): Template | null {
  if (ringBytes == 0) return null;
  if (taken == begun || <usize>aheadAt(taken).start != start) {
    if (backOff > 0) return passOver();
    lookAhead(start, limit);
    if (missesInARow >= BACK_OFF_AFTER) backOff = 3 * AHEAD;
  }
  current = aheadAt(taken++);
  if (!isThere(current.last)) return null;
  // Its holes are at least likely to be at the same places: rows of one resource differ in names of one length.
  const likely = templateAt(current.last);
  const bytes = <u32>(limit - start);
  if (<u32>likely.bytes != bytes) return null;
  const sums = sumsOf(current);
  addHollow(current, start, limit, holesOf(likely), likely.holes);
  const first = passOf(sums, 0);
  const second = passOf(sums, 1);
  if (likely.first == first && likely.second == second) return likely;
  const key = avalanche(first);
  const found = entryOf(lineOf(byFingerprint, PLACES, key), key);
  const position = found != 0 ? load<u64>(found, 8) : 0;
  const other = templateAt(position);
  if (!isThere(position) || other.first != first || other.second != second || <u32>other.bytes != bytes) return null;
  enter(byResource, current.key, position);
  return other;
}

/** Whether a resource like the one that was looked for last was seen before: only what comes again is kept. */
export function wasSeen(): bool {
  if (ringBytes == 0 || current.key == 0) return false;
  if (!current.isSeen) enter(byResource, current.key, 0);
  return current.isSeen != 0;
}

/** True once templates can only be kept in the place of others. */
export function isRingFull(): bool {
  return written > ringBytes;
}

/** Room for a template of so many bytes. */
export function placeTemplate(bytes: usize): Template {
  const size = (<u64>bytes + 15) & ~15;
  const left = ringBytes - (written & (ringBytes - 1));
  if (left < size) written += left;
  placed = written;
  written += size;
  return templateAt(placed);
}

/** From now on the template placed last, of the ResourceMetrics that was looked for last, can be found. */
export function publishTemplate(template: Template, start: usize, limit: usize): void {
  begin(current, start, limit);
  addHollow(current, start, limit, holesOf(template), template.holes);
  template.first = passOf(sumsOf(current), 0);
  template.second = passOf(sumsOf(current), 1);
  enter(byResource, current.key, placed);
  enter(byFingerprint, avalanche(template.first), placed);
}
