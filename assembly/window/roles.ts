// What a series contributes to its edge: adds amounts to the sums of every role that the edge listens to.
import { EdgeWindow, SumFlag, Sums } from '../graph/records';
import { Row, RowFlag } from '../otlp/row';
import { Role, Series, SeriesType } from '../series/record';
import { add, report } from './sums';

// @ts-ignore: decorator
@inline
export function rankOf(record: EdgeWindow, feature: u32): u32 {
  return (record.ranks >>> (feature << 3)) & 0xff;
}

/** Adds to the sums of every role that the edge listens to; false: it listens to none of them. */
export function addRoles(record: EdgeWindow, sums: usize, series: Series, row: Row, sum: f64, count: f64): bool {
  const roles: u32 = series.roles;
  const rank: u32 = series.rank;
  const isCounter = series.type == SeriesType.COUNTER;
  const scaled = sum * series.scale;
  const amount = roles & Role.FROM_COUNT ? count : scaled;
  let isHeard = false;
  if (roles & (Role.LATENCY_SUM | Role.LATENCY_LEVEL | Role.SLOW) && rank <= rankOf(record, 0)) {
    isHeard = true;
    if (roles & Role.LATENCY_SUM && row.flags & RowFlag.VALUE) {
      add(sums + Sums.LATENCY, scaled);
      add(sums + Sums.LATENCY_COUNT, count);
      report(sums, SumFlag.LATENCY);
    }
    if (roles & Role.LATENCY_LEVEL && row.flags & RowFlag.VALUE) addLevelTo(sums, scaled, levelWeight(row, count));
  }
  if (roles & Role.REQUESTS && rank <= rankOf(record, 1)) {
    isHeard = true;
    add(sums + Sums.REQUESTS, amount);
    report(sums, SumFlag.REQUESTS);
  }
  if (roles & (Role.ERRORS | Role.ERRORS_NONE | Role.ERROR_RATIO) && rank <= rankOf(record, 2)) {
    isHeard = true;
    if (roles & Role.ERRORS) add(sums + Sums.ERRORS, amount);
    if (roles & (Role.ERRORS | Role.ERRORS_NONE)) report(sums, SumFlag.ERRORS);
    if (roles & Role.ERROR_RATIO) {
      const weight = levelWeight(row, count);
      add(sums + Sums.RATIO, scaled * weight);
      add(sums + Sums.RATIO_WEIGHT, weight);
      report(sums, SumFlag.RATIO);
    }
  }
  if (roles & Role.BYTES && rank <= rankOf(record, 3)) {
    isHeard = true;
    add(sums + Sums.TRAFFIC, scaled);
    // A counter that stood still says nothing: idle connections are reported again and again.
    if (!isCounter || sum != 0) report(sums, SumFlag.TRAFFIC);
  }
  return isHeard;
}

// @ts-ignore: decorator
@inline
function levelWeight(row: Row, count: f64): f64 {
  return row.flags & RowFlag.COUNT ? count : 1;
}

export function addLevelTo(sums: usize, value: f64, weight: f64): void {
  add(sums + Sums.LEVEL, value * weight);
  add(sums + Sums.LEVEL_WEIGHT, weight);
  report(sums, SumFlag.LEVEL);
}
