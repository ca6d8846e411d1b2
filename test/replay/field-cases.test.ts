// Field cases of events: what they say is true. Each case makes its own input.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import type { AnomalyEvent } from '../../src/detection/results/read-events.js';
import { ReplayBench } from '../support/recordings.js';
import { serviceTable, type TableOptions, tableEdges } from '../synthetic/service-table.js';

const bench = new ReplayBench();
after(() => bench.remove());

let replays = 0;

/** The events of a table at the settings given. */
async function eventsOf(table: TableOptions, ...sets: string[]): Promise<AnomalyEvent[]> {
  const name = `table-${++replays}`;
  const path = bench.path(`${name}.events`);
  const file = bench.file(`${name}.csv`, serviceTable(table));
  const { code, stderr } = await bench.run('--csv', file, '--events', path, ...sets.flatMap((set) => ['--set', set]));
  assert.equal(code, 0, stderr);
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AnomalyEvent);
}

const SHOP = tableEdges([
  ['shop', '', 'frontend', 40, 0.12, 0.002, 9000],
  ['shop', 'frontend', 'catalog', 60, 0.018, 0.0005, 4000],
  ['shop', 'frontend', 'cart', 25, 0.009, 0.0005, 900],
  ['shop', 'frontend', 'checkout', 5, 0.21, 0.004, 2500],
  ['shop', 'checkout', 'payment', 5, 0.15, 0.003, 1200],
  ['shop', 'checkout', 'orders', 5, 0.04, 0.001, 1500],
  ['shop', 'orders', 'db', 15, 0.006, 0.0002, 2000],
  ['shop', 'cart', 'redis', 40, 0.0012, 0.0001, 400],
  ['shop', 'catalog', 'db', 50, 0.004, 0.0002, 3000],
]);

describe('field case 13: sentences carry the evidence', () => {
  for (const [windowSeconds, hours] of [
    [60, 40],
    [10, 20],
  ] as const)
    it(`of ${windowSeconds} s windows in which nothing is wrong`, async () => {
      const table = { edges: SHOP, hours, windowSeconds, seed: 61 };
      const events = await eventsOf(table, 'threshold=0.8');
      const alerts = events.filter((event) => event.event === 'edge' && event.state === 'started');
      const shown = alerts.filter(({ observed, expected }) => observed !== undefined && expected !== undefined);
      assert.ok(shown.length >= 3, `${shown.length} alerts to look at`);
      for (const event of shown.filter(({ kind }) => kind !== 'traffic_pattern')) showsWhy(event);
    });
});

/** The value lies on the side that the kind names, beyond the bound of that side, and the sentence says the same. */
function showsWhy({ kind, observed = 0, expected = 0, lower, upper, message }: AnomalyEvent): void {
  const rises = kind.endsWith('_spike');
  const bound = rises ? upper : lower;
  assert.ok(rises ? observed > expected : observed < expected, `the wrong way: ${message}`);
  if (bound !== undefined) assert.ok(rises ? observed > bound : observed < bound, `within the band: ${message}`);
  if (message.includes('nothing')) return;
  assert.match(message, rises ? / rose to / : / fell to /);
  const [, told, usual] = / to (.+?) (?:in .*|of .*|on .*)?\(expected ([^,)]+)/.exec(message) ?? [];
  assert.ok(told && usual, message);
  assert.notEqual(told, usual, message);
}
