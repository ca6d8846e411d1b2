// The forest stage, kernel and reference, against the oracle's: trees, reservoir, scores, calibration and generator,
// exactly.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Exchange } from '../../src/kernel/generated/layouts.js';
import { Views } from '../../src/kernel/views.js';
import { EdgeDetector } from '../reference/detect-driver.js';
import { ForestStage } from '../reference/detect-forest.js';
import { FIXTURES, Golden } from '../support/goldens.js';

interface ForestFacts {
  readonly sizes: {
    readonly refresh: number;
    readonly seed: number;
    readonly trees: number;
    readonly reservoir: number;
    readonly period: number;
    readonly first: number;
    readonly subsample: number;
  };
  readonly final_generator_state: readonly number[];
  readonly calibration: readonly number[];
}

const golden = new Golden(FIXTURES, 'forest');
const facts = JSON.parse(readFileSync(`${FIXTURES}/forest.json`, 'utf8')) as ForestFacts;
const [WINDOWS, EDGES] = [120, 10];
const NODES = 511;
const input = golden.f32('input.f32');
const kinds = golden.u8('kinds.u8');
const score = golden.f32('score.f32');
const surprise = golden.f32('surprise.f32');
const options = { enabled: true, ...facts.sizes };

const vectorOf = (window: number, edge: number): Float32Array =>
  input.subarray(12 * (window * EDGES + edge), 12 * (window * EDGES + edge) + 12);

function sameNumber(actual: number, expected: number, tolerance: number, what: string): void {
  if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual), `${what}: ${actual}, expected none`);
  else assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, not ${expected}`);
}

test('reference: forest stage', () => {
  const stage = new ForestStage(options, facts.sizes.seed);
  for (let t = 0; t < WINDOWS; t++) {
    stage.begin(t);
    for (let e = 0; e < EDGES; e++) {
      if (kinds[t * EDGES + e] === 0) continue;
      const answer = stage.fold(Float64Array.from(vectorOf(t, e)));
      sameNumber(Math.fround(answer.score), score[t * EDGES + e]!, 0, `score ${t} ${e}`);
      sameNumber(answer.surprise, surprise[t * EDGES + e]!, 1e-5, `surprise ${t} ${e}`);
    }
  }
  assert.deepEqual([...stage.random.words], facts.final_generator_state);
  assert.deepEqual([...stage.reservoir.flatMap((v) => [...v])], [...golden.f32('reservoir.f32')]);
  for (const [i, tree] of stage.trees.entries()) {
    const slice = <T extends { subarray(a: number, b: number): T }>(all: T): T =>
      all.subarray(i * NODES, (i + 1) * NODES);
    assert.deepEqual(tree.feature, slice(golden.i16('feature.i16')));
    assert.deepEqual(tree.threshold, slice(golden.f32('threshold.f32')));
    assert.deepEqual(tree.size, slice(golden.i32('size.i32')));
    assert.deepEqual(tree.length, slice(golden.f32('length.f32')));
  }
  const { q, b, n } = stage.calibration;
  for (const [i, value] of [q, b, n].entries()) sameNumber(value, facts.calibration[i]!, 1e-6, 'calibration');
});

/** A group without edges: its ticks only grow trees, and vectors are offered by hand. */
function kernelStage(): EdgeDetector {
  return new EdgeDetector(
    { source: [], destination: [], group: [], windowSeconds: 10 },
    { forest: options, seed: facts.sizes.seed },
  );
}

/** Offers the judged vectors of a window; returns their scores and surprises. */
function fold(d: EdgeDetector, window: number): { scores: Float64Array; surprises: Float64Array; edges: number[] } {
  const edges = Array.from({ length: EDGES }, (_, e) => e).filter((e) => kinds[window * EDGES + e] !== 0);
  const views = new Views(d.wasm.memory);
  const at = d.wasm.exchangeAt() >>> 0;
  const vectors = Exchange.vectors(views, at, EDGES);
  for (const [row, e] of edges.entries()) vectors.set(vectorOf(window, e), 12 * row);
  d.wasm.foldVectors(0, edges.length);
  const scores = Exchange.vectorScores(views, at, edges.length);
  return { scores, surprises: Exchange.vectorSurprises(views, at, edges.length), edges };
}

/** The number whose order-preserving key the kernel stores. */
function thresholdOf(key: number): number {
  const bits = new Int32Array(1);
  bits[0] = key < 0 ? key ^ 0x7fffffff : key;
  return new Float32Array(bits.buffer)[0]!;
}

/** Walks a kernel tree (complete) along the oracle's nodes and compares split by split. */
function compareTree(d: EdgeDetector, tree: number): number {
  const { buffer } = d.wasm.memory;
  const at = d.wasm.forestTree(0, tree) >>> 0;
  const nodes = new DataView(buffer, at, 12 << 8);
  const feature = golden.i16('feature.i16').subarray(tree * NODES);
  const threshold = golden.f32('threshold.f32').subarray(tree * NODES);
  const length = golden.f32('length.f32').subarray(tree * NODES);
  let leaves = 0;
  const visit = (i: number, depth: number): void => {
    if (feature[i]! >= 0) {
      assert.equal(nodes.getUint32(8 * i + 4, true), 16 * feature[i]!, `feature of node ${i}`);
      assert.equal(thresholdOf(nodes.getInt32(8 * i, true)), threshold[i], `threshold of node ${i}`);
      visit(2 * i + 1, depth + 1);
      visit(2 * i + 2, depth + 1);
      return;
    }
    const below = 2 ** (8 - depth);
    const place = (i - (2 ** depth - 1)) * below;
    for (let leaf = place; leaf < place + below; leaf++) {
      assert.equal(nodes.getFloat32((8 << 8) + 4 * leaf, true), length[i], `leaf ${leaf} of node ${i}`);
      leaves += 1;
    }
  };
  visit(0, 0);
  return leaves;
}

test('kernel: forest stage', () => {
  const d = kernelStage();
  for (let t = 0; t < WINDOWS; t++) {
    d.step(new Float64Array(0));
    const { scores, surprises, edges } = fold(d, t);
    for (const [row, e] of edges.entries()) {
      sameNumber(Math.fround(scores[row]!), score[t * EDGES + e]!, 0, `score ${t} ${e}`);
      sameNumber(surprises[row]!, surprise[t * EDGES + e]!, 1e-5, `surprise ${t} ${e}`);
    }
  }
  const { buffer } = d.wasm.memory;
  assert.deepEqual([...new Uint32Array(buffer, d.wasm.forestRandom(0) >>> 0, 4)], facts.final_generator_state);
  const reservoir = golden.f32('reservoir.f32');
  assert.equal(d.wasm.forestHeld(0), reservoir.length / 12);
  for (let i = 0; i < reservoir.length / 12; i++) {
    const vector = new Float32Array(buffer, d.wasm.forestVector(0, i) >>> 0, 12);
    assert.deepEqual(vector, reservoir.slice(12 * i, 12 * i + 12));
  }
  for (let tree = 0; tree < facts.sizes.trees; tree++) assert.equal(compareTree(d, tree), 256);
  const calibration = new Float64Array(buffer, d.wasm.forestCalibration(0) >>> 0, 3);
  for (const [i, value] of calibration.entries()) sameNumber(value, facts.calibration[i]!, 1e-6, 'calibration');
});
