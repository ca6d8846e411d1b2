// Floors on recorded data, where it is on the machine.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rawScore, readNab, runNab } from '../../../bench/quality/nab.js';
import { nezha, runNezha } from '../../../bench/quality/nezha.js';
import { petshop, runPetShop } from '../../../bench/quality/petshop.js';
import { sharedData, WITHOUT_DATA } from '../../support/goldens.js';
import { emptyStream } from '../../synthetic/stream.js';

const skipWithout = (path: string | undefined) => (path === undefined ? WITHOUT_DATA : false);

describe('Nezha', () => {
  const folder = sharedData('nezha');

  it('finds faults of 2022-08-23 at the promised false alarms', { skip: skipWithout(folder) }, () => {
    const { atBudget } = runNezha(nezha(folder!, '2022-08-23'), 0.143);
    assert.equal(atBudget.of, 32);
    assert.ok(atBudget.found / atBudget.of >= 0.8, JSON.stringify(atBudget));
    assert.ok(atBudget.falsePerDay <= 0.143);
    assert.ok(atBudget.chance < 0.3, `chance alone would find ${atBudget.chance}`);
  });
});

describe('PetShop', () => {
  const folder = sharedData('petshop');

  it('finds issues at their node, at the defaults', { skip: skipWithout(folder) }, () => {
    const result = runPetShop(petshop(folder!));
    assert.equal(result.of, 26);
    assert.ok(result.found / result.of >= 0.65, JSON.stringify(result));
    assert.ok(result.falseEpisodes / result.entityDays <= 0.143, JSON.stringify(result));
  });
});

describe('Numenta anomaly benchmark', () => {
  const folder = sharedData('nab');

  it('reaches 48 with the one default configuration', { skip: skipWithout(folder) }, () => {
    const { score, windows } = runNab(readNab(folder!));
    assert.ok(windows >= 30);
    assert.ok(score >= 48, `${score}`);
  });

  it('is scored as its paper says', () => {
    const series = { stream: emptyStream(1, 1000), windows: [[400, 499]] as const };
    const score = (...rows: number[]): number => rawScore(series, rows);
    assert.equal(score(), -1);
    assert.equal(score(400), 1);
    assert.ok(score(450) > 0.8 && score(450) < 0.9, 'half way through is worth less');
    assert.ok(score(499) > 0 && score(499) < 0.1);
    assert.equal(score(400, 401), 1, 'only the first detection in a window counts');
    assert.ok(Math.abs(score(300, 400) - 0.89) < 1e-9, 'a false detection before any window costs 0.11');
    assert.ok(score(400, 520) > 0.89 && score(400, 520) < 1, 'one shortly after costs less');
    assert.equal(score(20, 400), 1, 'nothing counts in the first 15 %');
  });
});
