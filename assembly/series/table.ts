// The bounded series table: open addressing with linear probing over 64-bit hashes, dense slots of records beside it.
//
//   entries  [slot tag][slot tag][ empty ][slot tag] …   8 bytes each, a power of two of them, at most two thirds full
// The tag is the upper half of the hash; the record has all of it. There are entries for the series that there are, and
// twice as many when those no longer do: scattered over the capacity, few series would touch all of its pages. They can
// be made anew from the records, so no snapshot has them. An entry is removed by shifting its successors back, so that
// look-ups stay short however many series come and go.
import { edgeAt } from '../graph/slots';
import { Region, reserve, scratch } from '../memory';
import { Series, SeriesHead, SeriesState } from './record';

const ENTRY_BYTES: usize = 8;
/** Bits of an entry that are the tag; the others are slot + 1, and 0 is an empty entry. */
const TAG: u64 = 0xffff_ffff_0000_0000;
/** Entries at first. */
const FIRST: usize = 1024;

let entries: usize = 0;
/** Entries in use - 1. */
export let mask: usize = FIRST - 1;
let records: usize = 0;
export let capacity: i32 = 0;
export let head: SeriesHead = changetype<SeriesHead>(0);

/** Seconds of the event clock without a point after which a series may give way when the table is full. */
export let idleSeconds: u32 = 3600;

export function configureTable(maxSeries: i32, idle: u32): void {
  capacity = maxSeries;
  idleSeconds = idle;
}

// @ts-ignore: decorator
@inline
export function isCrowded(size: usize, series: i32): bool {
  return (<usize>series * 3) / 2 > size;
}

function entriesFor(series: i32): usize {
  let size = FIRST;
  while (isCrowded(size, series)) size <<= 1;
  return size;
}

export function tableInit(): void {
  entries = scratch(entriesFor(capacity + 1) * ENTRY_BYTES);
  records = reserve(Region.SERIES, <usize>capacity * offsetof<Series>());
  head = changetype<SeriesHead>(reserve(Region.SERIES_HEAD, offsetof<SeriesHead>()));
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
  return entries + (index & mask) * ENTRY_BYTES;
}

// @ts-ignore: decorator
@inline
function slotOf(entry: u64): i32 {
  return <i32>entry - 1;
}

/** Whether this is the entry of the hash, or none. */
// @ts-ignore: decorator
@inline
function ends(entry: u64, hash: u64): bool {
  return entry == 0 || (((entry ^ hash) & TAG) == 0 && seriesAt(slotOf(entry)).hash == hash);
}

/** Index of the entry of this hash, or of the empty one where it would go. */
function probe(hash: u64): usize {
  let index = <usize>hash & mask;
  while (!ends(load<u64>(entryAt(index)), hash)) index = (index + 1) & mask;
  return index;
}

/** Has the entry of this hash lead to the slot. */
export function enter(hash: u64, slot: i32): void {
  store<u64>(entryAt(probe(hash)), (hash & TAG) | <u64>(slot + 1));
}

/** Slot of the series; -1: unknown. */
export function findSeries(hash: u64): i32 {
  return hash == 0 ? -1 : slotOf(load<u64>(entryAt(probe(hash))));
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
    const entry = load<u64>(entryAt(index));
    if (entry == 0) break;
    const home = <usize>seriesAt(slotOf(entry)).hash & mask;
    if (((index - home) & mask) < ((index - hole) & mask)) continue;
    store<u64>(entryAt(hole), entry);
    hole = index;
  }
  store<u64>(entryAt(hole), 0);
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
  // While both records have the hash, by which the entry is found.
  enter(seriesAt(to).hash, to);
  seriesAt(from).state = SeriesState.FREE;
  seriesAt(from).hash = 0;
  return true;
}

/** All series are in the first slots. */
export function fillSeries(count: i32): void {
  head.high = count;
  head.free = -1;
  head.hand = 0;
}

/** Series of one clock go on under another. */
export function moveSeriesClock(from: i32, to: i32): void {
  for (let slot = 0; slot < head.high; slot++) {
    const series = seriesAt(slot);
    if (series.state != SeriesState.FREE && series.edge >= 0 && series.clock == <u16>from) series.clock = <u16>to;
  }
}

/** What is known of a series besides its samples. */
const KEPT_STATE: u32 =
  SeriesState.USED | SeriesState.BOUND | SeriesState.TOLD_WRITERS | SeriesState.TOLD_READING | SeriesState.SAMPLES;

/** Of the group's series, the last points are forgotten: they were of no time. */
export function forgetTimesOf(group: i32): void {
  for (let slot = 0; slot < head.high; slot++) {
    const series = seriesAt(slot);
    if (series.state == SeriesState.FREE || series.edge < 0 || edgeAt(series.edge).group != group) continue;
    const times = changetype<usize>(series) + offsetof<Series>('time0');
    memory.fill(times, 0, offsetof<Series>('edge') - offsetof<Series>('time0'));
    series.state &= KEPT_STATE;
    series.touched = 0;
  }
}

/**
 * Makes the look-up anew from the records, with room for one series more: a hundred thousand take a few milliseconds.
 */
export function reindexSeries(): void {
  mask = entriesFor(head.used + 1) - 1;
  memory.fill(entries, 0, (mask + 1) * ENTRY_BYTES);
  for (let slot = 0; slot < head.high; slot++) if (isSeries(slot)) enter(seriesAt(slot).hash, slot);
  if (head.hand >= capacity) head.hand = 0;
}

