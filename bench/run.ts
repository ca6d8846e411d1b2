// `npm run bench`: what is ours, each part by itself; prints a table and writes bench/results/ours.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../test/support/peers/programs.js';
import { machine } from './machine.js';
import type { Result } from './result.js';
import { closingResults } from './suites/closing.js';
import { decodeResults } from './suites/decode.js';
import { forestResults } from './suites/forest.js';
import { grpcClientResults } from './suites/grpc-client.js';
import { grpcServerResults } from './suites/grpc-server.js';
import { pipelineResults } from './suites/pipeline.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(REPOSITORY, 'bench/results/ours.json') },
  },
});

const SUITES: Readonly<Record<string, (rounds: number) => Result[] | Promise<Result[]>>> = {
  forest: forestResults,
  closing: closingResults,
  'grpc-client': grpcClientResults,
  'grpc-server': grpcServerResults,
  decode: decodeResults,
  pipeline: pipelineResults,
};

const results: Result[] = [];
for (const [name, run] of Object.entries(SUITES)) {
  if (!name.includes(options.only)) continue;
  for (const result of await run(Number(options.rounds))) {
    results.push(result);
    const { median, min, max } = result.value;
    const verdict =
      result.atMost === undefined ? '' : median <= result.atMost ? `≤ ${result.atMost}` : `MISSED ${result.atMost}`;
    const [value, least, most] = [median, min, max].map((number) => number.toPrecision(3));
    console.log(`${result.suite}: ${result.name}  ${value} ${result.unit} (${least} to ${most})  ${verdict}`);
  }
}
const report = {
  measured: new Date().toISOString(),
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, ''),
  rounds: Number(options.rounds),
  machine: machine(),
  results,
};
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
