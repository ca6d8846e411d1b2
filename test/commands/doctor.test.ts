// `pxanomaly doctor`: a healthy gateway passes; each hop that is broken on purpose is the one it names, with what to
// do.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { UsageError } from '../../src/terminal/io.js';
import { metricsRequest, pixieRow } from '../support/anomaly.js';
import { command, commandWith, type Ran } from '../support/commands.js';
import { type GatewaySetup, metricNames, type Running, startInProcess } from '../support/gateway.js';
import { gauge } from '../support/otlp.js';
import { fixture } from '../support/paths.js';
import { startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { grpcSender } from '../support/peers/senders.js';
import { SHOP, START, shopRequest } from '../support/shop.js';

after(endAll);

const ESCAPE = '\u001b';

interface Line {
  readonly hop: string;
  readonly outcome: string;
  readonly found: string;
  readonly advice: string;
}

async function doctor(at: Running, ...more: string[]): Promise<{ code: number; checks: Line[]; senders: unknown[] }> {
  const { code, stdout } = await command('doctor', '--endpoint', at.telemetry, '--json', ...more);
  return { code, ...(JSON.parse(stdout) as { checks: Line[]; senders: unknown[] }) };
}

const failed = (checks: readonly Line[]) => checks.filter(({ outcome }) => outcome === 'fail').map(({ hop }) => hop);

/** The state of the anomaly processor as `GET /status` shows it. */
const edgesOf = (at: Running) =>
  (at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as { edges: number }).edges;

async function withShop(at: Running, windows = 5): Promise<void> {
  const sender = grpcSender(at.grpcPort);
  for (let i = 0; i < windows; i++) await sender.send('metrics', shopRequest(i));
  sender.close();
  await eventually(() => edgesOf(at) === SHOP.length, 10_000, 'the learning');
}

describe('doctor: the way in', () => {
  test('a healthy gateway: every hop is well, the test point is tagged and forwarded', async () => {
    const hop = await startInProcess();
    const at = await startInProcess({
      exporters: { otlp_grpc: { endpoint: `127.0.0.1:${hop.grpcPort}`, tls: { insecure: true } } },
      extensions: { health_check: { endpoint: '127.0.0.1:0' } },
    });
    await withShop(at);
    const { code, checks } = await doctor(at);
    assert.deepEqual(failed(checks), []);
    assert.equal(code, 0);
    const hops = checks.map((check) => check.hop);
    for (const wanted of [
      'own telemetry',
      'extension health_check',
      'receiver otlp (grpc)',
      'receiver otlp (http)',
      'next hop of otlp_grpc',
      'exporter otlp_grpc',
      'through otlp_grpc',
      'sender prod',
    ])
      assert.ok(hops.includes(wanted), `${wanted} in ${hops.join(', ')}`);
    const points = hop.batches.filter(({ body }) => metricNames(body).includes('px.anomaly.doctor'));
    assert.equal(points.length, 2, 'one over gRPC, one over HTTP');
    assert.equal(edgesOf(at), SHOP.length, 'nothing is learnt of it');
  });

  test('nothing there', async () => {
    const [port] = await freePorts(1);
    const { code, stdout } = await command('doctor', '--endpoint', `127.0.0.1:${port}`);
    assert.equal(code, 1);
    assert.match(stdout, /FAIL {2}own telemetry {2}127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);
    assert.match(stdout, /→ nothing listens there/);
  });

  test('a name that does not resolve', async () => {
    const { code, stdout } = await command('doctor', '--endpoint', 'no-such-host.invalid:8888');
    assert.equal(code, 1);
    assert.match(stdout, /the name no-such-host\.invalid does not resolve/);
  });

  test('another server than the own telemetry', async () => {
    const at = await startInProcess();
    const { code, stdout } = await command('doctor', '--endpoint', `127.0.0.1:${at.httpPort}`);
    assert.equal(code, 1);
    assert.match(stdout, /answers \/status with HTTP 404/);
  });

  test('a token: without it, with a wrong one, with the right one', async () => {
    const at = await startInProcess({ token: 'opensesame' });
    const both = ['receiver otlp (grpc)', 'receiver otlp (http)'];
    const without = await doctor(at);
    assert.deepEqual(failed(without.checks), both);
    assert.match(without.checks.find(({ hop }) => hop === both[0])!.advice, /give the token with --token/);
    const wrong = await doctor(at, '--token', 'sesame');
    assert.deepEqual(failed(wrong.checks), both);
    assert.match(wrong.checks.find(({ hop }) => hop === both[1])!.advice, /compare the token/);
    const right = await doctor(at, '--token', 'opensesame');
    assert.deepEqual(failed(right.checks), []);
    assert.match(right.checks.find(({ hop }) => hop === both[0])!.found, /token accepted/);
    assert.doesNotMatch(JSON.stringify(right), /opensesame/);
  });

  test('address and token come from the configuration', async () => {
    const at = await startInProcess({ token: 'opensesame' });
    const file = join(mkdtempSync(join(tmpdir(), 'pxanomaly-doctor-')), 'config.yaml');
    writeFileSync(
      file,
      `receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } }, token: opensesame } }
exporters: { debug: }
service:
  telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${at.telemetry.split(':')[1]} } } } }] } }
  pipelines: { metrics: { receivers: [otlp], exporters: [debug] } }
`,
    );
    const { code, stdout } = await command('doctor', '--config', file);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /token accepted/);
  });
});

