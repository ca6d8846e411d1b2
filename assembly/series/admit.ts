// Takes series into the table, in the place of idle ones where it is full.
import { forgetSeries } from './links';
import { Series, SeriesState } from './record';
import { capacity, enter, findSeries, head, idleSeconds, isCrowded, mask, reindexSeries, seriesAt } from './table';

/** Slots looked at for an idle series, when the table is full, for each new one. */
const SWEEP = 64;
/** A series that had a single point, or is not used, gives way after such a part of that. */
const PROBATION: u32 = 30;

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
  if (isCrowded(mask + 1, head.used + 1)) reindexSeries();
  const series = seriesAt(slot);
  memory.fill(changetype<usize>(series), 0, offsetof<Series>());
  series.hash = hash;
  series.edge = -1;
  series.state = SeriesState.USED;
  series.touched = head.now;
  head.used++;
  // Only now: taking a slot may have moved entries.
  enter(hash, slot);
  return slot;
}

/** Looks at the next slots for a series without a point for long, and forgets the first one found. */
function reclaimIdle(): bool {
  for (let i = 0; i < SWEEP && capacity > 0; i++) {
    const slot = head.hand;
    head.hand = slot + 1 < capacity ? slot + 1 : 0;
    const series = seriesAt(slot);
    const patience = series.time1 == 0 ? idleSeconds / PROBATION : idleSeconds;
    if (series.state != SeriesState.FREE && head.now - series.touched > patience) {
      forgetSeries(slot, true);
      return true;
    }
  }
  return false;
}
