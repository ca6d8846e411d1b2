// The next hop goes away, hangs, and answers nonsense: what was accepted arrives or is counted as dropped, and senders
// hear of it in time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, it, type TestContext } from 'node:test';
import { EAGER, forwarding, toHop } from '../support/chaos/configs.js';
import { Gateway } from '../support/chaos/gateway.js';
import { Ledger, POINTS } from '../support/chaos/ledger.js';
import { rawSession } from '../support/grpc-raw.js';
import { type Answer, grpcServer, status } from '../support/grpc-server.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';

const DROPPED = 'pxanomaly_exporter_dropped_items';
const WITHIN_MS = 30_000;

interface Scene {
  readonly ledger: Ledger;
  readonly gateway: Gateway;
  readonly hop: Awaited<ReturnType<typeof grpcServer>>;
}

async function scene(context: TestContext, exporter: object = {}): Promise<Scene> {
  const ledger = new Ledger();
  const hop = await grpcServer(context);
  hop.answer = ledger.take;
  const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(hop.port, exporter) }));
  return { ledger, gateway, hop };
}

/** Points given up after an OK: everything but what was refused at the door. */
async function dropped(gateway: Gateway): Promise<number> {
  const all = await gateway.metric(DROPPED, 'exporter="otlp_grpc"');
  return all - (await gateway.metric(DROPPED, 'exporter="otlp_grpc"', 'reason="queue_full"'));
}

/** Accepted = arrived + dropped, in points, and nothing that was refused arrived. */
async function balances({ ledger, gateway }: Pick<Scene, 'ledger' | 'gateway'>): Promise<void> {
  await eventually(
    async () => ledger.missing.length * POINTS === (await dropped(gateway)),
    WITHIN_MS,
    'the balance of the books',
  );
  assert.equal(ledger.strangers, 0, 'no bytes changed');
  assert.deepEqual(
    ledger.refused.filter((window) => ledger.arrived.has(window)),
    [],
    'nothing refused arrived',
  );
  const accepted = await gateway.metric('otelcol_receiver_accepted_metric_points');
  assert.equal(accepted, ledger.accepted.length * POINTS);
  const refused = await gateway.metric('otelcol_receiver_refused_metric_points');
  const unread = await gateway.metric('otelcol_receiver_requests', 'outcome="refused"');
  assert.equal(unread, ledger.refused.length, 'every refusal is counted as a request');
  assert.ok(refused <= ledger.refused.length * POINTS);
  assert.equal(await gateway.health(), 200);
}

