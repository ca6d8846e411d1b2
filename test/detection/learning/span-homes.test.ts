// Peers that attributes name without a namespace: the same edge whether both ends of a call were seen or one.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { type Call, SpanPairs } from '../../../src/detection/learning/spans/pair.js';
import {
  allCalls,
  CLIENT,
  callsOf,
  PAIR_OPTIONS,
  SERVER,
  type SpanOptions,
  traceRequest,
} from '../../support/spans.js';

const fullText = ({ source, destination }: Call): string =>
  [source, destination].map(({ namespace, service }) => `${namespace}/${service}`).join(' -> ');
const edgesOf = (calls: readonly Call[]): string[] => [...new Set(calls.map(fullText))].sort();

/** web calls orders once a second; both name each other. `seen`: which of the two spans arrives. */
function requests(seen: (i: number) => readonly ('client' | 'server')[], namespace = 'shop'): SpanOptions[][] {
  return Array.from({ length: 120 }, (_, i) => {
    const common = { trace: i + 1, at: i };
    const client = { ...common, service: 'web', kind: CLIENT, id: 1, attributes: { 'peer.service': 'orders' } };
    const server = { ...common, service: 'orders', namespace, kind: SERVER, id: 2, parent: 1 };
    const spans = { client, server: { ...server, attributes: { 'peer.service': 'web' } } };
    return seen(i).map((one) => spans[one]);
  }).filter((spans) => spans.length > 0);
}

describe('field case 02: both ends name each other, and one of them is missing now and then', () => {
  for (const missing of ['client', 'server'] as const)
    it(`the ${missing}'s span of every second call was not sampled`, () => {
      const rest = (['client', 'server'] as const).filter((one) => one !== missing);
      const calls = allCalls(requests((i) => (i % 2 ? ['client', 'server'] : rest)));
      assert.deepEqual(edgesOf(calls), ['shop/web -> shop/orders']);
      assert.equal(calls.length, 120);
    });

  it('in another namespace, where the service lives in no other', () => {
    const calls = allCalls(requests((i) => (i % 2 ? ['client', 'server'] : ['client']), 'stock'));
    assert.deepEqual(edgesOf(calls), ['shop/web -> stock/orders']);
  });

  it('of two services of one name it is the one beside the caller; of two others nobody knows which', () => {
    const other = (namespace: string): SpanOptions[] => [
      { service: 'orders', namespace, kind: SERVER, id: 9, trace: 9e5, at: 0 },
    ];
    const beside = allCalls([other('shop'), other('test'), ...requests(() => ['client'])]);
    assert.ok(edgesOf(beside).includes('shop/web -> shop/orders'));
    const neither = allCalls([other('a'), other('b'), ...requests(() => ['client'])]);
    assert.ok(edgesOf(neither).includes('shop/web -> /orders'));
  });

  it('is known after a restart', () => {
    const before = new SpanPairs(PAIR_OPTIONS);
    callsOf(before, ...requests(() => ['client', 'server']).map((spans) => traceRequest(...spans)));
    const after = new SpanPairs(PAIR_OPTIONS);
    after.restore(deserialize(serialize(before.save())));
    assert.deepEqual(
      edgesOf(
        allCalls(
          requests(() => ['client']),
          after,
        ),
      ),
      ['shop/web -> shop/orders'],
    );
  });
});
