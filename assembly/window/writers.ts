// Whether a sample of a counter is of another writer than the newest one (OTLP metrics data model, "Overlap").
import { Feed, Grid } from '../graph/records';
import { clockAt } from '../graph/slots';
import { Row, RowFlag } from '../otlp/row';
import { Series, SeriesState } from '../series/record';
import { periodFor } from './feeds';
import { Odd, tell } from './odd-rows';

/** Start times of one process may differ so much where they are worked out anew for each sample, ns. */
const SAME_START: i64 = 2_000_000_000;
/** A sample continues the one before whatever its start time if it adds no more than so many usual differences. */
const CONTINUES: f64 = 4;
/** The same, of what the counter shows, while no difference is known. */
const CONTINUES_SHARE: f64 = 0.25;

/** When the counter began, as sent; 0: not known. */
export function startOf(row: Row): i64 {
  return row.startTime >= row.time ? 0 : <i64>row.startTime;
}

/** The sample adds no more than a few usual differences to the newest. */
function continues(series: Series, row: Row): bool {
  if (row.flags & RowFlag.COUNT) {
    const more = row.count - series.value1;
    return isUsual(more, max(<f64>max(series.usualCount, series.lastCount), series.value5), series.value1);
  }
  const more = row.value - series.value0;
  return isUsual(more, max(<f64>max(series.usualSum, series.lastSum), series.value4), series.value0);
}

function isUsual(more: f64, usual: f64, total: f64): bool {
  return more >= 0 && more <= (usual > 0 ? CONTINUES * usual : CONTINUES_SHARE * total);
}

/** True: the point is of another writer than the newest sample, which goes on. `request`: of the point. */
export function isForeign(
  grid: Grid,
  feed: Feed,
  series: Series,
  row: Row,
  index: i32,
  time: i64,
  tick: i64,
  request: u32,
): bool {
  const start = startOf(row);
  const known = series.mark0;
  if (start == 0 || known == 0 || start == known) return false;
  if (series.state & SeriesState.MIXED || abs(start - known) <= SAME_START) return false;
  if (alignedStart(series, start) >= series.time0) return false;
  if (time == series.time0 && series.request0 == request) return false;
  if (time >= series.time0 && continues(series, row)) return false;
  const patience = 3 * max(grid.window, periodFor(grid, feed, tick));
  if (2 * (time - series.time0) > patience) {
    forget(series);
    return false;
  }
  if (!(series.state & SeriesState.TOLD_WRITERS)) {
    series.state |= SeriesState.WATCHED;
    tell(index, Odd.OTHER_WRITER);
  }
  return true;
}

/** The counter begins anew with its next sample. */
function forget(series: Series): void {
  series.state &=
    SeriesState.USED | SeriesState.BOUND | SeriesState.TOLD_WRITERS | SeriesState.TOLD_READING | SeriesState.SAMPLES;
}

/** The start time of a point as its sender's clock is aligned; 0: it has none. */
export function alignedStart(series: Series, start: i64): i64 {
  return start == 0 ? 0 : start - clockAt(<i32>series.clock).shift;
}
