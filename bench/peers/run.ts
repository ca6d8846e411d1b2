// `npm run bench:peers`: pxanomaly beside the Collector, in turns, and bench/results/peers.json of it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../../test/support/peers/programs.js';
import { machine } from '../machine.js';
import { spread } from '../spread.js';
import { collectorVersion } from './collector-version.js';
import { type Compared, compare } from './compare.js';
import { forestRows } from './forests.js';
import { type Measurement, measure, type Order } from './measure.js';
import { ROWS, type Row } from './rows.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    duration: { type: 'string', default: '10s' },
    /** Only rows whose name contains this; "isolation forests" for those alone. */
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(REPOSITORY, 'bench/results/peers.json') },
  },
});

/** The forest is grown at the end of 360 windows. */
const WARM_TICKS = 380;
const SIDES = ['ours', 'theirs'] as const;
type Side = (typeof SIDES)[number];

const rows = ROWS.filter(({ name }) => name.includes(options.only));
const taken = new Map<string, Measurement[]>();
const forests = 'isolation forests'.includes(options.only) ? forestRows(Number(options.rounds)) : undefined;
let report: Compared[] = [];
for (let round = 1; round <= Number(options.rounds); round++) {
  for (const row of rows) for (const side of SIDES) await take(round, orderOf(row, side));
  // After each round: hours of measuring are not lost to whatever ends them.
  report = write(round);
}
for (const { name, ours, theirs, ratio, unit, met } of report) {
  console.log(
    `${met ? 'met    ' : 'MISSED '} ${name}: ${ours.median.toFixed(3)} against ${theirs.median.toFixed(3)} ${unit}, ratio ${ratio.median.toFixed(4)}`,
  );
}
process.exit(report.every(({ met }) => met) ? 0 : 1);

/** Measures unless another row of this round needed the same. */
async function take(round: number, order: Order): Promise<void> {
  const results = taken.get(keyOf(order)) ?? [];
  if (results.length === round) return;
  const result = await measure(order);
  taken.set(keyOf(order), [...results, result]);
  console.error(line(round, order, result));
}

/** Writes what is known after so many rounds. */
function write(rounds: number): Compared[] {
  const compared = rows.map((row) => compare(row, resultsOf(row, 'ours'), resultsOf(row, 'theirs')));
  const report = {
    measured: new Date().toISOString(),
    command: `npm run bench:peers -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, ''),
    rounds,
    machine: machine(),
    collector: collectorVersion(),
    rows: compared,
    ...(forests && { forests }),
  };
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
  return compared;
}

function orderOf(row: Row, side: Side): Order {
  const { warmTicks = WARM_TICKS } = row;
  const path = side === 'ours' ? row.path : (row.peerPath ?? row.path);
  const common = { path, warmTicks, proven: warmTicks >= WARM_TICKS, duration: options.duration, rate: rateOf(row) };
  return side === 'ours'
    ? { ...common, contender: row.contender, load: row.load }
    : { ...common, contender: row.peer, load: row.peerLoad ?? row.load };
}

function resultsOf(row: Row, side: Side): Measurement[] {
  return taken.get(keyOf(orderOf(row, side))) ?? [];
}

/** A share of what the peer managed at full load, over the rounds so far. */
function rateOf(row: Row): number {
  if (row.share === undefined) return 0;
  const full = taken.get(keyOf({ contender: row.peer, path: row.path, load: row.load, rate: 0 }));
  if (!full) throw new Error(`"${row.name}" needs the row of the same load at full speed`);
  return row.share * spread(full.map(({ requestsPerSecond }) => requestsPerSecond)).median;
}

function keyOf({ contender, path, load, rate }: Pick<Order, 'contender' | 'path' | 'load' | 'rate'>): string {
  return JSON.stringify([contender, path, load, rate !== 0]);
}

function line(round: number, order: Order, result: Measurement): string {
  const { cpuMicros, pointsPerSecond, residentPeakMiB, p99Ms, othersSeconds, spikes } = result;
  return [
    `round ${round}`,
    order.contender.padEnd(24),
    `${order.path.transport}${order.path.exporterDefaults ? ' defaults' : ''} ${order.load.join(' ')}`.padEnd(32),
    `${cpuMicros.toFixed(3)} µs/point`,
    `${Math.round(pointsPerSecond / 1000)} k/s`,
    `${residentPeakMiB.toFixed(0)} MiB`,
    `p99 ${p99Ms} ms`,
    `others ${othersSeconds.toFixed(2)} s`,
    ...(spikes.injected > 0 ? [`${spikes.found} of ${spikes.injected} spikes found`] : []),
  ].join('  ');
}
