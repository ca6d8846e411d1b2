// A simulated day of two thousand edges through the front door: memory stays where it was, and nothing is lost on the
// way.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { forwarding, toHop } from '../support/chaos/configs.js';
import { COLLECT_ON_SIGNAL, Gateway } from '../support/chaos/gateway.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { frame, grpcServer, ok } from '../support/grpc-server.js';
import { trafficRequest } from '../support/peers/edge-traffic.js';
import { endAll, eventually } from '../support/peers/processes.js';

const EDGES = 2000;
const POINTS = EDGES * 4;
/** A day in windows of two minutes. */
const WINDOWS = 720;
/** How often memory is looked at. */
const SAMPLES = 8;
const TRAFFIC = { edges: EDGES, cluster: 'soak', startSeconds: 1_767_225_600, windowSeconds: 120 };

describe('a day', () => {
  after(endAll);

  it('of two thousand edges: memory in the afternoon is what it was in the morning', async (context) => {
    const hop = await grpcServer(context);
    hop.answer = (call) => {
      hop.calls.length = 0;
      ok()(call);
    };
    const presets = [{ name: 'edge', window: '120s' }];
    const gateway = await Gateway.start(
      forwarding({ otlp_grpc: toHop(hop.port) }, { presets, max_edges: 4096, max_series: 16_384 }),
      { nodeOptions: COLLECT_ON_SIGNAL },
    );
    const session = rawSession(gateway.grpcPort);
    const held: NodeJS.MemoryUsage[] = [];
    let peak = 0;
    for (let window = 0; window < WINDOWS; window++) {
      const answer = await rawCall(session, { chunks: [frame(trafficRequest(TRAFFIC, window))] });
      assert.equal(answer.status, 0, answer.message);
      peak = Math.max(peak, gateway.rss());
      if (window % (WINDOWS / SAMPLES) === WINDOWS / SAMPLES - 1) held.push(await gateway.held());
      if (window % 60 === 0) assert.equal(await gateway.health(), 200);
    }
    const folded = () => gateway.metric('pxanomaly_points', 'outcome="folded"');
    await eventually(async () => (await folded()) === WINDOWS * POINTS, 30_000, 'everything learnt');
    assert.equal(await gateway.metric('otelcol_receiver_accepted_metric_points'), WINDOWS * POINTS);
    const sent = () => gateway.metric('otelcol_exporter_sent_metric_points', 'exporter="otlp_grpc"');
    await eventually(async () => (await sent()) === WINDOWS * POINTS, 30_000, 'everything sent');
    assert.equal(await gateway.metric('pxanomaly_edges'), EDGES);
    assert.equal(await gateway.metric('pxanomaly_windows_closed'), WINDOWS - 1);
    assert.equal(await gateway.metric('pxanomaly_edge_windows_scored'), (WINDOWS - 1) * EDGES);
    context.diagnostic(`${JSON.stringify(held)}, peak ${peak}`);
    // Several samples: what the system gives back of freed memory, and when, moves single ones by more than a leak
    // would.
    const highest = (what: 'heapUsed' | 'external' | 'rss', from: number): number =>
      Math.max(...held.slice(from, from + SAMPLES / 2).map((one) => one[what]));
    for (const what of ['heapUsed', 'external', 'rss'] as const) {
      const [morning, afternoon] = [highest(what, 0), highest(what, SAMPLES / 2)];
      assert.ok(afternoon < morning * 1.1, `${what}: at most ${morning} bytes until noon, ${afternoon} after it`);
    }
    // Garbage that V8 leaves lying about included.
    assert.ok(peak < 512 * 2 ** 20, `${peak} bytes at most`);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });
});
