// The Pixie fixtures give the edges and features that a reader would write down by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileMutes } from '../../../src/detection/rules/mutes.js';
import { formatService } from '../../../src/detection/rules/names.js';
import { PRESETS } from '../../../src/detection/rules/presets/index.js';
import { type Mapped, resolveRow } from '../../../src/detection/rules/resolve.js';
import { RowReader } from '../../../src/detection/rules/rows.js';
import { RuleBook } from '../../../src/detection/rules/rules.js';
import { featuresOf } from '../../../src/detection/rules/series-roles.js';
import { FEATURES, Role, SeriesType } from '../../../src/kernel/api.js';
import { requestRows } from '../../support/request-rows.js';

const CLUSTER = '3f2b9c1e-7a44-4d0a-9d53-1c2f6a0be9aa';
const rules = new RuleBook();
for (const [name, tiers] of Object.entries(PRESETS)) rules.add(name, tiers);
const mutes = compileMutes({ namespaces: ['pl'], services: ['pxanomaly'], paths: ['/healthz'] });

function mapFixture(name: string): Mapped[] {
  const body = readFileSync(new URL(`../../../../../test/fixtures/pixie/${name}.binpb`, import.meta.url));
  const reader = new RowReader(body);
  return requestRows(body).map((ranges) => {
    const resolution = resolveRow(reader.read(ranges), 'default', { rules, mutes });
    assert.ok(resolution.used, `unused: ${JSON.stringify(resolution)}`);
    return resolution;
  });
}

/** "source -> destination: features" of each row, without repetition. */
function edges(rows: readonly Mapped[]): string[] {
  const lines = rows.map(({ source, destination, roles }) => {
    const from = source ? formatService(source) : 'nobody';
    return `${from} -> ${formatService(destination)}: ${featuresOf(roles).join(', ')}`;
  });
  return [...new Set(lines)];
}

test('gauges of HTTP edges: five edges with latency, requests and errors; the doubled row counts once', () => {
  const rows = mapFixture('pixie-golden-gauge-http-edge');
  const names = [
    'shop/frontend -> shop/checkout',
    'shop/checkout -> shop/payment',
    'shop/cart -> shop/redis-proxy',
    'external -> ingress/nginx',
    'shop/payment -> external',
  ];
  assert.deepEqual(
    edges(rows),
    names.flatMap((name) => ['latency', 'requests', 'errors'].map((feature) => `${name}: ${feature}`)),
  );
  assert.equal(rows.length, 15);
  for (const row of rows) {
    assert.deepEqual(row.cluster, { id: CLUSTER, name: 'gke_acme-prod_europe-west1_shop' });
    assert.equal(row.feed, 'http.edge');
    assert.equal(row.rule.preset, 'edge');
    assert.equal(row.rule.rule.windowMs, 10_000);
  }
  const latency = rows.filter((row) => row.roles === Role.LATENCY_LEVEL);
  assert.equal(latency.length, 5);
  for (const row of latency) {
    assert.equal(row.scale, 1e-9);
    assert.equal(row.unit, 'ns');
    assert.equal(row.type, SeriesType.LEVEL);
  }
  for (const row of rows.filter((one) => one.roles !== Role.LATENCY_LEVEL)) assert.equal(row.type, SeriesType.AMOUNT);
});

test('summaries of HTTP edges: two pods of one edge, latency and requests from sum and count', () => {
  const rows = mapFixture('pixie-golden-summary-http-edge');
  assert.deepEqual(edges(rows), [
    'shop/frontend -> shop/checkout: latency, requests',
    'shop/checkout -> shop/payment: latency, requests',
  ]);
  for (const row of rows) {
    assert.equal(row.roles, Role.LATENCY_SUM | Role.REQUESTS | Role.FROM_COUNT);
    assert.equal(row.type, SeriesType.AMOUNT);
    assert.equal(row.scale, 1e-9);
  }
});

test('connection counters of the stock plugin: ends by remote_port, addresses are external, counters', () => {
  const body = readFileSync(
    new URL('../../../../../test/fixtures/pixie/pixie-golden-conn-stats-otel-preset.binpb', import.meta.url),
  );
  const reader = new RowReader(body);
  const rows = requestRows(body).map((ranges) => resolveRow(reader.read(ranges), 'default', { rules, mutes }));
  const mapped = rows.filter((row) => row.used);
  assert.deepEqual(edges(mapped), [
    'shop/frontend -> external: bytes',
    'external -> shop/checkout: bytes',
    'external -> shop/payment: bytes',
  ]);
  // Six rows of two metrics, one row a copy: two of checkout, one of an unknown process, which has no service at either
  // end.
  assert.equal(rows.length, 10);
  assert.equal(mapped.length, 8);
  for (const row of mapped) {
    assert.equal(row.type, SeriesType.COUNTER);
    assert.equal(row.unresolvedPeer, true);
    assert.equal(row.unit, 'By');
  }
  const rank = (edge: string) => mapped.find((row) => edges([row])[0]?.startsWith(edge))?.rank ?? -1;
  assert.ok(rank('shop/frontend') < rank('external -> shop/checkout'), 'the client is trusted before the server');
});

test('the empty request has no rows', () => {
  assert.deepEqual(mapFixture('pixie-golden-empty'), []);
  assert.equal(FEATURES.length, 4);
});
