// Tables of entries of 16 bytes, four to a cache line, each beginning with a key that is not 0: one walk to memory
// finds or misses.

export const ENTRY_BYTES: usize = 16;
export const WAYS: usize = 4;
const LINE_BYTES: usize = WAYS * ENTRY_BYTES;

/** The line that a key may stand in. `entries`: of the table, a power of two. */
// @ts-ignore: decorator
@inline
export function lineOf(table: usize, entries: usize, key: u64): usize {
  return table + (<usize>key & (entries - WAYS)) * ENTRY_BYTES;
}

/** The entry of this key in the line; 0: it has none. The key 0 finds one that is free. */
// @ts-ignore: decorator
@inline
export function entryOf(line: usize, key: u64): usize {
  let at = line;
  for (const end = line + LINE_BYTES; at < end; at += ENTRY_BYTES) if (load<u64>(at) == key) return at;
  return 0;
}
