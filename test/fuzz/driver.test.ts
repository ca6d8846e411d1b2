// The fuzzer itself: counters that change nothing, and a fault behind several comparisons that only coverage leads to.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Campaign } from '../../fuzz/campaign.js';
import { readCorpus, writeCorpus } from '../../fuzz/corpus.js';
import { Coverage } from '../../fuzz/coverage.js';
import { BranchCounter } from '../../fuzz/instrument.js';
import { mutateProtobuf } from '../../fuzz/mutators/protobuf.js';
import { Random } from '../../fuzz/random.js';
import { requestSeeds } from '../../fuzz/seeds.js';
import { type Order, type Outcome, sharedBytes } from '../../fuzz/shared.js';

const SOURCE = `
export class Counter {
  #n = 0;
  get n() { return this.#n; }
  static { this.made = 1; }
  add(x) { if (x > 2) this.#n += 2; else if (x) this.#n++; return this; }
}
export const sum = (...all) => { let s = 0; for (const x of all) { if (x < 0) continue; s += x; } return s; };
export function* numbers(n) { for (let i = 0; i < n; i++) yield i; }
export async function later(x) { try { return await x ?? 'none'; } catch { return 'failed'; } finally { later.done = true; } }
export const kind = (x) => { switch (x) { case 1: case 2: return 'few'; case 3: { return 'three'; } default: return x ? 'many' : 'none'; } };
export const both = (a, b) => a && b || 'neither';
label: for (;;) { do { break label; } while (true); }
`;

interface Module {
  readonly Counter: new () => { add(x: number): { readonly n: number } };
  sum(...all: number[]): number;
  numbers(n: number): Iterable<number>;
  later(x: unknown): Promise<unknown>;
  kind(x: number): string;
  both(a: unknown, b: unknown): unknown;
}

async function load(text: string): Promise<Module> {
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Module;
}

async function behaviour(module: Module): Promise<unknown[]> {
  return [
    new module.Counter().add(3).n,
    new module.Counter().add(1).n,
    new module.Counter().add(0).n,
    module.sum(1, -5, 2),
    [...module.numbers(3)],
    await module.later(undefined),
    await module.later(Promise.reject(new Error('x'))),
    [0, 1, 2, 3, 4].map((x) => module.kind(x)),
    [module.both(1, 2), module.both(0, 2), module.both(1, 0)],
  ];
}

test('counters change nothing, and count every branch', async () => {
  const counter = new BranchCounter();
  const text = counter.instrument('source.js', SOURCE);
  const map = new Uint8Array(counter.count);
  (globalThis as { __branches?: Uint8Array }).__branches = map;
  assert.deepEqual(await behaviour(await load(text)), await behaviour(await load(SOURCE)));
  assert.equal(counter.count, 25);
  assert.deepEqual(
    [...map.keys()].filter((branch) => map[branch] === 0),
    [],
  );
});

test('new is what no input did before, or did less often by a class', () => {
  const coverage = new Coverage(10);
  const runs = (...counts: number[]): boolean => {
    coverage.clear();
    coverage.map.set(counts);
    return coverage.take();
  };
  assert.deepEqual([runs(1), runs(1), runs(2), runs(0, 1), runs(2, 1)], [true, false, true, true, false]);
  assert.deepEqual([runs(5), runs(7), runs(8), runs(255)], [true, false, true, true]);
  assert.equal(coverage.reached, 2);
});

const WORD = 'fuzz!';

/** Fails at a word; says how far it came only where `tells`. */
async function hunt(tells: boolean): Promise<Outcome> {
  const coverage = new Coverage(WORD.length);
  const order: Order = {
    target: 'word',
    memory: new SharedArrayBuffer(sharedBytes),
    branches: WORD.length,
    seed: 1,
    seconds: tells ? 60 : 0.3,
    corpus: [],
  };
  const run = (input: Uint8Array): void => {
    for (let i = 0; i < WORD.length; i++) {
      if (input[i] !== WORD.charCodeAt(i)) return;
      if (tells) coverage.map[i]!++;
    }
    throw new Error('found');
  };
  const target = { name: 'word', proves: '', seeds: () => [Uint8Array.from([0])], run };
  return await new Campaign(target, order, coverage).run();
}

test('a fault five comparisons deep is found step by step, and told as small as it is', async () => {
  const { fault } = await hunt(true);
  assert.match(fault?.message ?? '', /found/);
  assert.equal(Buffer.from(fault!.input).toString(), WORD);
  assert.equal((await hunt(false)).fault, undefined);
});

test('what it makes follows from the seed', () => {
  const [input, other] = requestSeeds('metrics').slice(0, 2) as [Uint8Array, Uint8Array];
  const made = (seed: number): string => {
    const random = new Random(seed);
    const all = Array.from({ length: 50 }, () => mutateProtobuf(input, other, random));
    return Buffer.concat(all).toString('hex');
  };
  assert.equal(made(1), made(1));
  assert.notEqual(made(1), made(2));
});

test('a corpus comes back, smallest first, each once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-corpus-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeCorpus(folder, 'x', [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(9), Uint8Array.of(9)]);
  assert.deepEqual(readCorpus(folder, 'x'), [Uint8Array.of(9), Uint8Array.of(1, 2, 3, 4)]);
  assert.deepEqual(readCorpus(folder, 'y'), []);
});
