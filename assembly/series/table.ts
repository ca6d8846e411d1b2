// The bounded series table: open addressing with linear probing over 64-bit hashes, dense slots of records beside it.
//
//   entries  [hash slot][hash slot][  empty ][hash slot] …   16 bytes each, a power of two of them, at most two thirds full
// An entry is removed by shifting its successors back, so that look-ups stay short however many series come and go.
import { Series, SeriesHead, SeriesState } from '../layout';
import { reserve } from '../memory';
import { forgetSeries } from './bind';

/** An entry, byte offsets; hash 0: empty. */
const enum Entry {
  HASH = 0,
  SLOT = 8,
  BYTES = 16,
}

/** Slots looked at for an idle series, when the table is full, for each new one. */
const SWEEP = 64;

let entries: usize = 0;
let mask: usize = 0;
let records: usize = 0;
let capacity: i32 = 0;
export let head: SeriesHead = changetype<SeriesHead>(0);

/** Seconds of the event clock without a point after which a series may give way when the table is full. */
let idleSeconds: u32 = 3600;

export function configureTable(maxSeries: i32, idle: u32): void {
  capacity = maxSeries;
  idleSeconds = idle;
}

export function tableInit(): void {
  let size: usize = 16;
  while (size < (<usize>capacity * 3) / 2) size <<= 1;
  mask = size - 1;
  entries = reserve(size * Entry.BYTES);
  records = reserve(<usize>capacity * offsetof<Series>());
  head = changetype<SeriesHead>(reserve(offsetof<SeriesHead>()));
  head.free = -1;
}

// @ts-ignore: decorator
@inline
export function seriesAt(slot: i32): Series {
  return changetype<Series>(records + <usize>slot * offsetof<Series>());
}

export function seriesUsed(): i32 {
  return head.used;
}

export function isSeries(slot: i32): bool {
  return slot >= 0 && slot < head.high && seriesAt(slot).state != SeriesState.FREE;
}

// @ts-ignore: decorator
@inline
function entryAt(index: usize): usize {
  return entries + (index & mask) * Entry.BYTES;
}

/** Index of the entry of this hash, or of the empty one where it would go. */
function probe(hash: u64): usize {
  let index = <usize>hash & mask;
  let found = load<u64>(entryAt(index), Entry.HASH);
  while (found != hash && found != 0) {
    index = (index + 1) & mask;
    found = load<u64>(entryAt(index), Entry.HASH);
  }
  return index;
}

/** Slot of the series; -1: unknown. */
export function findSeries(hash: u64): i32 {
  const entry = entryAt(probe(hash));
  return load<u64>(entry, Entry.HASH) == hash && hash != 0 ? load<i32>(entry, Entry.SLOT) : -1;
}

/** A slot for a new series; -1: there is no room. */
function takeSlot(): i32 {
  if (head.free < 0 && head.high == capacity && !reclaimIdle()) return -1;
  if (head.free < 0) return head.high++;
  const slot = head.free;
  head.free = seriesAt(slot).next;
  return slot;
}

/** Slot of the series, taken if it is new; -1: there is no room. */
export function admitSeries(hash: u64): i32 {
  const known = findSeries(hash);
  if (known >= 0 || hash == 0) return known;
  const slot = takeSlot();
  if (slot < 0) return -1;
  // Only now: taking a slot may have moved entries.
  const entry = entryAt(probe(hash));
  store<u64>(entry, hash, Entry.HASH);
  store<i32>(entry, slot, Entry.SLOT);
  const series = seriesAt(slot);
  memory.fill(changetype<usize>(series), 0, offsetof<Series>());
  series.hash = hash;
  series.edge = -1;
  series.state = SeriesState.USED;
  series.touched = head.now;
  head.used++;
  return slot;
}

/** Forgets a series that stands in no edge's list. */
export function dropSeries(slot: i32): void {
  const series = seriesAt(slot);
  removeEntry(probe(series.hash));
  series.state = SeriesState.FREE;
  series.hash = 0;
  series.next = head.free;
  head.free = slot;
  head.used--;
}

/** Empties the entry, moving back every later one of the cluster that may stand closer to its home. */
function removeEntry(hole: usize): void {
  let index = hole;
  for (;;) {
    index = (index + 1) & mask;
    const hash = load<u64>(entryAt(index), Entry.HASH);
    if (hash == 0) break;
    if (((index - (<usize>hash & mask)) & mask) < ((index - hole) & mask)) continue;
    memory.copy(entryAt(hole), entryAt(index), Entry.BYTES);
    hole = index;
  }
  store<u64>(entryAt(hole), 0, Entry.HASH);
}

export function seriesHigh(): i32 {
  return head.high;
}

/** When the series last had a point, seconds of the event clock. */
export function seriesTouched(slot: i32): u32 {
  return seriesAt(slot).touched;
}

/** Moves a record; links to it are the caller's. False: there is none, or the slot is in use. */
export function moveSeriesRecord(from: i32, to: i32): bool {
  if (!isSeries(from) || isSeries(to)) return false;
  memory.copy(changetype<usize>(seriesAt(to)), changetype<usize>(seriesAt(from)), offsetof<Series>());
  seriesAt(from).state = SeriesState.FREE;
  seriesAt(from).hash = 0;
  store<i32>(entryAt(probe(seriesAt(to).hash)), to, Entry.SLOT);
  return true;
}

/** All series are in the first slots. */
export function fillSeries(count: i32): void {
  head.high = count;
  head.free = -1;
  head.hand = 0;
}

/** Makes the look-up anew from the records: they came from a table of another size. */
export function reindexSeries(): void {
  memory.fill(entries, 0, (mask + 1) * Entry.BYTES);
  for (let slot = 0; slot < head.high; slot++) {
    if (!isSeries(slot)) continue;
    const entry = entryAt(probe(seriesAt(slot).hash));
    store<u64>(entry, seriesAt(slot).hash, Entry.HASH);
    store<i32>(entry, slot, Entry.SLOT);
  }
  if (head.hand >= capacity) head.hand = 0;
}

/** Looks at the next slots for a series without a point for long, and forgets the first one found. */
function reclaimIdle(): bool {
  for (let i = 0; i < SWEEP && capacity > 0; i++) {
    const slot = head.hand;
    head.hand = slot + 1 < capacity ? slot + 1 : 0;
    const series = seriesAt(slot);
    if (series.state != SeriesState.FREE && head.now - series.touched > idleSeconds) {
      forgetSeries(slot, true);
      return true;
    }
  }
  return false;
}

