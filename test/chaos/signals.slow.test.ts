// Signals under load: SIGTERM drains, a second one ends at once, SIGKILL loses no checkpoint, SIGHUP loses neither data
// nor knowledge.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it, type TestContext } from 'node:test';
import { forwarding, toHop } from '../support/chaos/configs.js';
import { Gateway, type GatewayConfig, protocols, scratchFolder } from '../support/chaos/gateway.js';
import { EDGES, Ledger, POINTS } from '../support/chaos/ledger.js';
import { rawSession } from '../support/grpc-raw.js';
import { type GrpcServer, grpcServer } from '../support/grpc-server.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';

const WITHIN_MS = 30_000;
const SENDERS = 4;

async function hopFor(context: TestContext, ledger: Ledger): Promise<GrpcServer> {
  const hop = await grpcServer(context);
  hop.answer = ledger.take;
  return hop;
}

const sessions = (port: number) => Array.from({ length: SENDERS }, () => rawSession(port));

/** When a file of a folder was last written, Unix ms. */
function newest(directory: string): number {
  const names = readdirSync(directory, { recursive: true }).filter((name) => name !== 'lock');
  const files = names.map((name) => statSync(join(directory, String(name))));
  return Math.max(0, ...files.filter((stat) => stat.isFile()).map((stat) => stat.mtimeMs));
}

/** Seconds between the lines that begin and end a shutdown. */
function shutdownSeconds(gateway: Gateway): number {
  const time = (message: string): number => Date.parse(String(gateway.lines(message)[0]?.ts));
  return (time('stopped') - time('shutting down')) / 1000;
}

