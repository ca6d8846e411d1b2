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
import {
  addBlocks,
  addRest,
  blockFrom,
  fingerprintInit,
  LEAST_BYTES,
  MOST_BYTES,
  passOf,
  SUMS_BYTES,
} from '../wire/fingerprint';
import { ExportMetricsServiceRequest, ResourceMetrics } from '../wire/tags';
import { MOST_HOLES } from './holes';

/** Every template fits into a ring of this size. */
const LEAST_RING: u64 = 16384;

@unmanaged
export class Template {
  /** Fingerprint: both passes. */
  first: u64;
  second: u64;
  bytes: u16;
  holes: u16;
  points: u16;
  metrics: u16;
  /** Of the resource within its field. */
  resourceStart: u16;
  resourceEnd: u16;
  pad: u32;
}

/** A point of a template. Offsets count from the start of the ResourceMetrics; 0 for a field: it is not on the wire. */
@unmanaged
export class TemplateRow {
  hash: u64;
  time: u16;
  startTime: u16;
  value: u16;
  count: u16;
  pointStart: u16;
  pointEnd: u16;
  /** Number of its metric within the ResourceMetrics. */
  metric: u16;
  isInteger: u16;
  flags: u32;
  /** Slot of its series when it was last looked up: a guess. */
  series: i32;
}
/** A record of a metric: the words of a MetricSpan, narrow. */
export const NARROW_METRIC: usize = 24;

/** A ResourceMetrics that was begun; the sums of its fingerprint follow. */
@unmanaged
class Ahead {
  /** By resource and length; 0: it cannot be kept. */
  key: u64;
  /** Position of the template that the last such one was read by; 0: none. */
  last: u64;
  start: u32;
  /** Up to here its bytes are in the sums; from here on where the resource is last. */
  hashed: u32;
  isResourceLast: u32;
  /** Whether one like it was seen before. */
  isSeen: u32;
}
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
/** Fields of a ResourceMetrics that are passed on the way to its resource: scopes, the URL of a schema. */
const MOST_FIELDS: i32 = 8;
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
function sumsOf(ahead: Ahead): usize {
  return changetype<usize>(ahead) + offsetof<Ahead>();
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

// @ts-ignore: decorator
@inline
export function holesOf(template: Template): usize {
  return changetype<usize>(template) + offsetof<Template>();
}

// @ts-ignore: decorator
@inline
export function rowsOf(template: Template): usize {
  return holesOf(template) + (((<usize>template.holes << 1) + 7) & ~7);
}

// @ts-ignore: decorator
@inline
export function metricsOf(template: Template): usize {
  return rowsOf(template) + <usize>template.points * offsetof<TemplateRow>();
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
 * The resource of [start, limit) if it comes first, as generated code writes fields, or last, as the Collector's pdata
 * does, from the highest number down. 0: it is elsewhere, or something is malformed.
 */
function resourceOf(start: usize, limit: usize): u64 {
  let cursor = start;
  for (let fields = 0; fields < MOST_FIELDS && cursor < limit; fields++) {
    const tag = <i32>load<u8>(cursor);
    if (tag > ResourceMetrics.SCHEMA_URL || (tag & 7) != (ResourceMetrics.RESOURCE & 7)) return 0;
    const span = readSpan(cursor + 1, limit);
    if (!span) return 0;
    if (tag == ResourceMetrics.RESOURCE) return fields == 0 || lower(span) == limit ? span : 0;
    cursor = lower(span);
  }
  return 0;
}

/** Begins with [start, limit) if it can be kept at all: with the blocks of its resource. */
function begin(next: Ahead, start: usize, limit: usize): void {
  const bytes = limit - start;
  next.start = <u32>start;
  next.key = 0;
  next.last = 0;
  next.isSeen = 0;
  if (bytes < LEAST_BYTES || bytes > MOST_BYTES) return;
  const resource = resourceOf(start, limit);
  if (!resource) return;
  next.isResourceLast = u32(load<u8>(start) != ResourceMetrics.RESOURCE);
  v128.store(sumsOf(next), i64x2.splat(0));
  v128.store(sumsOf(next), i64x2.splat(0), 16);
  if (next.isResourceLast) {
    // The last block, which ends where the range ends, must have nothing of the scopes in it: holes are at 0 only
    // later.
    const from = <usize>upper(resource);
    if (limit - from < LEAST_BYTES) return;
    next.hashed = <u32>blockFrom(start, from);
    addRest(sumsOf(next), start, <usize>next.hashed, limit);
  } else {
    next.hashed = <u32>addBlocks(sumsOf(next), start, start, lower(resource));
  }
  next.key = avalanche(passOf(sumsOf(next), 0) + bytes);
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
