// `npm run fuzz`: runs every target for its share of the time, and fails where one finds a fault.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { readCorpus, writeCorpus } from './corpus.js';
import { type Instrumented, instrument } from './instrument.js';
import { type Fault, type Order, type Outcome, Slot, sharedBytes, sharedIn } from './shared.js';

/** Seen from build/js/fuzz. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CORPUS = join(ROOT, 'fuzz/corpus');
const FINDINGS = join(ROOT, 'fuzz/findings');
const RESULTS = join(ROOT, 'fuzz/results.json');

const USAGE = `npm run fuzz -- [options]
  --seconds N   time for all targets together (60)
  --only TEXT   only targets whose name contains this
  --seed N      other inputs with another number (1)
  --grow        keep what reached something new in fuzz/corpus
  --record      write the figures to fuzz/results.json, which docs/security.md is made from
  --list        the targets`;

/** An input that says nothing for so long never ends; ms. */
const STUCK_MS = 20_000;

interface Plan {
  readonly tree: Instrumented;
  readonly seconds: number;
  readonly seed: number;
}

function campaign(name: string, { tree, seconds, seed }: Plan): Promise<Outcome> {
  const memory = new SharedArrayBuffer(sharedBytes);
  const { numbers, input } = sharedIn(memory);
  const order: Order = {
    target: name,
    memory,
    branches: tree.branches,
    seed,
    seconds,
    corpus: readCorpus(CORPUS, name),
  };
  const worker = new Worker(pathToFileURL(join(tree.folder, 'js/fuzz/worker.js')), { workerData: order });
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const inputs = Atomics.load(numbers, Slot.inputs);
      if (inputs === last) {
        const found = { input: Uint8Array.from(input.subarray(0, numbers[Slot.length])), message: 'does not end' };
        resolve({ target: name, proves: '', inputs, seconds, reached: 0, corpus: [], fault: found });
        void worker.terminate();
      }
      last = inputs;
    }, STUCK_MS);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearInterval(watch);
      reject(new Error(`${name}: the thread ended without a word`));
    });
  });
}

function writeFault(target: string, { input, message }: Fault): string {
  mkdirSync(FINDINGS, { recursive: true });
  const name = `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  const file = join(FINDINGS, name);
  writeFileSync(file, input);
  writeFileSync(`${file}.txt`, `${message}\n\nhex: ${Buffer.from(input).toString('hex')}\n`);
  return file;
}

function report({ target, inputs, seconds, reached, fault }: Outcome): void {
  const rate = Math.round(inputs / seconds);
  console.log(`${fault ? 'FAILED' : 'ok    '} ${target.padEnd(20)} ${inputs} inputs, ${rate}/s, ${reached} branches`);
  if (!fault) return;
  console.log(`       ${fault.message.split('\n').slice(0, 12).join('\n       ')}`);
  console.log(`       input: ${writeFault(target, fault)}`);
}

/** The Python with protobuf, where it can be had. */
function secondOpinion(): void {
  try {
    const python = execFileSync(join(ROOT, 'scripts/peers/python.sh'), ['protobuf'], { encoding: 'utf8' }).trim();
    process.env.FUZZ_SECOND_OPINION = JSON.stringify([python, join(ROOT, 'fuzz/targets/second_opinion.py')]);
  } catch {
    console.log("       Python's protobuf is not to be had: bodies are compared with protobufjs alone");
  }
}

const commit = (): string =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();

function record(outcomes: readonly Outcome[], plan: Plan): void {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', commit: commit() };
  const targets = outcomes.map(({ target, proves, inputs, seconds, reached, fault }) => {
    return { target, proves, inputs, seconds: Math.round(seconds), reached, faults: fault ? 1 : 0 };
  });
  const { seconds, seed } = plan;
  const results = { measured: new Date().toISOString(), seed, secondsEach: seconds, machine, targets };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
}

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    grow: { type: 'boolean' },
    record: { type: 'boolean' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const { NAMES } = await import('./names.js');
if (options.list) {
  for (const name of NAMES) console.log(name);
  process.exit(0);
}
const chosen = NAMES.filter((name) => name.includes(options.only));
if (chosen.length === 0) throw new Error(`no target is called like "${options.only}": ${NAMES.join(', ')}`);
secondOpinion();
const plan: Plan = {
  tree: instrument(join(ROOT, 'build')),
  seconds: Number(options.seconds) / chosen.length,
  seed: Number(options.seed),
};
const outcomes: Outcome[] = [];
for (const name of chosen) {
  const outcome = await campaign(name, plan);
  report(outcome);
  outcomes.push(outcome);
  if (options.grow) writeCorpus(CORPUS, name, outcome.corpus);
}
if (options.record) record(outcomes, plan);
const failed = outcomes.filter(({ fault }) => fault).length;
console.log(`${outcomes.reduce((sum, { inputs }) => sum + inputs, 0)} inputs`);
console.log(`${outcomes.length - failed} passed, ${failed} failed, 0 skipped`);
process.exit(failed > 0 ? 1 : 0);