describe('a signal', () => {
  afterEach(endAll);

  it('SIGTERM under load: what got an OK arrives, the rest is told, exit code 0', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(hop.port) }));
    const sending = ledger.sendUntil(sessions(gateway.grpcPort), () => false);
    await eventually(() => ledger.accepted.length > 200, WITHIN_MS, 'two hundred accepted');
    assert.equal(await gateway.end('SIGTERM'), 0);
    await sending;
    assert.deepEqual(ledger.missing, []);
    assert.equal(gateway.lines('stopped')[0]?.clean, true);
    assert.deepEqual(gateway.lines('Shut down with data undelivered'), []);
  });

  it('SIGTERM while the next hop hangs: uses its whole drain, says how much is lost, exit code 1', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const gateway = await Gateway.start(
      forwarding({ otlp_grpc: toHop(hop.port, { timeout: '60s', sending_queue: { drain_timeout: '3s' } }) }),
    );
    const [session] = sessions(gateway.grpcPort) as [ReturnType<typeof rawSession>];
    await ledger.sendMany(session, 20);
    await eventually(() => ledger.missing.length === 0);
    hop.answer = () => {};
    await ledger.sendMany(session, 100);
    assert.equal(ledger.accepted.length, 120);
    assert.equal(await gateway.end('SIGTERM'), 1);
    const seconds = shutdownSeconds(gateway);
    assert.ok(seconds >= 2.9 && seconds < 10, `took ${seconds} s`);
    const [lost] = gateway.lines('Shut down with data undelivered');
    assert.deepEqual(lost?.undelivered, { metrics: ledger.missing.length * POINTS });
    assert.equal(gateway.lines('stopped')[0]?.clean, false);
    const said = gateway.lines(`shutdown: ${ledger.missing.length * POINTS} metric points not delivered`)[0];
    assert.equal(said?.component, 'exporter otlp_grpc');
  });

  it('SIGTERM while the next hop is away: one that comes back during the drain gets everything', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(hop.port) }));
    const [session] = sessions(gateway.grpcPort) as [ReturnType<typeof rawSession>];
    await hop.close();
    await ledger.sendMany(session, 100);
    gateway.signal('SIGTERM');
    await gateway.line('shutting down');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const back = await grpcServer(context, { port: hop.port });
    back.answer = ledger.take;
    assert.equal(await gateway.end(), 0);
    assert.deepEqual(ledger.missing, []);
    assert.equal(gateway.lines('stopped')[0]?.clean, true);
  });

  it('SIGHUP with another exporter while the next hop is away: its queue goes over, or is drained', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const config = (exporter: object): GatewayConfig => forwarding({ otlp_grpc: toHop(hop.port, exporter) });
    const gateway = await Gateway.start(config({}));
    const [session] = sessions(gateway.grpcPort) as [ReturnType<typeof rawSession>];
    await hop.close();
    await ledger.sendMany(session, 50);
    // The same place: handed over.
    await gateway.reload(config({ sending_queue: { num_consumers: 3 } }));
    await ledger.sendMany(rawSession(gateway.grpcPort), 20);
    // Another place, as far as we can tell: drained beside the new one, which takes requests meanwhile.
    await gateway.reload(config({ headers: { 'x-tenant': 'other' } }));
    await ledger.sendMany(rawSession(gateway.grpcPort), 20);
    const back = await grpcServer(context, { port: hop.port });
    back.answer = ledger.take;
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    assert.equal(ledger.accepted.length, 90);
    assert.equal(await gateway.metric('pxanomaly_exporter_dropped_items'), 0);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('a second SIGTERM under load ends it at once', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(hop.port, { timeout: '60s' }) }));
    hop.answer = () => {};
    const sending = ledger.sendUntil(sessions(gateway.grpcPort), () => false);
    await eventually(() => ledger.accepted.length > 20, WITHIN_MS, 'twenty accepted');
    gateway.signal('SIGTERM');
    await gateway.line('shutting down');
    assert.equal(await gateway.end('SIGTERM'), 143);
    assert.deepEqual(gateway.lines('stopped'), [], 'it did not wait');
    await sending;
  });

  it('SIGKILL: the next process goes on from the last checkpoint', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const directory = scratchFolder();
    const config: GatewayConfig = {
      ...forwarding({ otlp_grpc: toHop(hop.port) }, { checkpoint_interval: '1s' }),
      extensions: { file_storage: { directory } },
    };
    const first = await Gateway.start(config);
    await ledger.sendMany(rawSession(first.grpcPort), 200);
    await eventually(async () => (await first.metric('pxanomaly_windows_closed')) > 190, WITHIN_MS, 'windows');
    await eventually(async () => (await first.metric('pxanomaly_edges')) === EDGES, WITHIN_MS, 'edges');
    assert.equal(await first.metric('pxanomaly_series_resolved'), POINTS);
    const now = Date.now();
    await eventually(() => newest(directory) > now, WITHIN_MS, 'a checkpoint of all that');
    assert.equal(await first.end('SIGKILL'), 'SIGKILL');
    const second = await Gateway.start(config);
    assert.equal(second.lines('State of the detectors restored').length, 1);
    await ledger.sendMany(rawSession(second.grpcPort), 20);
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    await eventually(async () => (await second.metric('pxanomaly_edges')) === EDGES, WITHIN_MS, 'the same edges');
    assert.equal(await second.metric('pxanomaly_series_resolved'), 0, 'no series is new to it');
    await eventually(async () => (await second.metric('pxanomaly_points', 'folded')) > 0, WITHIN_MS, 'learning');
  });

  it('SIGHUP under load with good and broken configurations: no OK and no state is lost', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const config = (threshold: number): GatewayConfig => forwarding({ otlp_grpc: toHop(hop.port) }, { threshold });
    const gateway = await Gateway.start(config(0.9));
    let over = false;
    const sending = ledger.sendUntil(sessions(gateway.grpcPort), () => over);
    const more = (count: number): Promise<void> => {
      const goal = ledger.accepted.length + count;
      return eventually(() => ledger.accepted.length > goal, WITHIN_MS, `${count} more accepted`);
    };
    await more(100);
    assert.equal(await gateway.metric('pxanomaly_series_resolved'), POINTS);
    for (const threshold of [0.91, 0.92, 0.93]) {
      await gateway.reload(config(threshold));
      await more(50);
      assert.equal(await gateway.metric('pxanomaly_series_resolved'), POINTS, 'no series is new to it');
    }
    for (const [nth, broken] of [
      'receivers: [',
      '{}',
      JSON.stringify({ processors: { anomaly: { treshold: 1 } } }),
    ].entries()) {
      gateway.change(broken);
      await gateway.line('the configuration was changed, but is not valid', nth);
      await more(50);
    }
    await gateway.reload(config(0.94));
    await more(50);
    over = true;
    await sending;
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    assert.deepEqual(
      [...ledger.answers.values()].filter((status) => status !== 0),
      [],
      'requests waited for the change, none was refused',
    );
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('SIGHUP moves the receiver to another port: what was accepted at the old one arrives', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const config = (port: number): GatewayConfig => ({
      ...forwarding({ otlp_grpc: toHop(hop.port) }),
      protocols: protocols({ endpoint: `127.0.0.1:${port}` }),
    });
    const [one, two] = (await freePorts(2)) as [number, number];
    const gateway = await Gateway.start(config(one));
    const sending = ledger.sendUntil(sessions(gateway.grpcPort), () => false);
    await eventually(() => ledger.accepted.length > 100, WITHIN_MS, 'a hundred accepted');
    assert.equal(await gateway.metric('pxanomaly_series_resolved'), POINTS);
    await gateway.reload(config(two));
    await sending;
    assert.equal(gateway.grpcPort, two);
    await ledger.sendMany(rawSession(two), 50);
    await eventually(() => ledger.missing.length === 0, WITHIN_MS, 'all of it at the next hop');
    assert.equal(await gateway.metric('pxanomaly_series_resolved'), POINTS, 'no series is new to it');
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('SIGTERM after whoever reads its log is gone: served until then, exit code 0', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const gateway = await Gateway.start(forwarding({ otlp_grpc: toHop(hop.port) }));
    const session = rawSession(gateway.grpcPort);
    await ledger.sendMany(session, 20);
    gateway.hangUp();
    // Each of these is a line in a log that nobody can read.
    gateway.change('no: configuration');
    gateway.change('nor: this');
    await ledger.sendMany(session, 20);
    await eventually(() => ledger.accepted.length === 40 && ledger.missing.length === 0, WITHIN_MS, 'all of it');
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('SIGHUP to an address that cannot be had: the configuration before comes back', async (context) => {
    const ledger = new Ledger();
    const hop = await hopFor(context, ledger);
    const good = forwarding({ otlp_grpc: toHop(hop.port) });
    const gateway = await Gateway.start(good);
    await ledger.sendMany(rawSession(gateway.grpcPort), 20);
    // The next hop holds this port.
    gateway.change({ ...good, protocols: protocols({ endpoint: `127.0.0.1:${hop.port}` }) });
    const { err } = await gateway.line('the new configuration cannot start');
    assert.match(String((err as { message: string }).message), /EADDRINUSE/);
    assert.equal(await gateway.health(), 200);
    await gateway.reload(good);
    await ledger.sendMany(rawSession(gateway.grpcPort), 20);
    await eventually(() => ledger.accepted.length === 40 && ledger.missing.length === 0, WITHIN_MS, 'all of it');
  });
});
