// A row of the comparison out of its measurements.
import { type Spread, spread } from '../spread.js';
import type { Measurement } from './measure.js';
import type { Measure, Row } from './rows.js';

export interface Compared {
  readonly name: string;
  readonly measure: Measure;
  readonly unit: string;
  readonly contender: string;
  readonly peer: string;
  readonly load: string;
  readonly ours: Spread;
  readonly theirs: Spread;
  /** Ours divided by theirs, round by round. */
  readonly ratio: Spread;
  readonly target: string;
  readonly met: boolean;
}

const UNITS: Readonly<Record<Measure, string>> = { cpu: 'µs CPU a point', memory: 'MiB', p99: 'ms' };

function valueFor(measure: Measure, result: Measurement): number {
  switch (measure) {
    case 'cpu':
      return result.cpuMicros;
    case 'memory':
      return result.residentPeakMiB;
    case 'p99':
      return result.p99Ms;
  }
}

/** Both sides in the order of the rounds. */
export function compare(row: Row, ours: readonly Measurement[], theirs: readonly Measurement[]): Compared {
  const mine = ours.map((result) => valueFor(row.measure, result));
  const others = theirs.map((result) => valueFor(row.measure, result));
  const sides = {
    ours: spread(mine),
    theirs: spread(others),
    ratio: spread(mine.map((value, i) => value / others[i]!)),
  };
  return {
    name: row.name,
    measure: row.measure,
    unit: UNITS[row.measure],
    contender: row.contender,
    peer: row.peer,
    load: row.load.join(' '),
    ...sides,
    target: targetText(row),
    met: isMet(row, sides.ours.median, sides.theirs.median, sides.ratio.median),
  };
}

function targetText({ target, measure }: Row): string {
  const unit = UNITS[measure];
  if ('atMost' in target) return `≤ ${target.atMost} ${unit}`;
  if ('more' in target) return `≤ theirs + ${target.more} ${unit}`;
  return target.ratio < 0.1 ? `ratio ≤ 1/${Math.round(1 / target.ratio)}` : `ratio ≤ ${target.ratio}`;
}

function isMet({ target }: Row, ours: number, theirs: number, ratio: number): boolean {
  if ('atMost' in target) return ours <= target.atMost;
  if ('more' in target) return ours <= theirs + target.more;
  return ratio <= target.ratio;
}
