// The recipes of deploy/collector with a real Collector: spans in, until an injected fault comes out as an anomaly.
// The files run as they are, with addresses from the environment; windows are a second long instead of a minute.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { opentelemetry } from '#proto';
import { readEvents, type SeenEvent } from '../support/behaviour/events.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { endAll, eventually, freePorts, start } from '../support/peers/processes.js';
import { peer, REPOSITORY, withoutGo } from '../support/peers/programs.js';
import { grpcSender, type Sender } from '../support/peers/senders.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
const RECIPES = join(REPOSITORY, 'deploy/collector');
/**
 * 60 windows before an edge may alert, a few to be sure, and the fault: until everybody has told of it, since on a busy
 * machine seconds of real time are not seconds of traffic.
 */
const HEALTHY_S = 80;
const LONGEST_FAULT_S = 60;
const CALLS_A_SECOND = 20;

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.end());
  });
}

let nextId = 1;

function id(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes, 1);
  buffer.writeUInt32BE(nextId++, bytes - 4);
  return buffer;
}

/** Calls from checkout to payment that end now: a client and a server span each. */
function calls(count: number, ms: number): Uint8Array {
  const end = BigInt(Date.now()) * 1_000_000n;
  const pairs = Array.from({ length: count }, () => ({ trace: id(16), client: id(8), server: id(8) }));
  const span = (trace: Buffer, spanId: Buffer, kind: number, parent?: Buffer): object => ({
    traceId: trace,
    spanId,
    ...(parent ? { parentSpanId: parent } : {}),
    name: 'POST /pay',
    kind,
    startTimeUnixNano: (end - BigInt(Math.round(ms * (0.95 + 0.1 * Math.random()) * 1e6))).toString(),
    endTimeUnixNano: end.toString(),
    attributes: kind === 3 ? [{ key: 'peer.service', value: { stringValue: 'payment' } }] : [],
  });
  const resource = (service: string, spans: object[]): object => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans }],
  });
  const resourceSpans = [
    resource(
      'checkout',
      pairs.map(({ trace, client }) => span(trace, client, 3)),
    ),
    resource(
      'payment',
      pairs.map(({ trace, client, server }) => span(trace, server, 2, client)),
    ),
  ];
  return TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
}

interface Recipe {
  readonly name: string;
  readonly sender: Sender;
  readonly hop: NextHop;
}

function eventsAt(hop: NextHop): SeenEvent[] {
  return hop.of('logs').flatMap(({ body }) => readEvents(body, 0n));
}

function hasSpike(hop: NextHop): boolean {
  return eventsAt(hop).some(
    ({ kind, state, edge }) => kind === 'latency_spike' && state === 'started' && /checkout -> payment$/.test(edge),
  );
}

describe('Collector recipes', { skip: withoutGo }, () => {
  const recipes: Recipe[] = [];

  /** Starts pxanomaly with the recipe's file, and the Collector's in front of it where there is one. */
  async function cook(name: string, preset: string, gatewayFile: string, collectorFile?: string): Promise<void> {
    const hop = await startNextHop();
    const [gatewayPort, collectorPort] = (await freePorts(2)) as [number, number];
    const env = {
      PXANOMALY_GRPC: `127.0.0.1:${gatewayPort}`,
      COLLECTOR_GRPC: `127.0.0.1:${collectorPort}`,
      NEXT_HOP: `127.0.0.1:${hop.grpcPort}`,
      FLUSH_INTERVAL: '1s',
    };
    const settings = [
      `processors.anomaly.presets=[{ name: ${preset}, window: 1s }]`,
      'service.telemetry.metrics.level=none',
      ...(preset === 'spans' ? ['processors.anomaly.traces.wait=100ms'] : []),
    ];
    const args = ['--config', join(RECIPES, gatewayFile), ...settings.flatMap((setting) => ['--set', setting])];
    await start(process.execPath, [join(REPOSITORY, 'bin/pxanomaly'), ...args], {
      env,
      ready: () => listens(gatewayPort),
    });
    if (collectorFile) {
      const quiet = ['--set', 'service.telemetry.metrics.level=none'];
      const flags = ['--config', join(RECIPES, collectorFile), ...quiet];
      await start(peer('collector.sh'), flags, { env, ready: () => listens(collectorPort) });
    }
    recipes.push({ name, hop, sender: grpcSender(collectorFile ? collectorPort : gatewayPort) });
  }

  before(async () => {
    const folder = (name: string): [string, string] => [`${name}/pxanomaly.yaml`, `${name}/collector.yaml`];
    await cook('after servicegraph', 'servicegraph', ...folder('after-servicegraph'));
    await cook('after spanmetrics', 'spanmetrics', ...folder('after-spanmetrics'));
    await cook('from spans', 'spans', 'from-spans.yaml');
    for (let second = 0; second < HEALTHY_S + LONGEST_FAULT_S; second++) {
      if (recipes.every(({ hop }) => hasSpike(hop))) break;
      const body = calls(CALLS_A_SECOND, second < HEALTHY_S ? 20 : 400);
      await Promise.all(recipes.map(({ sender }) => sender.send('traces', body)));
      await sleep(1000);
    }
    for (const { sender } of recipes) sender.close();
  });
  after(endAll);

  for (const name of ['after servicegraph', 'after spanmetrics', 'from spans'])
    it(`${name}: the fault comes out as a latency spike from checkout to payment`, async () => {
      const hop = recipes.find((recipe) => recipe.name === name)?.hop;
      assert.ok(hop);
      const told = (): string =>
        eventsAt(hop)
          .map(({ state, kind, edge }) => `${state} ${kind} ${edge}`)
          .join('\n');
      await eventually(() => hasSpike(hop), 20_000, `a latency spike among\n${told()}\n`);
    });

  it('what comes in goes on: metrics of the connectors arrive at the next hop', () => {
    const [first] = recipes;
    assert.ok(first && first.hop.of('metrics').length > HEALTHY_S);
  });
});
