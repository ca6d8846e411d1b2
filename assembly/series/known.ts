// Remembers hashes of byte ranges whose structure was checked before: resources and attributes repeat in every request.
//
//   log     hash │ hash │ hash │ …   a ring, in the order in which they were checked: most senders keep to it, and the
//                                    next is at hand
//   table   [hash u64, place in the log u32]   four to a cache line: for all others, and to find the place to go on
//                                              from
// A pure memo: what is not found is walked again, no result depends on it.
import { scratch } from '../memory';
import { ENTRY_BYTES, entryOf, lineOf, WAYS } from './lines';

const LOGGED: usize = 1 << 16;
const ENTRIES: usize = 1 << 15;

let log: usize = 0;
let table: usize = 0;
/** Where the next new hash goes, and where the next known one is expected; byte offsets into the log. */
let written: usize = 0;
let expected: usize = 0;
/** The last one that was known or became so. */
let last: u64 = 0;
let turn: usize = 0;

export function knownInit(): void {
  log = scratch(LOGGED << 3);
  table = scratch(ENTRIES * ENTRY_BYTES);
}

// @ts-ignore: decorator
@inline
function behind(place: usize): usize {
  return (place + 8) & ((LOGGED << 3) - 1);
}

function isInTable(hash: u64): bool {
  const entry = entryOf(lineOf(table, ENTRIES, hash), hash);
  if (entry == 0) return false;
  last = hash;
  expected = behind(load<u32>(entry, 8));
  return true;
}

// @ts-ignore: decorator
@inline
export function isKnown(hash: u64): bool {
  if (load<u64>(log + expected) == hash) {
    last = hash;
    expected = behind(expected);
    return true;
  }
  // The metrics of a resource have the same attributes, one after the other.
  return hash == last || isInTable(hash);
}

/** Where the line is full, it takes the place of any other. */
export function remember(hash: u64): void {
  const line = lineOf(table, ENTRIES, hash);
  let entry = entryOf(line, 0);
  if (entry == 0) {
    entry = line + turn;
    turn = (turn + ENTRY_BYTES) & (WAYS * ENTRY_BYTES - 1);
  }
  store<u64>(entry, hash);
  store<u32>(entry, <u32>written, 8);
  store<u64>(log + written, hash);
  written = behind(written);
  expected = written;
  last = hash;
}
