// gRPC's C core, which Pixie's Kelvin sends with: its requests are answered in time and handed on byte for byte.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { fixture } from '../support/paths.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { newFolder, type OtlpService, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { peer, REPOSITORY } from '../support/peers/programs.js';

/** Pixie gives up after so many seconds and loses the rest of the window. */
const DEADLINE_SECONDS = 5;
const FILES: readonly (readonly [string, string])[] = [
  ['metrics', 'gauge-http-edge'],
  ['metrics', 'summary-http-edge'],
  ['metrics', 'conn-stats-otel-preset'],
  ['metrics', 'empty'],
  ['traces', 'spans-http'],
];
const path = (name: string): string => fixture(`pixie/pixie-golden-${name}.binpb`);

interface Answer {
  readonly code: string;
  readonly details: string;
  readonly seconds: number;
  readonly answer: string;
}

describe('gRPC with the C core', () => {
  let hop: NextHop;
  let gateway: OtlpService;

  before(async () => {
    hop = await startNextHop();
    const exporters = { otlp_grpc: { endpoint: `127.0.0.1:${hop.grpcPort}`, tls: { insecure: true } } };
    const through = { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc'] };
    gateway = await startGateway({
      processors: { anomaly: {} },
      exporters,
      pipelines: { metrics: through, traces: through },
    });
  });
  after(endAll);

  async function send(files: readonly string[], metadata: readonly string[] = []): Promise<Answer[]> {
    const script = join(REPOSITORY, 'test/peers/kelvin.py');
    const headers = metadata.flatMap((pair) => ['--metadata', pair]);
    const { stdout } = await promisify(execFile)(peer('python.sh', 'grpc'), [
      script,
      `127.0.0.1:${gateway.grpcPort}`,
      ...headers,
      ...files,
    ]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  }

  it('answers every fixture of Pixie with OK within its deadline, and hands on the bytes', async () => {
    const answers = await send(FILES.map(([signal, name]) => `${signal}=${path(name)}`));
    assert.equal(answers.length, FILES.length);
    for (const { code, details, seconds, answer } of answers) {
      assert.equal(code, 'OK', details);
      assert.ok(seconds < DEADLINE_SECONDS);
      assert.equal(answer, '', 'partial_success is unset');
    }
    const sent = FILES.map(([, name]) => readFileSync(path(name))).filter((body) => body.length > 0);
    const arrived = () => hop.arrivals.filter(({ body }) => sent.some((one) => one.equals(body)));
    await eventually(() => arrived().length === sent.length, 10_000, 'every request at the next hop');
  });

  it('takes ten thousand rows in one request', async () => {
    // Repeating a request's bytes repeats its resources: protobuf concatenates.
    const body = readFileSync(path('gauge-http-edge'));
    const large = Buffer.concat(Array.from({ length: 2500 }, () => body));
    const file = join(newFolder(), 'large.binpb');
    writeFileSync(file, large);
    const [answer] = await send([`metrics=${file}`]);
    assert.equal(answer?.code, 'OK', answer?.details);
    await eventually(
      () => hop.arrivals.some(({ body: arrived }) => arrived.equals(large)),
      10_000,
      'the large request',
    );
  });

  it('says in words what is wrong with a request or a setting, and serves the next', async () => {
    const file = join(newFolder(), 'broken.binpb');
    writeFileSync(file, readFileSync(path('summary-http-edge')).subarray(0, 1000));
    const [broken] = await send([`metrics=${file}`]);
    assert.equal(broken?.code, 'INVALID_ARGUMENT');
    assert.notEqual(broken?.details, '');
    const [setting] = await send([`metrics=${path('summary-http-edge')}`], ['x-pxanomaly-threshold=very high']);
    assert.equal(setting?.code, 'INVALID_ARGUMENT');
    assert.match(setting?.details ?? '', /x-pxanomaly-threshold/);
    const [next] = await send([`metrics=${path('summary-http-edge')}`]);
    assert.equal(next?.code, 'OK', next?.details);
  });
});
