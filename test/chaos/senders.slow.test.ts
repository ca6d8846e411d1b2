// Senders as networks make them: a connection a run, gone in the middle of a body, garbage, one byte at a time, clocks
// that jump.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { opentelemetry } from '#proto';
import { forwarding } from '../support/chaos/configs.js';
import { Gateway, protocols } from '../support/chaos/gateway.js';
import { EDGES, Ledger, POINTS } from '../support/chaos/ledger.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { frame } from '../support/grpc-server.js';
import { exportHeaders, FrameType, frame as http2Frame, PREFACE } from '../support/http2-frames.js';
import { metricsRequest, mutate, mutation } from '../support/otlp-arbitraries.js';
import { trafficRequest } from '../support/peers/edge-traffic.js';
import { endAll, eventually } from '../support/peers/processes.js';
import fc from '../support/property.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const ACCEPTED = 'otelcol_receiver_accepted_metric_points';
const REQUESTS = 'otelcol_receiver_requests';
const WITHIN_MS = 30_000;

/** A TCP connection that does not mind how it ends. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

/** What an HTTP sender writes before its body. */
const httpHead = (bytes: number): string =>
  `POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${bytes}\r\n\r\n`;

describe('senders', () => {
  let gateway: Gateway;
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = new Ledger();
    gateway = await Gateway.start({
      ...forwarding({ 'debug/hop': {} }),
      protocols: protocols({}, { read_timeout: '2s', read_header_timeout: '2s' }),
    });
  });
  afterEach(endAll);

  /** It still serves, and what it accepted is what got an OK. */
  async function stillServes(): Promise<void> {
    await ledger.send(rawSession(gateway.grpcPort));
    const body = ledger.body() as Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': 'application/x-protobuf' };
    const url = `http://127.0.0.1:${gateway.httpPort}/v1/metrics`;
    assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 200);
    assert.equal(await gateway.metric(ACCEPTED), (ledger.accepted.length + 1) * POINTS);
    assert.equal(await gateway.health(), 200);
    assert.deepEqual(gateway.lines('unexpected error'), []);
  }

  it('that connect anew for every run, as Pixie does', async () => {
    const body = ledger.body();
    await ledger.send(rawSession(gateway.grpcPort), body);
    const before = gateway.rss();
    for (let i = 0; i < 600; i++) {
      const session = rawSession(gateway.grpcPort);
      assert.equal((await ledger.send(session)).status, 0);
      session.close();
    }
    assert.ok(gateway.rss() - before < 100e6, `grew by ${gateway.rss() - before} bytes`);
    await stillServes();
    await eventually(async () => (await gateway.metric('pxanomaly_points', 'folded')) >= 600 * POINTS, WITHIN_MS);
    assert.equal(await gateway.metric('pxanomaly_series_resolved'), POINTS, 'series do not belong to connections');
  });

  it('that vanish in the middle of a body, over gRPC and HTTP', async () => {
    const body = Buffer.from(trafficRequest({ edges: 50, cluster: 'x', startSeconds: 1, windowSeconds: 1 }, 0));
    for (let i = 0; i < 100; i++) {
      const cut = Math.floor((body.length * i) / 100);
      const http = await open(gateway.httpPort);
      http.write(httpHead(body.length));
      http.write(body.subarray(0, cut));
      const grpc = await open(gateway.grpcPort);
      grpc.write(Buffer.concat([PREFACE, http2Frame(FrameType.SETTINGS, 0, 0), exportHeaders(1)]));
      grpc.write(http2Frame(FrameType.DATA, 0, 1, frame(body).subarray(0, cut)));
      if (i % 2 === 0) await sleep(1);
      for (const socket of [http, grpc]) i % 3 === 0 ? socket.resetAndDestroy() : socket.destroy();
    }
    await stillServes();
  });

  it('that do not speak the protocol of the port', async () => {
    const seeds = [
      'GET / HTTP/1.0\r\n\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      PREFACE.toString('latin1'),
      `${PREFACE.toString('latin1')}${'\xff'.repeat(2000)}`,
      httpHead(-1),
      `${httpHead(5)}hello`,
      `POST /v1/metrics HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}`,
    ];
    const random = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 300 }), { numRuns: 60, seed: 1 });
    const all = [...seeds.map((seed) => Buffer.from(seed, 'latin1')), ...random.map((bytes) => Buffer.from(bytes))];
    for (const port of [gateway.grpcPort, gateway.httpPort]) for (const bytes of all) (await open(port)).end(bytes);
    await stillServes();
  });

  it('that send a byte at a time: others are served meanwhile, and HTTP cuts them off', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => open(gateway.httpPort)));
    // `once` would reject where the cut arrives as a reset.
    const gone = Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    for (const socket of slow) socket.write(httpHead(1000));
    const halfGrpc = await Promise.all(Array.from({ length: 50 }, () => open(gateway.grpcPort)));
    for (const socket of halfGrpc)
      socket.write(Buffer.concat([PREFACE, http2Frame(FrameType.SETTINGS, 0, 0), exportHeaders(1)]));
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x');
      for (const socket of halfGrpc) if (socket.writable) socket.write(http2Frame(FrameType.DATA, 0, 1, Buffer.of(0)));
    }, 100);
    try {
      await ledger.sendMany(rawSession(gateway.grpcPort), 100);
      assert.equal(ledger.accepted.length, 100);
      await gone;
    } finally {
      clearInterval(drip);
    }
    await stillServes();
    assert.equal(await gateway.end('SIGTERM'), 0, 'half requests do not hold the end up');
  });

  it('whose clocks jump: far ahead, back, zero, the end of time', async () => {
    const session = rawSession(gateway.grpcPort);
    await ledger.sendMany(session, 60);
    const jumps = [0, 1, 4_000_000_000, 18_446_744_073, 1_767_261_600 - 86_400, 1_767_261_600 + 365 * 86_400];
    for (const startSeconds of jumps) {
      const lone = trafficRequest({ edges: EDGES, cluster: 'chaos', startSeconds, windowSeconds: 10 }, 0);
      assert.equal((await rawCall(session, { chunks: [frame(lone)] })).status, 0);
    }
    const folded = () => gateway.metric('pxanomaly_points', 'outcome="folded"');
    await eventually(async () => (await folded()) >= 60 * POINTS, WITHIN_MS, 'what came before');
    const before = await folded();
    await ledger.sendMany(session, 60);
    await eventually(async () => (await folded()) >= before + 60 * POINTS, WITHIN_MS, 'everything after is learnt too');
    assert.equal(await gateway.health(), 200);
    assert.equal(await gateway.metric('pxanomaly_learning_failures'), 0);
    assert.equal(await gateway.metric(ACCEPTED), (ledger.accepted.length + jumps.length) * POINTS);
  });

  it('of anything at all, valid and mutated, from eight connections at once', async () => {
    const requests = fc.sample(metricsRequest, { numRuns: 800, seed: 7 }).map((plain) => {
      const message = ExportMetricsServiceRequest.fromObject(plain as Record<string, unknown>);
      return ExportMetricsServiceRequest.encode(message).finish();
    });
    const mutations = fc.sample(mutation, { numRuns: requests.length, seed: 8 });
    const bodies = requests.flatMap((body, i) => [body, mutate(body, mutations[i] as (typeof mutations)[number])]);
    const before = gateway.rss();
    const statuses = new Map<number, number>();
    const sender = async (nth: number): Promise<void> => {
      const session = rawSession(gateway.grpcPort);
      for (let i = nth; i < bodies.length; i += 8) {
        const { status } = await rawCall(session, { chunks: [frame(bodies[i] as Uint8Array)] });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (i % 80 === nth) await ledger.send(session);
        if (i % 400 === nth) assert.equal(await gateway.health(), 200);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, nth) => sender(nth)));
    assert.deepEqual(new Set(statuses.keys()), new Set([0, 3]), 'OK or INVALID_ARGUMENT');
    assert.ok((statuses.get(0) ?? 0) >= requests.length, 'everything valid was taken');
    const count = (outcome: string) => gateway.metric(REQUESTS, 'transport="grpc"', `outcome="${outcome}"`);
    assert.equal(await count('success'), (statuses.get(0) ?? 0) + ledger.accepted.length);
    assert.equal((await count('refused')) + (await count('failure')), statuses.get(3));
    assert.ok(gateway.rss() - before < 150e6, `grew by ${gateway.rss() - before} bytes`);
    assert.equal(await gateway.metric('pxanomaly_learning_failures'), 0);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });
});
