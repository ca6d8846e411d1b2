// The dictionary of edges and services: compact, and still in the order in which things came.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { edgeBetween } from '../../../src/detection/topology/edge-between.js';
import { NO_FEATURES, SharedFeatures } from '../../../src/detection/topology/features.js';
import {
  byName,
  createCluster,
  createGroup,
  createService,
  type EdgeState,
  edgeKey,
  type FeatureState,
  type FeedState,
  type ServiceState,
} from '../../../src/detection/topology/graph.js';
import { FewEdges, Services } from '../../../src/detection/topology/services.js';
import type { FeatureName } from '../../../src/kernel/api.js';
import fc from '../../support/property.js';

const cluster = createCluster({ id: 'c', name: 'c' });
const [group, other] = [createGroup(0, cluster, 10_000), createGroup(1, cluster, 60_000)];

function edgeOf(slot: number, from?: ServiceState, to?: ServiceState, hasSource = from !== undefined): EdgeState {
  const external = { namespace: '', name: 'external' };
  return {
    slot,
    cluster,
    group,
    source: from?.name ?? (hasSource ? external : undefined),
    destination: to?.name ?? external,
    sourceService: from,
    destinationService: to,
    features: NO_FEATURES,
    shadowed: undefined,
    profile: 0,
    firstTick: 0,
    episode: undefined,
    silence: undefined,
    lastEndMs: undefined,
  };
}

const service = (name: string, namespace = 'shop'): ServiceState => createService({ namespace, name });

describe('edges of a service', () => {
  it('behave as a set, in the order in which they came', () => {
    const [few, set] = [new FewEdges(), new Set<EdgeState>()];
    const edges = Array.from({ length: 4 }, (_, slot) => edgeOf(slot));
    const steps = [0, 0, 1, -1, 2, 3, -3, 0, -2, -4, 1, -1, -2, 3];
    for (const step of steps) {
      const edge = edges[Math.max(0, Math.abs(step) - (step < 0 ? 1 : 0))]!;
      for (const one of [few, set]) step < 0 ? one.delete(edge) : one.add(edge);
      assert.deepEqual([...few], [...set], `after step ${step}`);
      assert.equal(few.size, set.size);
    }
  });

  it('are found from either end, whichever has fewer', () => {
    const [hub, leaf, lone] = [service('hub'), service('leaf'), service('lone')];
    const edges = [edgeOf(0, hub, leaf), edgeOf(1, hub, lone), edgeOf(2, hub), edgeOf(3, undefined, hub, true)];
    edges.push(edgeOf(4, undefined, hub, false));
    for (const edge of edges) {
      edge.sourceService?.addOutbound(edge);
      edge.destinationService?.addInbound(edge);
    }
    for (const edge of edges)
      assert.equal(edgeBetween(edge.sourceService, edge.destinationService, edge.source !== undefined), edge);
    assert.equal(edgeBetween(leaf, lone, true), undefined);
  });
});

describe('services', () => {
  it('are told apart by namespace, and forgotten without a trace', () => {
    const services = new Services();
    const [one, two] = [service('web'), service('web', 'blog')];
    services.add(one);
    services.add(two);
    assert.equal(services.get({ namespace: 'shop', name: 'web' }), one);
    assert.deepEqual([...services], [one, two]);
    services.delete({ namespace: 'shop', name: 'web' });
    assert.deepEqual([...services], [two]);
    assert.equal(services.get({ namespace: 'shop', name: 'web' }), undefined);
  });

  it('remember the first tick of each group', () => {
    const web = service('web');
    web.seen(group, 7);
    web.seen(group, 9);
    web.seen(other, 3);
    assert.equal(web.firstTick(group), 7);
    assert.equal(web.firstTick(other), 3);
    assert.deepEqual(web.firstTicks(), [
      [group, 7],
      [other, 3],
    ]);
  });
});

describe('features', () => {
  const feed: FeedState = { slot: 0, name: 'f', group, preset: 'edge', advised: false };
  const state = (rank: number): FeatureState => ({ rank, feed, scale: 1, unit: 'ms', type: 3, rule: 'edge/latency' });
  const build = (shared: SharedFeatures, names: readonly FeatureName[], rank = 1) =>
    names.reduce((features, name) => shared.with(features, name, state(rank)), NO_FEATURES);

  it('of edges that hear the same are one object', () => {
    const shared = new SharedFeatures();
    const all = build(shared, ['latency', 'requests', 'errors']);
    assert.equal(build(shared, ['latency', 'requests', 'errors']), all);
    assert.deepEqual(Object.keys(all), ['latency', 'requests', 'errors']);
    assert.notEqual(build(shared, ['latency', 'requests']), all);
    assert.deepEqual(build(shared, ['latency'], 2).latency, state(2));
  });
});

describe('the order of edges by name', () => {
  const part = fc.constantFrom('', 'a', 'b', 'a-b', 'a/b', 'é');
  const name = fc.record({ namespace: part, name: part });
  const ends = fc.record({ source: fc.option(name, { nil: undefined }), destination: name });

  it('is that of their texts', () => {
    fc.assert(
      fc.property(ends, ends, (a, b) => {
        const [left, right] = [edgeKey(a), edgeKey(b)];
        assert.equal(byName(a, b), left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });
});
