// What decoding costs in counts that do not depend on the machine: which resources of a repeated request are walked.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { smallKernel } from '../support/kernels.js';
import { fixture } from '../support/paths.js';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';

const EDGES = 300;
const traffic: Traffic = { edges: EDGES, cluster: 'c', startSeconds: 1_700_000_000, windowSeconds: 10 };

/** Resources that were walked and that were known, of one more request. */
function costOf(kernel: ReturnType<typeof smallKernel>, body: Uint8Array): { hits: number; misses: number } {
  const before = kernel.templates();
  kernel.scan('metrics', body);
  const after = kernel.templates();
  return { hits: after.hits - before.hits, misses: after.misses - before.misses };
}

test('a sender that repeats itself is walked twice at most; from then on no resource of its requests is', () => {
  const kernel = smallKernel({ maxSeries: 4 * EDGES });
  const request = (window: number): Uint8Array => trafficRequest(traffic, window);
  for (const window of [0, 1]) assert.ok(costOf(kernel, request(window)).misses > 0);
  for (let window = 2; window < 6; window++)
    assert.deepEqual(costOf(kernel, request(window)), { hits: EDGES, misses: 0 });
});

test('edges that appear cost their own walk, not that of those around them', () => {
  const kernel = smallKernel({ maxSeries: 8 * EDGES });
  for (let window = 0; window < 3; window++) kernel.scan('metrics', trafficRequest(traffic, window));
  const grown = trafficRequest({ ...traffic, edges: EDGES + 10 }, 3);
  const { hits, misses } = costOf(kernel, grown);
  assert.equal(hits + misses, EDGES + 10);
  assert.ok(misses <= 10, `${misses} walked`);
});

test('what Pixie itself sends, gauges, summaries and counters, is known the third time', () => {
  for (const name of ['gauge-http-edge', 'summary-http-edge', 'conn-stats-otel-preset']) {
    const kernel = smallKernel();
    const body = new Uint8Array(readFileSync(fixture(`pixie/pixie-golden-${name}.binpb`)));
    for (let i = 0; i < 2; i++) kernel.scan('metrics', body.slice());
    const { hits, misses } = costOf(kernel, body.slice());
    assert.deepEqual([misses, hits > 0], [0, true], name);
  }
});
