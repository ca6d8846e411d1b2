import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Drift, logFactorial, Random } from '../../src/simulation/random.js';

const DRAWS = 40_000;

function moments(draw: () => number): { mean: number; variance: number } {
  const values = Array.from({ length: DRAWS }, draw);
  const mean = values.reduce((sum, x) => sum + x, 0) / DRAWS;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / DRAWS };
}

/** Five standard errors of a mean; a variance is allowed a tenth. */
function assertMoments(name: string, draw: () => number, mean: number, variance: number): void {
  const found = moments(draw);
  const error = 5 * Math.sqrt(variance / DRAWS);
  assert.ok(Math.abs(found.mean - mean) <= error, `${name}: mean ${found.mean}, expected ${mean} ± ${error}`);
  assert.ok(Math.abs(found.variance / variance - 1) < 0.1, `${name}: variance ${found.variance}, expected ${variance}`);
}

describe('Random', () => {
  it('gives the same numbers for the same seeds and others for others', () => {
    const draw = (...seeds: number[]): number[] => {
      const random = new Random(...seeds);
      return Array.from({ length: 8 }, () => random.bits());
    };
    assert.deepEqual(draw(1, 2), draw(1, 2));
    assert.notDeepEqual(draw(1, 2), draw(2, 1));
    assert.notDeepEqual(draw(1), draw(1, 0));
    assert.notDeepEqual(draw(1), draw(1 + 2 ** 32));
  });

  it('draws uniform numbers in [0, 1)', () => {
    const random = new Random(3);
    assertMoments('uniform', () => random.uniform(), 0.5, 1 / 12);
  });

  it('draws integers of the whole range', () => {
    const random = new Random(4);
    assert.deepEqual(new Set(Array.from({ length: 200 }, () => random.integer(-1, 3))), new Set([-1, 0, 1, 2]));
    assert.throws(() => random.pick([]), RangeError);
  });

  it('draws normal, lognormal and exponential numbers', () => {
    const random = new Random(5);
    assertMoments('normal', () => random.normal(), 0, 1);
    assertMoments('ln lognormal', () => Math.log(random.lognormal(0.4)), 0, 0.16);
    assertMoments('exponential', () => random.exponential(3), 3, 9);
  });

  it('draws Poisson counts by both methods', () => {
    const random = new Random(6);
    for (const mean of [0.05, 3, 9.99, 10, 47, 15_000]) {
      assertMoments(`poisson ${mean}`, () => random.poisson(mean), mean, mean);
    }
    assert.equal(random.poisson(0), 0);
    assert.equal(random.poisson(Number.NaN), 0);
    assert.equal(random.poisson(1e-22), 0);
  });

  it('draws binomial counts by both methods and both sides of a half', () => {
    const random = new Random(7);
    const cases: readonly [number, number][] = [
      [5, 0.3],
      [2000, 0.001],
      [40, 0.5],
      [3000, 0.02],
      [900, 0.93],
    ];
    for (const [n, p] of cases)
      assertMoments(`binomial ${n} ${p}`, () => random.binomial(n, p), n * p, n * p * (1 - p));
    assert.equal(random.binomial(7, 0), 0);
    assert.equal(random.binomial(7, 1), 7);
    assert.equal(random.binomial(0, 0.4), 0);
  });

  it('knows factorials', () => {
    for (const n of [0, 1, 5, 9, 10, 11, 30, 170]) {
      let expected = 0;
      for (let i = 2; i <= n; i++) expected += Math.log(i);
      assert.ok(Math.abs(logFactorial(n) - expected) < 1e-8, `${n}!`);
    }
  });

  it('drifts with the deviation and memory it was given', () => {
    const drift = new Drift(new Random(8), 0.9, 0.2);
    const values = Array.from({ length: DRAWS }, () => drift.next());
    const variance = values.reduce((sum, x) => sum + x * x, 0) / DRAWS;
    const next = values.slice(1).reduce((sum, x, i) => sum + x * values[i]!, 0) / (DRAWS - 1);
    assert.ok(Math.abs(Math.sqrt(variance) - 0.2) < 0.02);
    assert.ok(Math.abs(next / variance - 0.9) < 0.02);
  });
});
