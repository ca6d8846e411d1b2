// `npm run fuzz`: runs every target for its share of the time, and fails where one finds a fault.
import { execFileSync, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Plan } from './campaign-thread.js';
import { writeCorpus } from './corpus.js';
import { instrument } from './instrument.js';
import type { Fault, Outcome } from './shared.js';

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

/**
 * Targets that put node:http2 beside ours. Native code of node can fail an assertion of its own there, and ends the
 * process: no fault of ours, and told as a target that was cut short.
 */
const BESIDE_NATIVE = /^http2-node-/;

/** Its campaign in a process of its own; undefined: node's native code has ended that. */
async function campaignApart(name: string, plan: Plan): Promise<Outcome | undefined> {
  const host = fork(join(ROOT, 'build/js/fuzz/host.js'), {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  host.stderr!.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    said = (said + text).slice(-10_000);
  });
  let outcome: Outcome | undefined;
  host.once('message', (message) => {
    outcome = message as Outcome;
  });
  host.send({ name, plan });
  const [code, signal] = (await once(host, 'close')) as [number | null, string | null];
  if (outcome) return outcome;
  const isNatives = signal === 'SIGABRT' && BESIDE_NATIVE.test(name) && !said.includes('out of memory');
  if (!isNatives) throw new Error(`${name}: its process ended with ${signal ?? code}`);
  return undefined;
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
let cutShort = 0;
for (const name of chosen) {
  const outcome = await campaignApart(name, plan);
  if (!outcome) {
    console.log(`skipped: ${name} (native code of node:http2 has ended the process)`);
    cutShort++;
    continue;
  }
  report(outcome);
  outcomes.push(outcome);
  if (options.grow) writeCorpus(CORPUS, name, outcome.corpus);
}
if (options.record) record(outcomes, plan);
const failed = outcomes.filter(({ fault }) => fault).length;
console.log(`${outcomes.reduce((sum, { inputs }) => sum + inputs, 0)} inputs`);
console.log(`${outcomes.length - failed} passed, ${failed} failed, ${cutShort} skipped`);
process.exit(failed > 0 ? 1 : 0);
