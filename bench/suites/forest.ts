// The isolation forest by itself: 100 trees on 256 rows, scoring in blocks of 64 rows.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instantiateSync } from '@assemblyscript/loader';
import { REPOSITORY } from '../../test/support/peers/programs.js';
import { inTurns, type Result } from '../result.js';

const TREES = 100;
const SUBSAMPLE = 256;
const BLOCK = 64;

/** What assembly/detect/forest-alone.ts exports. */
interface ForestAlone {
  readonly memory: { readonly buffer: ArrayBuffer };
  layOut(trees: number, subsample: number, columns: number): number;
  sampleAt(): number;
  blockAt(): number;
  scoresAt(): number;
  train(seed: number): void;
  score(): void;
}

function compile(): Uint8Array {
  const out = 'build/forest-alone.wasm';
  const asc = [
    'node_modules/assemblyscript/bin/asc.js',
    'assembly/detect/forest-alone.ts',
    '--config',
    'asconfig.json',
  ];
  const done = spawnSync(process.execPath, [...asc, '--target', 'release', '--outFile', out], {
    cwd: REPOSITORY,
    stdio: 'inherit',
  });
  if (done.status !== 0) throw new Error('asc failed');
  return readFileSync(join(REPOSITORY, out));
}

/** Normal values from a fixed sequence, rows of `columns` in rows of a multiple of four. */
export function fill(target: Float32Array, columns: number, padded: number, start: number): void {
  let state = start >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < target.length; i++) {
    if (i % padded >= columns) target[i] = 0;
    else target[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }
}

function newForest(module: Uint8Array, columns: number): ForestAlone {
  const forest = instantiateSync(module as never).instance.exports as unknown as ForestAlone;
  if (!forest.layOut(TREES, SUBSAMPLE, columns)) throw new Error('no memory');
  const padded = (columns + 3) & ~3;
  fill(new Float32Array(forest.memory.buffer, forest.sampleAt() >>> 0, SUBSAMPLE * padded), columns, padded, 1);
  fill(new Float32Array(forest.memory.buffer, forest.blockAt() >>> 0, BLOCK * padded), columns, padded, 2);
  return forest;
}

/** Scores must tell rows apart, or the figures mean nothing. */
function check(forest: ForestAlone): void {
  const scores = new Float64Array(forest.memory.buffer, forest.scoresAt() >>> 0, BLOCK);
  const sound = scores.every((score) => score > 0.2 && score < 0.95) && Math.max(...scores) - Math.min(...scores) > 0.1;
  if (!sound) throw new Error(`the forest does not score: ${scores.join(' ')}`);
}

/** A turn takes some ten milliseconds: so many of them a round, to be longer than what slows a machine. */
const TURNS_A_ROUND = 15;

/** Scoring and training times at 4 and 8 features. */
export function forestResults(rounds: number): Result[] {
  const module = compile();
  const suite = 'isolation forest, 100 trees × 256';
  const forests = [4, 8].map((columns) => ({ columns, forest: newForest(module, columns) }));
  let seed = 0;
  const turns = forests.flatMap(({ forest }) => [
    { units: 20_000, work: () => trainForests(forest, 20) },
    { units: 1000 * BLOCK, work: () => scoreBlocks(forest, 1000) },
  ]);
  const values = inTurns(rounds * TURNS_A_ROUND, turns);
  return forests.flatMap(({ columns, forest }, i) => {
    check(forest);
    return [
      {
        suite,
        name: `scoring, ${columns} features, blocks of 64 rows`,
        unit: 'µs a row',
        value: values[2 * i + 1]!,
        atMost: 0.5,
      },
      { suite, name: `training, ${columns} features`, unit: 'ms', value: values[2 * i]!, atMost: 1.5 },
    ];
  });

  function trainForests(forest: ForestAlone, times: number): void {
    for (let i = 0; i < times; i++) forest.train(seed++);
  }
}

function scoreBlocks(forest: ForestAlone, times: number): void {
  for (let i = 0; i < times; i++) forest.score();
}
