// Which scores go out: the same as if all edges had been put in order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { THRESHOLD_RANGE } from '../../../src/detection/alerting/settings.js';
import { rankServices } from '../../../src/detection/incidents/ranking.js';
import { topScores } from '../../../src/detection/results/top-scores.js';
import { createCluster, createGroup, createService, type EdgeState } from '../../../src/detection/topology/graph.js';
import { FanInServices } from '../../../src/detection/topology/services.js';
import type { KernelApi } from '../../../src/kernel/api.js';
import fc from '../../support/property.js';

const kernelWith = (score: Float32Array): KernelApi => ({ results: { score } }) as unknown as KernelApi;

describe('scores that go out', () => {
  it('are the highest and all that are worth saying, equal ones in the order of the group', () => {
    const few = fc.constantFrom(0, 0.1, 0.5, 0.75, 0.8, 0.9);
    const scores = fc.array(fc.oneof(few, fc.float({ min: 0, max: 1, noNaN: true })), { maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 0, max: 70 }), (values, most) => {
        const score = Float32Array.from(values);
        const slots = Uint32Array.from(values, (_, i) => values.length - 1 - i);
        const sorted = [...slots].sort((a, b) => score[b]! - score[a]!);
        const wanted = sorted.filter((slot, rank) => rank < most || score[slot]! >= THRESHOLD_RANGE.min);
        assert.deepEqual([...topScores(kernelWith(score), slots, most)], wanted);
      }),
    );
  });
});

describe('services that several edges lead to', () => {
  it('are counted anew when the graph has changed', () => {
    const fanIn = new FanInServices();
    const web = createService({ namespace: '', name: 'web' });
    const services = new Map([[web, 0]]);
    assert.equal(fanIn.of(services), 0);
    for (let slot = 0; slot < 2; slot++) web.addInbound({ slot } as EdgeState);
    assert.equal(fanIn.of(services), 0, 'nothing said that it has changed');
    fanIn.changed();
    assert.equal(fanIn.of(services), 1);
  });
});

describe('the ranking of a large cluster', () => {
  it('lets other work run in between, and keeps the likeliest alone', () => {
    const cluster = createCluster({ id: 'c', name: 'c' });
    const group = createGroup(0, cluster, 10_000);
    const count = 10_000;
    for (let slot = 0; slot < count; slot++) {
      const service = createService({ namespace: '', name: `s${slot}` });
      cluster.services.add(service);
      const edge = { slot, group, sourceService: undefined, destinationService: service } as unknown as EdgeState;
      service.addInbound(edge);
      cluster.edges.add(edge);
    }
    const kernel = {
      results: { sustained: new Float32Array(count) },
      recentPeak: (slot: number) => ({ evidence: slot === 7777 ? 9 : slot % 3, up: 0, down: 0 }),
    } as unknown as KernelApi;
    const steps = rankServices(kernel, cluster.services, new Map());
    let turns = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) turns++;
    assert.ok(turns >= 4, `${turns} turns for ${2 * count} edges and services`);
    assert.equal(step.value.length, 20);
    assert.equal(step.value[0]!.service.name.name, 's7777');
    const next = step.value.slice(1, 4).map(({ service }) => service.name.name);
    assert.deepEqual(next, ['s1001', 's1004', 's1007'], 'equal ones by name');
  });
});
