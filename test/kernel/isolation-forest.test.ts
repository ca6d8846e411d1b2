// The isolation forest on any table: kernel against the plain reference row by row, odd values, and public data against
// scikit-learn.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { IsolationForest } from '../../src/kernel/isolation-forest.js';
import { loadKernel } from '../../src/kernel/load.js';
import { forestScore, growForest, Random } from '../reference/detect-forest.js';
import { sharedData, WITHOUT_DATA } from '../support/goldens.js';
import { normal, seeded } from '../synthetic/edge-windows.js';

/** A table with negatives, ties, NaN and infinities. */
function oddTable(rows: number, columns: number, seed: number): Float32Array {
  const random = seeded(seed);
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e38, -1e38];
  return Float32Array.from({ length: rows * columns }, () => {
    if (random() < 0.02) return odd[Math.floor(random() * odd.length)]!;
    return random() < 0.2 ? Math.round(normal(random)) : normal(random);
  });
}

const rowsOf = (matrix: Float32Array, columns: number): Float32Array[] =>
  Array.from({ length: matrix.length / columns }, (_, i) => matrix.slice(i * columns, (i + 1) * columns));

function compare(
  matrix: Float32Array,
  columns: number,
  subsample: number,
  probe: Float32Array,
  seed: number,
  trees = 7,
): void {
  const forest = IsolationForest.train(matrix, columns, { trees, subsample, seed });
  const rows = rowsOf(matrix, columns);
  const random = new Random();
  random.seed(seed, 0);
  const psi = Math.min(subsample, rows.length);
  const plain = growForest(rows, trees, subsample, psi, random);
  const expected = rowsOf(probe, columns).map((row) => forestScore(plain, row, psi));
  const actual = forest.score(probe);
  assert.equal(actual.length, expected.length);
  for (const [i, score] of actual.entries()) {
    if (psi === 1) assert.ok(Number.isNaN(score) && Number.isNaN(expected[i]!));
    else assert.ok(Math.abs(score - expected[i]!) < 1e-12, `row ${i}: ${score}, not ${expected[i]}`);
  }
}

test('any number of rows in a call', () => {
  const matrix = oddTable(300, 5, 1);
  for (let n = 0; n <= 9; n++) compare(matrix, 5, 64, oddTable(n, 5, 100 + n), n);
  for (const n of [15, 16, 17, 63, 64, 65, 127, 128, 129]) compare(matrix, 5, 64, oddTable(n, 5, 100 + n), n);
});

test('any number of columns', () => {
  for (const columns of [1, 2, 3, 4, 5, 7, 8, 9, 12, 31, 32, 33, 100]) {
    compare(oddTable(80, columns, columns), columns, 32, oddTable(20, columns, 7), columns);
  }
});

test('any subsample, also larger than the table', () => {
  const matrix = oddTable(90, 4, 2);
  for (const subsample of [2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 65, 90, 91, 128, 256, 1000]) {
    compare(matrix, 4, subsample, oddTable(30, 4, 3), subsample);
  }
});

/** The form that a forest on a table of 400 rows is walked in: 1 compiled, 2 as it is. */
function formOf(matrix: Float32Array, columns: number, trees = 7): number {
  const wasm = loadKernel();
  const padded = (columns + 3) & ~3;
  assert.equal(wasm.tableInit(matrix.length / columns, columns, trees, 256), 1);
  const table = new Float32Array(wasm.memory.buffer, wasm.tableAt() >>> 0, (matrix.length / columns) * padded);
  for (const [i, value] of matrix.entries()) table[Math.floor(i / columns) * padded + (i % columns)] = value;
  wasm.tableTrain(1);
  wasm.tableScore(1);
  return wasm.tableForm();
}

test('compiled trees: every column, values on, between and far from thresholds', () => {
  for (let columns = 1; columns <= 12; columns++) {
    const matrix = oddTable(400, columns, 20 + columns);
    assert.equal(formOf(matrix, columns), 1, `${columns} columns`);
    compare(matrix, columns, 256, matrix.slice(0, 70 * columns), columns);
    compare(matrix, columns, 256, oddTable(70, columns, 40 + columns), columns);
  }
});

/** Most splits in one level of the trees that `compare` grows with seed 3, by level. */
function widestLevels(matrix: Float32Array, columns: number): number[] {
  const rows = rowsOf(matrix, columns);
  const random = new Random();
  random.seed(3, 0);
  const widths = Array.from({ length: 8 }, () => 0);
  for (const tree of growForest(rows, 7, 256, 256, random)) {
    for (let level = 0; level < 8; level++) {
      const splits = tree.feature.subarray(2 ** level - 1, 2 ** (level + 1) - 1).filter((feature) => feature >= 0);
      widths[level] = Math.max(widths[level]!, splits.length);
    }
  }
  return widths;
}

test('compiled trees: from a few splits a level to many times sixteen', () => {
  const widest: number[][] = [];
  for (const values of [2, 3, 4, 8, 1e6]) {
    for (const columns of [4, 6, 8, 12]) {
      const random = seeded(70 + values + columns);
      const matrix = Float32Array.from({ length: columns * 400 }, () => Math.floor(values * random()));
      if (formOf(matrix, columns) !== 1) continue;
      compare(matrix, columns, 256, matrix.slice(0, 70 * columns), 3);
      compare(matrix, columns, 256, oddTable(70, columns, columns), 3);
      widest.push(widestLevels(matrix, columns));
    }
  }
  for (const [level, least] of [
    [5, 17],
    [6, 33],
    [7, 49],
  ] as const) {
    const most = Math.max(...widest.map((widths) => widths[level]!));
    assert.ok(most >= least, `level ${level}: at most ${most} splits`);
  }
});

