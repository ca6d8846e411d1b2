// kill -9 at random moments with a next hop that goes away and comes back: everything that was acknowledged arrives. A
// short form in CI; PXANOMALY_CHAOS_ROUNDS=200 for the long one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { forwarding, toHop } from '../support/chaos/configs.js';
import { Gateway, type GatewayConfig, protocols, scratchFolder } from '../support/chaos/gateway.js';
import { Ledger } from '../support/chaos/ledger.js';
import { rawSession } from '../support/grpc-raw.js';
import { type GrpcServer, grpcServer } from '../support/grpc-server.js';
import { atEnd, endAll, eventually, freePorts } from '../support/peers/processes.js';

const WITHIN_MS = 60_000;
const ROUNDS = Number(process.env.PXANOMALY_CHAOS_ROUNDS ?? 20);
const SENDERS = 4;

/** Uniform in [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function stored(
  hopPort: number,
  directory: string,
  port: number,
  exporter: object = {},
  storage: object = {},
): GatewayConfig {
  const sending_queue = { storage: 'file_storage', num_consumers: 4 };
  return {
    ...forwarding({ otlp_grpc: toHop(hopPort, { sending_queue, ...exporter }) }),
    extensions: { file_storage: { directory, ...storage } },
    protocols: protocols({ endpoint: `127.0.0.1:${port}` }),
  };
}

/** Senders that come again when their connection ends; each request is offered once. */
async function sendAll(ledger: Ledger, port: number, isOver: () => boolean): Promise<void> {
  const one = async (): Promise<void> => {
    while (!isOver()) {
      const session = rawSession(port);
      session.on('error', () => {});
      await ledger.sendUntil([session], isOver).catch(() => {});
      session.destroy();
      await pause(20);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, one));
}

