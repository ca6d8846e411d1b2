// The one linear memory: regions of fixed capacity, laid out once by `init`, each followed by a guard; the input region
// last.
//
//   0 ┌ static data of the compiler, region table ┐
//     │ series: table, records                    │ state: part of a snapshot
//     │ window: groups, feeds, edges, accumulators│ state
//     │ detect: edges, services, groups, forests  │ state
//     │ rows, lists, columns, scratch             │ scratch: may be lost between two calls from outside
//     └ input: the request body, grows up to its limit; 64 readable bytes behind it
//
// Mutable scalars that outlive a call live in regions too, never in globals: a snapshot is the bytes of the state
// regions and nothing else. What is never written costs no memory: regions are zero pages until touched.

const PAGE: u64 = 65536;
/** Bytes behind every region that nobody may write. */
const GUARD: u64 = 64;
const GUARD_WORD: u64 = 0xa55a_c33c_960f_69f0;
/** Kernels load whole vectors: so many bytes behind the body may be read. */
const SLACK: u64 = 64;
const MAX_REGIONS = 256;

/**
 * Regions of state, by the numbers that they have in a snapshot: a region keeps its number, so that older ones can be
 * read.
 */
export const enum Region {
  /** Scratch, of any kind. */
  SCRATCH = 0,
  SERIES = 7,
  SERIES_HEAD = 8,
  GRIDS = 9,
  FEEDS = 10,
  CLOCKS = 11,
  EDGE_WINDOWS = 12,
  SERVICE_SLOTS = 13,
  GRAPH_HEAD = 14,
  COUNTS = 15,
  EDGES = 21,
  SERVICES = 22,
  GROUPS = 23,
  CHUNKS = 24,
  PROFILES = 25,
  WINDOWS = 26,
  ORDER_HEAD = 27,
  SCORE = 28,
  EVIDENCE = 29,
  SURPRISE = 30,
  GAP = 31,
  ON = 32,
  CHANGE = 33,
  KIND = 34,
  PRESENT = 35,
  SOURCE = 36,
  FOREST = 37,
  AGE = 38,
  USUAL = 39,
  SUSTAINED = 40,
  CHANNEL = 41,
  CHANNEL_CHANGE = 42,
  POOLS = 59,
  POOL_SLOTS = 60,
  TREES = 61,
  CODERS = 90,
}

/** A region of the table. */
@unmanaged
class Entry {
  address: usize;
  capacity: usize;
  number: Region;
}

const table: usize = memory.data(MAX_REGIONS * offsetof<Entry>(), 8);
let regions: i32 = 0;
/** First byte that belongs to nobody; more than 4 GiB once a region did not fit. */
let end: u64 = 0;

let input: usize = 0;
let inputLimit: u64 = 0;

function growTo(bytes: u64): bool {
  if (bytes > 0xffff_0000) return false;
  const missing = <i32>((bytes + PAGE - 1) / PAGE) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

// @ts-ignore: decorator
@inline
function entryAt(region: i32): Entry {
  return changetype<Entry>(table + <usize>region * offsetof<Entry>());
}

function place(number: Region, bytes: usize): usize {
  if (end == 0) end = (<u64>__heap_base + 63) & ~63;
  const address = end;
  const capacity = (<u64>bytes + 63) & ~63;
  const next = address + capacity + GUARD;
  if (regions == MAX_REGIONS || !growTo(next)) {
    end = u64.MAX_VALUE >> 1;
    return 0;
  }
  for (let at = address + capacity; at < next; at += 8) store<u64>(<usize>at, GUARD_WORD);
  const entry = entryAt(regions);
  regions++;
  entry.address = <usize>address;
  entry.capacity = <usize>capacity;
  entry.number = number;
  end = next;
  return <usize>address;
}

/** The next region of zeroed state, on a cache line of its own; 0: there is no room. Only while `init` runs. */
export function reserve(number: Region, bytes: usize): usize {
  return place(number, bytes);
}

/** The next region of scratch: not part of a snapshot. Only while `init` runs. */
export function scratch(bytes: usize): usize {
  return place(Region.SCRATCH, bytes);
}

/** Puts the input region behind all others. False: the regions do not fit into 4 GiB. */
export function finishLayout(limitBytes: i32): bool {
  if (end > 0xffff_0000) return false;
  input = <usize>end;
  inputLimit = limitBytes;
  return growTo(end + SLACK);
}

/**
 * Makes room for a body of so many bytes and returns where it goes; 0: over the limit, or no memory. Existing views go
 * stale.
 */
export function inputFor(bytes: i32): usize {
  if (<u64>bytes > inputLimit || !growTo(<u64>input + bytes + SLACK)) return 0;
  return input;
}

export function inputAddress(): usize {
  return input;
}

export function regionCount(): i32 {
  return regions;
}

/** Byte address of a region, in layout order. */
export function regionAddress(region: i32): usize {
  return entryAt(region).address;
}

export function regionBytes(region: i32): usize {
  return entryAt(region).capacity;
}

/** A Region. */
export function regionNumber(region: i32): Region {
  return entryAt(region).number;
}

/** The first region behind which something wrote; -1: all guards are whole. */
export function brokenGuard(): i32 {
  for (let region = 0; region < regions; region++) {
    const guard = regionAddress(region) + regionBytes(region);
    for (let i: usize = 0; i < <usize>GUARD; i += 8) if (load<u64>(guard + i) != GUARD_WORD) return region;
  }
  return -1;
}