test('trees that do not fit the compiled form: too many columns, levels, splits or batches', () => {
  const random = seeded(9);
  const cases: [string, Float32Array, number, number, number][] = [
    ['columns', oddTable(400, 13, 1), 13, 256, 7],
    ['levels', oddTable(600, 4, 1), 4, 512, 7],
    ['splits', Float32Array.from({ length: 12 * 400 }, () => Math.floor(2 * random())), 12, 256, 7],
    ['batches', Float32Array.from({ length: 400 }, () => random()), 1, 256, 60],
  ];
  for (const [what, matrix, columns, subsample, trees] of cases) {
    if (what !== 'levels') assert.equal(formOf(matrix, columns, trees), 2, what);
    compare(matrix, columns, subsample, matrix.slice(0, 70 * columns), 3, trees);
  }
});

test('as many batches as a code has bytes', () => {
  const random = seeded(6);
  const uniform = Float32Array.from({ length: 400 }, () => random());
  const most = Array.from({ length: 60 }, (_, i) => i + 1).filter((trees) => formOf(uniform, 1, trees) === 1);
  assert.ok(most.length >= 30 && most.length === most.at(-1), `${most}`);
  compare(uniform, 1, 256, uniform, 1, most.length);
});

test('thresholds in one bucket: a column of a few large values and many small ones', () => {
  const random = seeded(4);
  const skewed = Float32Array.from({ length: 3 * 400 }, () => (random() < 0.01 ? 1e30 : 1e-3 * normal(random)));
  assert.equal(formOf(skewed, 3), 1);
  compare(skewed, 3, 256, skewed.slice(0, 3 * 100), 5);
});

test('a table of one row, of equal rows, of nothing but NaN', () => {
  compare(Float32Array.of(1, 2, 3), 3, 8, Float32Array.of(1, 2, 3, 4, 5, 6), 0);
  compare(new Float32Array(60).fill(7), 3, 8, Float32Array.of(1, 2, 3, 7, 7, 7), 0);
  compare(new Float32Array(60).fill(Number.NaN), 3, 8, Float32Array.of(1, 2, 3, 7, 7, 7), 0);
});

test('tables that cannot be', () => {
  assert.throws(() => IsolationForest.train(new Float32Array(0), 3), RangeError);
  assert.throws(() => IsolationForest.train(new Float32Array(7), 3), RangeError);
  assert.throws(() => IsolationForest.train(new Float32Array(6), 3, { subsample: 1 }), RangeError);
  assert.throws(() => IsolationForest.train(new Float32Array(6), 3, { subsample: 5000 }), RangeError);
  assert.throws(() => IsolationForest.train(new Float32Array(6), 3, { trees: 0 }), RangeError);
  assert.throws(() => IsolationForest.train(new Float32Array(6), 3).score(new Float32Array(4)), RangeError);
});

test('nothing is written outside the regions', () => {
  const wasm = loadKernel();
  assert.equal(wasm.tableInit(33, 5, 9, 16), 1);
  new Float32Array(wasm.memory.buffer, wasm.tableAt(), 33 * 8).set(oddTable(33, 8, 4));
  assert.equal(wasm.tableTrain(3), 16);
  for (let n = 0; n <= 64; n++) wasm.tableScore(n);
  assert.equal(wasm.brokenGuard(), -1);
});

/** Area under the receiver operating characteristic; ties count half. */
function auc(scores: Float64Array, labels: Uint8Array): number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  let positives = 0;
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end++;
    for (const row of order.slice(i, end)) {
      if (labels[row] !== 1) continue;
      ranks += (i + end + 1) / 2;
      positives += 1;
    }
    i = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

const folder = sharedData('iforest');
const skip = folder === undefined ? WITHOUT_DATA : false;
const SEEDS = 8;

for (const name of 'mammography annthyroid breastw pima satellite shuttle ionosphere arrhythmia'.split(' ')) {
  test(`as good as scikit-learn on ${name}`, { skip }, () => {
    const read = <T>(file: string): T => JSON.parse(readFileSync(`${folder!}/${file}`, 'utf8')) as T;
    const { auc: mean, sd } = read<Record<string, { auc: number; sd: number }>>('sklearn-reference.json')[name]!;
    const { cols } = read<Record<string, { cols: number }>>('meta.json')[name]!;
    const matrix = new Float32Array(Uint8Array.from(readFileSync(`${folder!}/${name}.f32`)).buffer);
    const labels = readFileSync(`${folder!}/${name}.label.u8`);
    const aucs = Array.from({ length: SEEDS }, (_, seed) =>
      auc(IsolationForest.train(matrix, cols, { seed }).score(matrix), labels),
    );
    const ours = aucs.reduce((sum, v) => sum + v, 0) / SEEDS;
    assert.ok(ours >= mean - 2 * sd, `${ours.toFixed(4)}, scikit-learn ${mean.toFixed(4)} ± ${sd.toFixed(4)}`);
  });
}