describe('doctor: the gateway has nothing to warn about it', () => {
  const server = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };
  const KINDS: Record<string, GatewaySetup> = {
    'plain text': {},
    'a token that the doctor was not given': { token: 'opensesame' },
    'TLS, and no configuration that says so': { tls: server },
    'client certificates': { tls: { ...server, client_ca_file: fixture('tls/ca.pem') } },
    'TLS and a token': { tls: server, token: 'opensesame' },
  };
  for (const [kind, setup] of Object.entries(KINDS))
    test(kind, async () => {
      // Both ends are gateways: the doctor knocks at the next hop, too.
      const hop = await startInProcess(setup);
      const client = { cert_file: fixture('tls/client.pem'), key_file: fixture('tls/client.key') };
      const to = {
        endpoint: `127.0.0.1:${hop.grpcPort}`,
        tls: setup.tls ? { ca_file: fixture('tls/ca.pem'), ...client } : { insecure: true },
        headers: { 'x-pxanomaly-token': setup.token ?? '' },
      };
      const at = await startInProcess({ ...setup, exporters: { otlp_grpc: to } });
      for (let i = 0; i < 2; i++) {
        const { checks } = await doctor(at);
        assert.ok(checks.some(({ hop: name }) => name === 'receiver otlp (grpc)'));
        assert.doesNotMatch(JSON.stringify(checks), /does not speak/);
      }
      // What is still to be said about a connection is said when it ends.
      await at.gateway.shutdown();
      await hop.gateway.shutdown();
      const warned = [...at.log, ...hop.log].filter(
        ({ level, kind: what }) => Number(level) >= 40 && what === 'receiver',
      );
      assert.deepEqual(warned, []);
    });
});

describe('doctor: the way out', () => {
  test('a next hop that is away is named, with the error and what waits', async () => {
    const [port] = await freePorts(1);
    const at = await startInProcess({
      exporters: { otlp_grpc: { endpoint: `127.0.0.1:${port}`, tls: { insecure: true } } },
    });
    const { code, checks } = await doctor(at);
    assert.equal(code, 1);
    assert.deepEqual(failed(checks), ['next hop of otlp_grpc', 'exporter otlp_grpc', 'through otlp_grpc']);
    assert.match(
      checks.find(({ hop }) => hop === 'exporter otlp_grpc')!.found,
      /sending fails.*last error.*ECONNREFUSED/,
    );
  });

  test('a full queue', async () => {
    const [port] = await freePorts(1);
    const at = await startInProcess({
      exporters: {
        otlp_grpc: {
          endpoint: `127.0.0.1:${port}`,
          tls: { insecure: true },
          sending_queue: { queue_size: 1, num_consumers: 1, drain_timeout: '1ms' },
        },
      },
    });
    const sender = grpcSender(at.grpcPort);
    await sender.send('metrics', shopRequest(0));
    sender.close();
    const { code, checks } = await doctor(at);
    assert.equal(code, 1);
    assert.ok(failed(checks).includes('receiver otlp (grpc)'));
    assert.match(checks.find(({ hop }) => hop === 'receiver otlp (grpc)')!.found, /gRPC status 14/);
    assert.match(checks.find(({ hop }) => hop === 'exporter otlp_grpc')!.found, /queue full/);
  });
});

