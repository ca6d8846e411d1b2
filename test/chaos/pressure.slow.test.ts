// Too little of something: memory, disk, a port. It is refused or said clearly, and it goes on when there is enough
// again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { forwarding, toHop } from '../support/chaos/configs.js';
import { Gateway, protocols } from '../support/chaos/gateway.js';
import { Ledger, POINTS } from '../support/chaos/ledger.js';
import { rawSession } from '../support/grpc-raw.js';
import { grpcServer } from '../support/grpc-server.js';
import { trafficRequest } from '../support/peers/edge-traffic.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';

const WITHIN_MS = 30_000;

/** About 1 MB, each with bytes of its own. */
const large = (nth: number): Uint8Array =>
  trafficRequest({ edges: 1400, cluster: 'pressure', startSeconds: 1_767_261_600, windowSeconds: 10 }, nth);

describe('pressure', () => {
  afterEach(endAll);

  it('of memory: memory_limiter refuses with a delay, until the next hop has taken what waits', async (context) => {
    const ledger = new Ledger();
    const hop = await grpcServer(context);
    hop.answer = () => {};
    const plain = forwarding({ otlp_grpc: toHop(hop.port, { timeout: '0s' }) });
    const limited = (limit_mib: number): typeof plain => ({
      ...plain,
      processors: {
        ...plain.processors,
        memory_limiter: {
          check_interval: '100ms',
          limit_mib,
          spike_limit_mib: 10,
          min_gc_interval_when_soft_limited: '1s',
        },
      },
      pipelines: { metrics: { receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['otlp_grpc'] } },
    });
    const gateway = await Gateway.start(limited(4096));
    // What it needs for itself differs from machine to machine: the limit is set above that.
    const limit = Math.round(gateway.rss() / 2 ** 20) + 200;
    await gateway.reload(limited(limit));
    const session = rawSession(gateway.grpcPort);
    let taken = 0;
    let refused = await ledger.send(session, large(taken++));
    while (refused.status === 0 && taken < 900) refused = await ledger.send(session, large(taken++));
    assert.equal(refused.status, 14);
    assert.ok((refused.retryAfterMs ?? 0) > 0);
    assert.ok(gateway.rss() < (limit + 150) * 2 ** 20, `${gateway.rss()} bytes with a limit of ${limit} MiB`);
    assert.equal(await gateway.health(), 200);
    hop.answer = ledger.take;
    for (const session of hop.sessions) session.destroy();
    await eventually(async () => (await ledger.send(session)).status === 0, WITHIN_MS, 'being taken again');
    await eventually(() => ledger.missing.filter((window) => window >= 0).length === 0, WITHIN_MS, 'delivery');
    await eventually(
      async () => (await gateway.metric('otelcol_exporter_queue_size')) === 0,
      WITHIN_MS,
      'an empty queue',
    );
    assert.equal(ledger.strangers, taken - 1, 'every large request that was taken, and no other, arrived');
  });

  it('of disk: the file exporter refuses when nothing more fits, everything else goes on', {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, async (context) => {
    const ledger = new Ledger();
    const hop = await grpcServer(context);
    hop.answer = ledger.take;
    const gateway = await Gateway.start(
      forwarding({ otlp_grpc: toHop(hop.port), file: { path: '/dev/full', flush_interval: '100ms' } }),
    );
    const session = rawSession(gateway.grpcPort);
    await ledger.sendMany(session, 50);
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'delivery to the other exporter');
    assert.match(gateway.stderr, /ENOSPC/);
    assert.equal(await gateway.health(), 200);
    assert.equal(
      await gateway.metric('otelcol_exporter_sent_metric_points', 'exporter="file"'),
      0,
      'nothing is called written',
    );
    // What waits for the disk is bounded: 16 MiB.
    let nth = 0;
    let answer = await ledger.send(session, large(nth++));
    while (answer.status === 0 && nth < 60) answer = await ledger.send(session, large(nth++));
    assert.equal(answer.status, 14, 'senders are refused before memory runs out');
    const accepted = await gateway.metric('otelcol_receiver_accepted_metric_points');
    // Its senders were told OK: what the disk never took is lost, and said so.
    assert.equal(await gateway.end('SIGTERM'), 1);
    assert.equal(gateway.lines('stopped')[0]?.clean, false);
    const said = gateway.stderr.split('\n').filter((line) => line.includes('"msg":"shutdown: '));
    assert.equal(said.length, 1, gateway.stderr.slice(-2000));
    assert.match(said[0] ?? '', /"component":"exporter file".*metric points/);
    assert.equal(accepted, 50 * POINTS + (nth - 1) * 1400 * 4);
  });

  it('of ports: one that is taken is named, and nothing stays behind', async () => {
    const holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    atEnd(async () => holder.close());
    const { port } = holder.address() as AddressInfo;
    const taken = { endpoint: `127.0.0.1:${port}` };
    for (const given of [protocols(taken), protocols({}, taken)]) {
      const { code, stderr } = await Gateway.failing({ ...forwarding({ 'debug/hop': {} }), protocols: given });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`pxanomaly: receiver otlp cannot .*127\\.0\\.0\\.1:${port}: another process`));
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
    }
  });
});
