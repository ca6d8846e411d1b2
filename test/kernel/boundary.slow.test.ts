// The boundary of the kernel is declared once: fields, columns and numbers that change their places in assembly/ change
// them in TypeScript too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../support/paths.js';

/** Neighbours that change places, by the file that declares them. */
const SWAPS: Readonly<Record<string, readonly (readonly [first: string, second: string])[]>> = {
  'assembly/otlp/row.ts': [
    ['hash: u64;', 'time: u64;'],
    ['pointStart: u32;', 'pointEnd: u32;'],
    ['nameStart: u32;', 'nameEnd: u32;'],
  ],
  'assembly/window/slow-rows.ts': [['row: u32;', 'edge: i32;']],
  'assembly/window/odd-rows.ts': [['row: u32;', 'why: Odd;']],
  'assembly/window/counts.ts': [['late: f64;', 'duplicate: f64;']],
  'assembly/detect/result.ts': [['alertingCount: i32;', 'channelCount: i32;']],
  'assembly/detect/regions.ts': [
    ['lower: f64;', 'upper: f64;'],
    ['band: Band;', 'recent: RecentWindow;'],
    ['score: Numbers<f32>;', 'evidence: Numbers<f32>;'],
    ['on: Numbers<u8>;', 'change: Numbers<i8>;'],
  ],
};

/** Numbers of an enum that change places. */
const ODD = [
  ['CAME_BACK = 2', 'CAME_BACK = 3'],
  ['LEAPT = 3', 'LEAPT = 2'],
] as const;

const tree = mkdtempSync(join(tmpdir(), 'pxanomaly-boundary-'));
after(() => rmSync(tree, { recursive: true, force: true }));

function copyTree(): void {
  for (const folder of ['assembly', 'bench', 'fuzz', 'proto', 'scripts', 'src', 'test', 'deploy'])
    cpSync(join(ROOT, folder), join(tree, folder), { recursive: true });
  for (const file of ['asconfig.json', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(ROOT, file), join(tree, file));
  cpSync(join(ROOT, 'build/proto'), join(tree, 'build/proto'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'), 'dir');
}

/** Two declarations that follow each other, apart from comments, change places. */
function swap(text: string, first: string, second: string): string {
  const from = text.indexOf(first);
  const to = text.indexOf(second, from);
  assert.ok(from >= 0 && to > from, `${first} before ${second}`);
  const between = text.slice(from + first.length, to);
  return text.slice(0, from) + second + between + first + text.slice(to + second.length);
}

function run(what: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
  assert.equal(status, 0, `${what}:\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
}

test('fields, columns and enum values in another order: the build and the parity tests go through', () => {
  copyTree();
  for (const [file, swaps] of Object.entries(SWAPS)) {
    let text = readFileSync(join(tree, file), 'utf8');
    for (const [first, second] of swaps) text = swap(text, first, second);
    writeFileSync(join(tree, file), text);
  }
  const counters = join(tree, 'assembly/window/odd-rows.ts');
  let text = readFileSync(counters, 'utf8');
  for (const [before, now] of ODD) {
    assert.ok(text.includes(before));
    text = text.replace(before, now);
  }
  writeFileSync(counters, text);
  const layouts = 'src/kernel/generated/layouts.ts';
  run('build', 'scripts/build.mjs');
  assert.notEqual(readFileSync(join(tree, layouts), 'utf8'), readFileSync(join(ROOT, layouts), 'utf8'));
  const names = ['detect-parity', 'detect-golden', 'fold-rules', 'fold-order', 'decode-cases', 'table', 'snapshot'];
  run('tests', '--test', ...names.map((name) => `build/js/test/kernel/${name}.test.js`));
});
