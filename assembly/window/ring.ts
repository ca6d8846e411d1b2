// The last four times of a series: tells a retry, and two processes behind one identity, from something new.
import { Series, SeriesType } from '../series/record';

/** What the ring of the series' last four times says of a point. */
export const enum Seen {
  NEW = 0,
  /** Same time in the same request. */
  SAME = 1,
  DUPLICATE = 2,
  /** A counter's point that is not newer than its last. */
  STALE = 3,
}

/** Puts the time into the ring if it is new. */
export function see(series: Series, time: i64, request: u32): Seen {
  const times = changetype<usize>(series) + offsetof<Series>('time0');
  const requests = changetype<usize>(series) + offsetof<Series>('request0');
  const isCounter = series.type == SeriesType.COUNTER;
  let place = 0;
  while (place < 4 && load<i64>(times + ((<usize>place) << 3)) > time) place++;
  if (place < 4 && load<i64>(times + ((<usize>place) << 3)) == time) {
    if (load<u32>(requests + ((<usize>place) << 2)) != request) return Seen.DUPLICATE;
    return isCounter && place > 0 ? Seen.STALE : Seen.SAME;
  }
  if (isCounter && place > 0) return Seen.STALE;
  if (place == 4) return Seen.NEW;
  for (let i = 3; i > place; i--) {
    store<i64>(times + ((<usize>i) << 3), load<i64>(times + ((<usize>(i - 1)) << 3)));
    store<u32>(requests + ((<usize>i) << 2), load<u32>(requests + ((<usize>(i - 1)) << 2)));
  }
  store<i64>(times + ((<usize>place) << 3), time);
  store<u32>(requests + ((<usize>place) << 2), request);
  return Seen.NEW;
}

/** The newest time in the ring before this one; 0: none is known. */
export function timeBefore(series: Series, time: i64): i64 {
  const times = changetype<usize>(series) + offsetof<Series>('time0');
  let place: usize = 0;
  while (place < 4 && load<i64>(times + (place << 3)) >= time) place++;
  return place < 4 ? load<i64>(times + (place << 3)) : 0;
}

/** The oldest time in the ring after this one, which must be before the newest. */
export function nextAfter(series: Series, time: i64): i64 {
  const times = changetype<usize>(series) + offsetof<Series>('time0');
  let place: usize = 3;
  while (place > 0 && load<i64>(times + (place << 3)) <= time) place--;
  return load<i64>(times + (place << 3));
}