describe('doctor: senders', () => {
  async function text(at: Running, tty = false): Promise<Ran> {
    return commandWith({ tty }, 'doctor', '--endpoint', at.telemetry);
  }

  test('edges, feeds, what is learning and for how long', async () => {
    const at = await startInProcess();
    await withShop(at, 8);
    const { stdout } = await text(at);
    assert.match(stdout, /^prod +8 +4 +0 +4 +in [\d.]+ min +0 +0$/m);
    for (const feature of ['latency', 'requests', 'errors', 'bytes'])
      assert.match(stdout, new RegExp(`^prod +${feature} +edge/\\S+ \\(4\\)$`, 'm'));
    assert.ok(!stdout.includes(ESCAPE));
    const lines = stdout.trim().split('\n');
    assert.match(lines.at(-1)!, /^\d+ ok, \d+ to look at, 0 failed$/);
  });

  test('colour at a terminal alone', async () => {
    const at = await startInProcess();
    assert.ok((await text(at, true)).stdout.includes(`${ESCAPE}[32mok  ${ESCAPE}[0m`));
    const plain = await commandWith({ tty: true, env: { NO_COLOR: '1' } }, 'doctor', '--endpoint', at.telemetry);
    assert.ok(!plain.stdout.includes(ESCAPE));
  });

  test('edges without a known end, with an example', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort);
    await sender.send('metrics', metricsRequest(pixieRow('10.0.0.7', 'shop/checkout', START, { requests: 3 })));
    sender.close();
    await eventually(() => edgesOf(at) === 1, 10_000, 'the learning');
    const { checks } = await doctor(at);
    const check = checks.find(({ hop }) => hop === 'sender prod')!;
    assert.equal(check.outcome, 'warn');
    assert.match(check.found, /1 of 1 edge has an unknown end, such as external → shop\/checkout/);
  });

  test('a sender that no rule understands is a failure, with an example of what it sends', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort);
    const block = { resource: { 'k8s.cluster.name': 'lost' }, metrics: [gauge('queue.depth', 3, { time: START })] };
    await sender.send('metrics', metricsRequest(block));
    sender.close();
    await eventually(async () => (await doctor(at)).senders.length === 1, 10_000, 'the learning');
    const { code, checks } = await doctor(at);
    assert.equal(code, 1);
    assert.match(
      checks.find(({ hop }) => hop === 'sender lost')!.found,
      /no edge from 1 series, such as queue\.depth: no rule for this metric/,
    );
  });

  test('points that came too late, and settings of a sender', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort, { metadata: { 'x-pxanomaly-threshold': '0.95' } });
    for (let i = 0; i < 8; i++) await sender.send('metrics', shopRequest(i));
    await sender.send('metrics', shopRequest(2));
    sender.close();
    const isLate = async () => (await doctor(at)).checks.some(({ found }) => /points came too late/.test(found));
    await eventually(isLate, 10_000, 'lateness');
    assert.match((await text(at)).stdout, /prod has settings of its own: x-pxanomaly-threshold: 0\.95/);
  });

  for (const [ahead, told] of [
    [60, /node-b is (60 s|1 min) ahead: its times are aligned/],
    // Further ahead of its receipt than `max_future`.
    [600, /node-b is (10|9\.\d+) min ahead: what it sends is not scored/],
  ] as const)
    test(`field case 03: the program names a sender whose clock is ${ahead} s ahead, and by how much`, async () => {
      const { telemetryPort, grpcPort } = await startGateway({
        processors: { anomaly: {} },
        exporters: { debug: {} },
        pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['debug'] } },
      });
      const sender = grpcSender(grpcPort);
      const start = Math.floor(Date.now() / 1000) - 600;
      const rows = (host: string, time: number) => {
        const attributes = { src_service: `${host}-web`, dst_service: `${host}-cart`, namespace: 'shop' };
        return metricsRequest({
          resource: { 'host.name': host },
          metrics: [gauge('edge.requests', 100, { attributes, time })],
        });
      };
      for (let i = 0; i < 60; i++) {
        await sender.send('metrics', rows('node-a', start + 10 * i));
        await sender.send('metrics', rows('node-b', start + 10 * i + ahead));
      }
      sender.close();
      const ask = async () => (await command('doctor', '--endpoint', `127.0.0.1:${telemetryPort}`)).stdout;
      await eventually(async () => told.test(await ask()), 30_000, 'the clock');
      assert.doesNotMatch(await ask(), /clock of host\.name=node-a/);
    });

  test('a feed in the shadow of a more trusted one', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort);
    for (const name of ['summary-http-edge', 'gauge-http-edge'])
      await sender.send('metrics', readFileSync(fixture(`pixie/pixie-golden-${name}.binpb`)));
    sender.close();
    await eventually(() => edgesOf(at) >= 5, 10_000, 'the learning');
    assert.match((await text(at)).stdout, /latency +edge\/\S+ \(\d+\).* http\.edge \(\d+\)$/m);
  });

  test('a wrong command line is said', async () => {
    await assert.rejects(command('doctor', '--endpoint', 'here'), UsageError);
    await assert.rejects(command('doctor', '--bogus'), UsageError);
    assert.match((await command('doctor', '--help')).stdout, /^Usage: pxanomaly doctor/);
  });
});
