// Field cases of events: what they say is true. Each case makes its own input.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import type { AnomalyEvent } from '../../src/detection/results/read-events.js';
import { ReplayBench } from '../support/recordings.js';
import { serviceTable, TABLE_START, type TableOptions, tableEdges } from '../synthetic/service-table.js';

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

const REGIONS = tableEdges([
  ['shop', '', 'lb', 200, 0.08, 0.001, 6000],
  ...['eu', 'us'].flatMap((r) => [
    ['shop', 'lb', `web-${r}`, 100, 0.07, 0.001, 5000] as const,
    ['shop', `web-${r}`, `cart-${r}`, 50, 0.01, 0.0005, 900] as const,
    ['shop', `web-${r}`, `catalog-${r}`, 120, 0.02, 0.0005, 4000] as const,
    ['shop', `cart-${r}`, `redis-${r}`, 80, 0.001, 0.0001, 400] as const,
  ]),
]);

describe('field case 05: silence ends in words that are true', () => {
  /** A region gets nothing for a while, and the other one gets twice as much. */
  const regionGone = (from: number, to: number, hours: number): TableOptions => ({
    edges: REGIONS,
    hours,
    windowSeconds: 10,
    seed: 52,
    change: ({ destination }, t) => {
      if (!destination.startsWith('web-') || t <= from || t > to) return {};
      return { rate: destination === 'web-eu' ? 0 : 2 };
    },
  });
  const [FROM, TO] = [3 * 3600, 3.5 * 3600];
  const isSilent = ({ src_service, dst_service }: AnomalyEvent) => `${src_service} ${dst_service}`.includes('-eu');

  it('a region without traffic for half an hour is still silent, then back', async () => {
    const events = (await eventsOf(regionGone(FROM, TO, 4))).filter(({ time }) => time > TABLE_START + FROM);
    const back = TABLE_START + TO;
    const silent = events.filter((event) => event.event === 'edge' && isSilent(event));
    const told = new Set(silent.filter(({ state }) => state === 'started').map(({ dst_service }) => dst_service));
    assert.ok(told.has('web-eu') && told.size >= 3, [...told].join());
    const before = silent.filter(({ time }) => time < back);
    assert.deepEqual(
      before.filter(({ message }) => message.includes('back to normal')),
      [],
    );
    const ends = before.filter(({ state }) => state === 'resolved');
    assert.equal(ends.length, told.size);
    for (const { message } of ends) assert.match(message, /: still silent after (9|10)[. ]/);
    const returns = silent.filter(({ state }) => state === 'returned');
    assert.deepEqual(new Set(returns.map(({ dst_service }) => dst_service)), told);
    for (const { time, message } of returns) {
      assert.ok(time > back && time < back + 30, `${time - back} s after the first request`);
      assert.match(message, /^shop\/\S+ sends to shop\/\S+ again, (29|30)(\.\d)? min after its anomaly began/);
    }
  });

  it('the incident says which of its edges are silent', async () => {
    const events = await eventsOf(regionGone(FROM, 5 * 3600, 4));
    const closed = events.filter(({ event, state }) => event === 'incident' && state === 'closed');
    const words = closed.map(({ message }) => message).filter((message) => !message.includes('one with a larger'));
    assert.ok(words.length > 0);
    for (const message of words) assert.match(message, /is closed after .*, with \d+ edges? still silent;/);
    assert.deepEqual(
      events.filter(({ state }) => state === 'returned' || state === 'gone'),
      [],
    );
  });

  it('an edge that makes room for others before it comes back is gone', async () => {
    const others = tableEdges(
      Array.from({ length: 64 }, (_, i) => ['farm', `barn-${i}`, `silo-${i}`, 20, 0.01, 0.001, 500] as const),
    );
    const table = regionGone(FROM, 9 * 3600, 7.5);
    const late: TableOptions = {
      ...table,
      edges: [...REGIONS, ...others],
      change: (edge, t) => (edge.namespace === 'farm' && t < 7 * 3600 ? { rate: 0 } : table.change!(edge, t)),
    };
    const gone = (await eventsOf(late, 'max_edges=64')).filter(({ state }) => state === 'gone');
    assert.ok(gone.length > 0 && gone.every(isSilent), gone.map(({ message }) => message).join('\n'));
    for (const { message } of gone) {
      assert.match(message, /^The edge from \S+ to \S+ is gone: it never came back in .* h, and is no longer watched/);
    }
  });
});

describe('field case 04: an incident names its own', () => {
  const edges = tableEdges([
    ['shop', '', 'web', 40, 0.12, 0.002, 9000],
    ['shop', 'web', 'cart', 25, 0.009, 0.0005, 900],
    ['shop', 'web', 'catalog', 60, 0.018, 0.0005, 4000],
    ['shop', 'catalog', 'db', 80, 0.004, 0.0002, 3000],
    ['billing', '', 'portal', 20, 0.2, 0.002, 9000],
    ['billing', 'portal', 'invoices', 25, 0.03, 0.0005, 900],
    ['billing', 'invoices', 'ledger', 50, 0.008, 0.0005, 900],
  ]);
  const FROM = 3 * 3600;
  const during = (t: number, from: number) => t > from && t <= FROM + 600;

  /** What opened since the faults began: first of the ranking, and the services. */
  async function opened(
    change: NonNullable<TableOptions['change']>,
  ): Promise<{ source: string | undefined; services: readonly string[] | undefined }[]> {
    const events = await eventsOf({ edges, hours: 3.25, windowSeconds: 10, seed: 51, change });
    return events
      .filter(({ time, event, state }) => event === 'incident' && state === 'opened' && time > TABLE_START + FROM)
      .map(({ ranking, services }) => ({ source: ranking?.[0], services }));
  }

  it('of two within a minute in parts that share no service', async () => {
    const found = await opened(({ destination }, t) => {
      if (destination === 'db' && during(t, FROM)) return { latency: 8 };
      return destination === 'portal' && during(t, FROM + 60) ? { errors: 0.25 } : {};
    });
    assert.deepEqual(
      found.map(({ source }) => source),
      ['db', 'portal'],
    );
    assert.deepEqual(found[1]!.services, ['portal']);
  });

  it('whichever is the larger one, and whichever comes first', async () => {
    const found = await opened(({ destination }, t) => {
      if (destination === 'ledger' && during(t, FROM)) return { latency: 20, errors: 0.5 };
      return destination === 'cart' && during(t, FROM + 90) ? { latency: 4 } : {};
    });
    assert.deepEqual(
      found.map(({ source }) => source),
      ['ledger', 'cart'],
    );
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