describe('a queue on disk', () => {
  afterEach(endAll);

  it(`kill -9, ${ROUNDS} times, with a next hop that comes and goes: acknowledged and lost = 0`, async (context) => {
    const random = seeded(18);
    const ledger = new Ledger();
    const directory = scratchFolder();
    const [port = 0] = await freePorts(1);
    let hop: GrpcServer | undefined = await grpcServer(context);
    const hopPort = hop.port;
    hop.answer = ledger.take;
    let over = false;
    const sending = sendAll(ledger, port, () => over);
    for (let round = 0; round < ROUNDS; round++) {
      const gateway = await Gateway.start(stored(hopPort, directory, port));
      await pause(50 + random() * 400);
      if (random() < 0.4) {
        if (hop) await hop.close();
        hop = hop ? undefined : await grpcServer(context, { port: hopPort });
        if (hop) hop.answer = ledger.take;
      }
      if (hop) hop.answer = random() < 0.2 ? () => {} : ledger.take;
      await pause(random() * 200);
      assert.equal(await gateway.end('SIGKILL'), 'SIGKILL');
    }
    over = true;
    await sending;
    hop ??= await grpcServer(context, { port: hopPort });
    hop.answer = ledger.take;
    const last = await Gateway.start(stored(hopPort, directory, port));
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop').catch(() => {});
    assert.ok(ledger.accepted.length > ROUNDS, `${ledger.accepted.length} acknowledged`);
    assert.deepEqual(ledger.missing, [], `of ${ledger.accepted.length} acknowledged`);
    assert.equal(ledger.strangers, 0, 'no bytes changed');
    assert.equal(await last.metric('pxanomaly_exporter_dropped_items', 'reason="permanent"'), 0);
    assert.equal(await last.end('SIGTERM'), 0);
    const again = [...ledger.arrived.values()].reduce((sum, times) => sum + times - 1, 0);
    context.diagnostic(`${ledger.accepted.length} acknowledged, ${again} told twice`);
  });

  it('SIGTERM with a dead next hop: at once, clean, and the next process delivers in order', async (context) => {
    const ledger = new Ledger();
    const directory = scratchFolder();
    const [port = 0] = await freePorts(1);
    const hop = await grpcServer(context);
    await hop.close();
    const exporter = { sending_queue: { storage: 'file_storage', num_consumers: 1 } };
    const first = await Gateway.start(stored(hop.port, directory, port, exporter));
    await ledger.sendMany(rawSession(port), 60);
    assert.equal(ledger.accepted.length, 60);
    assert.equal(await first.end('SIGTERM'), 0);
    assert.equal(first.lines('stopped')[0]?.clean, true);
    const back = await grpcServer(context, { port: hop.port });
    back.answer = ledger.take;
    const second = await Gateway.start(stored(hop.port, directory, port, exporter));
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    assert.deepEqual([...ledger.arrived.keys()], ledger.accepted, 'in order');
    assert.equal(await second.metric('pxanomaly_exporter_queue_recovered_requests'), 60);
    await second.end('SIGTERM');
    assert.deepEqual(
      readdirSync(directory).filter((name) => name !== 'processor.anomaly.checkpoint'),
      [],
      'nothing stays when nothing waits',
    );
  });

  it('a full file system: refuses, goes on delivering, recovers, loses nothing', async (context) => {
    const directory = scratchFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory], { stdio: 'pipe' });
    } catch {
      return context.skip('no tmpfs can be mounted here');
    }
    atEnd(async () => void execFileSync('umount', ['-l', directory], { stdio: 'pipe' }));
    const state = join(directory, 'state');
    mkdirSync(state);
    const ledger = new Ledger();
    const [port = 0] = await freePorts(1);
    const hop = await grpcServer(context);
    await hop.close();
    const exporter = { sending_queue: { storage: 'file_storage', queue_size: 100_000 } };
    const gateway = await Gateway.start(stored(hop.port, state, port, exporter, { max_size: 16 * 1024 * 1024 }));
    const session = rawSession(port);
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(3 << 20));
    while (ledger.refused.length < 20) await ledger.sendMany(session, 20);
    assert.ok(ledger.accepted.length > 50);
    assert.ok(
      ledger.delays.every((delay) => delay !== undefined && delay > 0),
      'told when to come again',
    );
    assert.ok((await gateway.metric('pxanomaly_exporter_queue_write_errors', 'code="ENOSPC"')) > 0);
    const back = await grpcServer(context, { port: hop.port });
    back.answer = ledger.take;
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'what was queued is delivered on the full disk');
    await eventually(
      async () => (await ledger.send(session)).status === 0,
      WITHIN_MS,
      'room again: what was delivered has been given back',
    );
    assert.equal(await gateway.end('SIGKILL'), 'SIGKILL');
    const second = await Gateway.start(stored(hop.port, state, port, exporter, { max_size: 16 * 1024 * 1024 }));
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    assert.equal(await second.end('SIGTERM'), 0);
  });

  it('a second process on the same directory is refused with the name of the first', async (context) => {
    const directory = scratchFolder();
    const hop = await grpcServer(context);
    const [one = 0, two = 0] = await freePorts(2);
    await Gateway.start(stored(hop.port, directory, one));
    const { code, stderr } = await Gateway.failing(stored(hop.port, directory, two));
    assert.equal(code, 1);
    assert.match(stderr, /file_storage cannot start: the directory .* is in use by process \d+ on /);
  });

  it('an outage costs disk, not memory', async (context) => {
    const ledger = new Ledger();
    const directory = scratchFolder();
    const [port = 0] = await freePorts(1);
    const hop = await grpcServer(context);
    await hop.close();
    const exporter = { sending_queue: { storage: 'file_storage', queue_size: 100_000 } };
    const gateway = await Gateway.start(stored(hop.port, directory, port, exporter));
    const big = Buffer.concat([ledger.body(), Buffer.from([0xfa, 0x0f, 0x80, 0x80, 0x40]), Buffer.alloc(1 << 20)]);
    const sessions = Array.from({ length: 4 }, () => rawSession(port));
    const sendMany = (count: number): Promise<unknown> =>
      Promise.all(
        sessions.map(async (session) => {
          for (let i = 0; i < count / 4; i++) assert.equal((await ledger.send(session, big)).status, 0);
        }),
      );
    await sendMany(60);
    const before = gateway.rss();
    await sendMany(Number(process.env.PXANOMALY_CHAOS_OUTAGE_MB ?? 300));
    const grown = gateway.rss() - before;
    assert.ok(grown < 64 << 20, `grew by ${grown} bytes`);
    const files = readdirSync(join(directory, 'queue.otlp_grpc')).map((name) =>
      statSync(join(directory, 'queue.otlp_grpc', name)),
    );
    assert.ok(files.reduce((sum, { size }) => sum + size, 0) > 300e6);
  });
});
