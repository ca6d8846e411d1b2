// It detects: labelled clusters through the front door at the defaults, payload bytes in, events out. Three fixed
// seeds, twelve hours of history before the first fault.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AnomalyEvent } from '../../../src/detection/results/read-events.js';
import { drive, separateGraph } from '../../synthetic/drive.js';
import { type Tally, tally } from '../../synthetic/scoring.js';
import type { LabelledFault } from '../../synthetic/stream.js';
import { type Synth, type SynthOptions, synth } from '../../synthetic/synth.js';
import {
  alertsOf,
  edgeNumbers,
  SEPARATE,
  throughFrontDoor,
  windowOfEvent,
} from '../../synthetic/through-front-door.js';

const SEEDS = [11, 12, 13];
const HISTORY = 4320;

interface Run {
  readonly made: Synth;
  readonly events: readonly AnomalyEvent[];
}

async function runs(options: Omit<SynthOptions, 'seed'>): Promise<Run[]> {
  const done: Run[] = [];
  for (const seed of SEEDS) {
    const made = synth({ seed, start: HISTORY, ...options });
    done.push({ made, events: (await throughFrontDoor(made.stream, SEPARATE)).events });
  }
  return done;
}

/** Of the faults of a kind, those with an event of the right kind that starts inside them. */
function foundWith({ made, events }: Run, kind: string, expected: string): { found: number; of: number } {
  const edgeOf = edgeNumbers(made.stream, SEPARATE);
  const starts = events.filter(({ state, kind: its }) => state === 'started' && its === expected);
  const faults = made.labels.faults.filter((fault) => fault.kind === kind && !hasEarlier(made, fault));
  const found = faults.filter(({ first, last, edge }) =>
    starts.some((event) => {
      const t = windowOfEvent(made.stream, event);
      return edgeOf(event) === edge && t >= first && t <= last + 1;
    }),
  );
  return { found: found.length, of: faults.length };
}

/** A second fault of an edge does not come after steady traffic. */
function hasEarlier({ labels }: Synth, { edge, first }: LabelledFault): boolean {
  return labels.faults.some((other) => other.edge === edge && other.first < first);
}

function pooled(all: readonly Run[], kind: string, expected: string): { found: number; of: number } {
  return all
    .map((run) => foundWith(run, kind, expected))
    .reduce((sum, { found, of }) => ({ found: sum.found + found, of: sum.of + of }), { found: 0, of: 0 });
}

describe('plain faults on edges of at least ten requests a second', () => {
  const kinds = {
    lat5: 'latency_spike',
    rate10: 'throughput_drop',
    err20: 'error_rate_spike',
    bytes3: 'byte_count_spike',
  };
  let all: Run[];
  before(async () => {
    all = await runs({
      edges: 60,
      windows: HISTORY + 2500,
      kinds: Object.keys(kinds) as (keyof typeof kinds)[],
      usual: [100, 1500],
      idleShare: 0,
      deployedShare: 0,
    });
  });

  it('are found, nine of ten, with the right kind', () => {
    const results = Object.entries(kinds).map(([kind, expected]) => ({ kind, ...pooled(all, kind, expected) }));
    const [found, of] = [results.reduce((n, r) => n + r.found, 0), results.reduce((n, r) => n + r.of, 0)];
    assert.ok(of >= 150, `${of} faults`);
    assert.ok(found / of >= 0.9, JSON.stringify(results));
  });
});

describe('edges that fall silent for at least a minute after steady traffic', () => {
  let all: Run[];
  before(async () => {
    all = await runs({
      edges: 60,
      windows: HISTORY + 2000,
      kinds: ['rate0'],
      length: [6, 12],
      usual: [30, 1500],
      idleShare: 0,
      deployedShare: 0,
    });
  });

  it('are found, four of five', () => {
    const { found, of } = pooled(all, 'rate0', 'throughput_drop');
    assert.ok(of >= 80, `${of} silences`);
    assert.ok(found / of >= 0.8, `${found} of ${of}`);
  });
});

describe('false alarms', () => {
  let all: (Run & { alerts: Uint8Array; tally: Tally })[];
  before(async () => {
    const done = await runs({ edges: 100, windows: HISTORY + 4320 });
    all = done.map((run) => {
      const alerts = alertsOf(run.made.stream, SEPARATE, run.events);
      return { ...run, alerts, tally: tally(run.made.stream, run.made.labels, alerts) };
    });
  });

  it('are rare on edges of every rate, idle and deployed ones among them', () => {
    const episodes = all.reduce((sum, { tally: { falseEpisodes } }) => sum + falseEpisodes, 0);
    const days = all.reduce((sum, { tally: { edgeDays } }) => sum + edgeDays, 0);
    assert.ok(days > 120, `${days} edge-days`);
    assert.ok(episodes / days <= 0.16, `${episodes} in ${days}`);
  });
});

describe('the detectors alone', () => {
  it('give the same alerts as the front door', async () => {
    // All edges are there from the first window on, so that both know them in the same order.
    const { stream } = synth({ seed: 14, edges: 50, windows: 3000, start: 500, usual: [60, 1500], idleShare: 0 });
    stream.x.forEach((value, i) => {
      stream.x[i] = Math.fround(value);
    });
    const { events } = await throughFrontDoor(stream, SEPARATE);
    const alerts = alertsOf(stream, SEPARATE, events);
    assert.ok(alerts.includes(1));
    assert.deepEqual(differences(alerts, drive(stream, separateGraph(stream.edges), { seed: 1 })), []);
  });
});

function differences(a: Uint8Array, b: Uint8Array): number[] {
  return [...a.keys()].filter((i) => a[i] !== b[i]);
}
