// What an edge costs in JavaScript objects: counted after a full collection, so that the machine does not matter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ownBatch } from '../../src/pipeline/index.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../src/processors/anomaly/processor.js';
import { anomalyConfig } from '../support/anomaly.js';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';
import { testSettings } from '../support/settings.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * More than once, with turns between: what a finalizer or a pending callback still holds is garbage only afterwards.
 */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    collect();
  }
}

const FEW = 500;
const MANY = 4500;
const WINDOWS = 3;
/**
 * Dictionary entry of the edge, its destination (each has its own here) and their names; four series. Measured: 690
 * to 770.
 */
const MOST_BYTES_AN_EDGE = 950;

async function heapOf(edges: number): Promise<number> {
  const traffic: Traffic = { edges, cluster: 'memory', startSeconds: 1_767_571_200, windowSeconds: 10 };
  await settle();
  const before = process.memoryUsage().heapUsed;
  const processor = createAnomalyProcessor(
    testSettings('anomaly'),
    anomalyConfig({ max_edges: MANY, max_series: 4 * MANY }),
    REPLAY,
  );
  const stage = processor.stage('metrics', 'metrics', { refusal: () => undefined, consume: () => undefined });
  await processor.start();
  for (let window = 0; window < WINDOWS; window++) {
    const batch = ownBatch('metrics', trafficRequest(traffic, window), 4 * edges);
    await stage.consume({ ...batch, origin: 'received' });
  }
  await settle();
  const after = process.memoryUsage().heapUsed;
  assert.equal(processor.status().edges, edges);
  await processor.shutdown();
  return after - before;
}

test('an edge with four series costs three quarters of a kilobyte of objects', async () => {
  await heapOf(MANY);
  const rounds: number[] = [];
  // What the engine itself allocates or drops meanwhile (code, caches) is as large as the edges now and then: the
  // middle one of five.
  for (let round = 0; round < 5; round++) rounds.push(((await heapOf(MANY)) - (await heapOf(FEW))) / (MANY - FEW));
  const perEdge = rounds.toSorted((a, b) => a - b)[2]!;
  assert.ok(perEdge > 100 && perEdge < MOST_BYTES_AN_EDGE, `${rounds.map(Math.round).join(', ')} bytes an edge`);
});