describe('the next hop', () => {
  afterEach(endAll);

  it('disappears and comes back: nothing within the bound of the queue is lost', async (context) => {
    const one = await scene(context);
    const session = rawSession(one.gateway.grpcPort);
    await one.ledger.sendMany(session, 20);
    await one.hop.close();
    await one.ledger.sendMany(session, 200);
    assert.equal(one.ledger.accepted.length, 220);
    const back = await grpcServer(context, { port: one.hop.port });
    back.answer = one.ledger.take;
    await eventually(() => one.ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    await balances(one);
    assert.equal(await dropped(one.gateway), 0);
  });

  it('stays away beyond the bound: senders are refused with a delay, what was taken comes later', async (context) => {
    const one = await scene(context, { sending_queue: { queue_size: 20, num_consumers: 2 } });
    const session = rawSession(one.gateway.grpcPort);
    await one.hop.close();
    await one.ledger.sendMany(session, 100);
    assert.ok(one.ledger.accepted.length >= 20 && one.ledger.accepted.length <= 22, `${one.ledger.accepted.length}`);
    assert.deepEqual(new Set(one.ledger.answers.values()), new Set([0, 14]));
    assert.ok(one.ledger.delays.every((delay) => delay !== undefined && delay > 0));
    const back = await grpcServer(context, { port: one.hop.port });
    back.answer = one.ledger.take;
    await eventually(() => one.ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    await balances(one);
    await one.ledger.sendMany(session, 20);
    await eventually(() => one.ledger.missing.length === 0, WITHIN_MS, 'traffic as before');
  });

  it('stays away for longer than retries go on: each item is counted as dropped', async (context) => {
    const retry_on_failure = { ...EAGER.retry_on_failure, max_elapsed_time: '1s' };
    const one = await scene(context, { retry_on_failure });
    const session = rawSession(one.gateway.grpcPort);
    await one.ledger.sendMany(session, 20);
    await eventually(() => one.ledger.missing.length === 0);
    await one.hop.close();
    await one.ledger.sendMany(session, 50);
    await eventually(async () => (await dropped(one.gateway)) === 50 * POINTS, WITHIN_MS, 'fifty counted drops');
    await balances(one);
    assert.equal(await one.gateway.metric(DROPPED, 'reason="retries_exhausted"', '"otlp_grpc"'), 50 * POINTS);
  });

  it('hangs: attempts time out, the queue fills, memory stays within bounds; then it wakes up', async (context) => {
    const one = await scene(context, { sending_queue: { queue_size: 50, num_consumers: 4 } });
    one.hop.answer = () => {};
    const session = rawSession(one.gateway.grpcPort);
    await one.ledger.sendMany(session, 500);
    const rss = one.gateway.rss();
    await one.ledger.sendMany(session, 1500);
    assert.ok(one.ledger.accepted.length <= 54 + 4);
    assert.ok(one.ledger.refused.length >= 1900);
    assert.ok(one.gateway.rss() - rss < 100e6, `grew by ${one.gateway.rss() - rss} bytes`);
    one.hop.answer = one.ledger.take;
    await eventually(() => one.ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    await balances(one);
  });

  /** Answers that no next hop should give; each call gets one of them in turn, its retries then OK. */
  const NONSENSE: Readonly<Record<string, Answer>> = {
    'a reset stream': ({ stream }) => stream.close(2),
    GOAWAY: ({ stream }) => stream.session?.goaway(0),
    // In a turn of its own: a session destroyed while it reads is freed under its parser, which ends Node 20.
    'a connection that is cut': ({ stream: { session } }) => setImmediate(() => session?.destroy()),
    'half an answer': ({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(Buffer.from([0, 0, 0]));
      stream.close(0);
    },
    'an answer without a status': ({ stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end();
    },
    HTML: ({ stream }) => {
      stream.respond({ ':status': 503, 'content-type': 'text/html' });
      stream.end('<h1>Sorry</h1>');
    },
    'UNAVAILABLE with a delay': status(14, 'later', 20),
    'RESOURCE_EXHAUSTED without one': status(8, 'no'),
    INVALID_ARGUMENT: status(3, 'no'),
    'a status that does not exist': status(77, 'what'),
  };

  for (const [name, nonsense] of Object.entries(NONSENSE)) {
    it(`answers with ${name}: retried or counted, never lost silently`, async (context) => {
      const one = await scene(context);
      const seen = new Set<string>();
      let nonsenses = 0;
      one.hop.answer = (call) => {
        const key = call.message.toString('latin1');
        if (call.stream.destroyed) return;
        if (seen.has(key)) return one.ledger.take(call);
        seen.add(key);
        nonsenses += 1;
        nonsense(call);
      };
      await one.ledger.sendMany(rawSession(one.gateway.grpcPort), 30);
      assert.equal(one.ledger.accepted.length, 30);
      await eventually(() => nonsenses === 30, WITHIN_MS, 'thirty nonsense answers');
      await balances(one);
    });
  }

  it('is something else altogether: no protocol, then resets, then the real one on the same port', async (context) => {
    const sockets = new Set<Socket>();
    let connections = 0;
    const odd = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      connections += 1;
      if (connections % 3 === 0) socket.resetAndDestroy();
      else if (connections % 3 === 1) socket.end('220 smtp.example.com ESMTP\r\n');
      else socket.write(Buffer.alloc(4096, 0xff));
    });
    await once(odd.listen(0, '127.0.0.1'), 'listening');
    const { port } = odd.address() as AddressInfo;
    const close = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      if (odd.listening) await new Promise((done) => odd.close(done));
    };
    atEnd(close);
    const ledger = new Ledger();
    const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(port) }));
    await ledger.sendMany(rawSession(gateway.grpcPort), 50);
    await eventually(() => connections >= 4, WITHIN_MS, 'each kind of connection');
    await close();
    const hop = await grpcServer(context, { port });
    hop.answer = ledger.take;
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    await balances({ ledger, gateway });
  });
});
