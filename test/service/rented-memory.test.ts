// Memory of bodies that is used again, in a whole gateway: whatever is released is overwritten at once, so that a byte
// which anybody reads too late shows at the next hop.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createGateway } from '../../src/index.js';
import { BodyMemory } from '../../src/receivers/otlp/body-memory.js';
import { type Answer, type GrpcServer, grpcServer, ok, status } from '../support/grpc-server.js';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';
import { grpcSender } from '../support/peers/senders.js';

after(endAll);

const REQUESTS = 60;
const IN_FLIGHT = 6;
const UNAVAILABLE = 14;

/** What the receiver did with its memory. */
interface Use {
  readonly rented: Set<ArrayBufferLike>;
  bodies: number;
  returned: number;
}

/** Watches every BodyMemory from here on; what comes back is overwritten. */
function watched(): Use {
  const use: Use = { rented: new Set(), bodies: 0, returned: 0 };
  const spied = BodyMemory.prototype as unknown as {
    rent(bytes: number): { body: Buffer };
    takeBack(memory: ArrayBuffer): void;
  };
  const { rent, takeBack } = spied;
  spied.rent = function (bytes) {
    const rented = rent.call(this, bytes);
    use.rented.add(rented.body.buffer);
    use.bodies++;
    return rented;
  };
  spied.takeBack = function (memory) {
    new Uint8Array(memory).fill(0xdd);
    use.returned++;
    takeBack.call(this, memory);
  };
  after(() => Object.assign(spied, { rent, takeBack }));
  return use;
}

const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const use = watched();

/** Digests of what came, and of what was answered with OK. */
function heard(server: GrpcServer, moody: boolean): { came: Set<string>; taken: Set<string> } {
  const came = new Set<string>();
  const taken = new Set<string>();
  let calls = 0;
  server.answer = (call) => {
    const body = digest(call.compressed ? gunzipSync(call.message) : call.message);
    came.add(body);
    const answer: Answer | undefined = moody ? moodyAnswer(++calls) : ok();
    if (answer && !(moody && calls % 3 === 0)) taken.add(body);
    answer?.(call);
  };
  return { came, taken };
}

/** Every third call is turned away, every fifth never answered. */
function moodyAnswer(call: number): Answer | undefined {
  if (call % 3 === 0) return status(UNAVAILABLE, 'not now', 5);
  return call % 5 === 0 ? undefined : ok();
}

const traffic: Traffic = { edges: 60, cluster: 'rented', startSeconds: 1_700_000_000, windowSeconds: 10 };

async function sendAll(port: number, bodies: readonly Uint8Array[]): Promise<void> {
  const sender = grpcSender(port);
  atEnd(async () => sender.close());
  const left = [...bodies];
  const one = async (): Promise<void> => {
    for (let body = left.shift(); body; body = left.shift()) await sender.send('metrics', body);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

const portOf = (address = ''): number => Number(address.slice(address.lastIndexOf(':') + 1));

function gatewayTo(exporters: Record<string, object>) {
  return createGateway({
    receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' } } } },
    processors: { anomaly: { presets: ['edge'] } },
    exporters: exporters as never,
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: Object.keys(exporters) } },
    },
  });
}

test('bytes stay intact under fan-out, queues, compression, refusals, timeouts and late learning, while memory is used again', async (t) => {
  const hops = [await grpcServer(t), await grpcServer(t), await grpcServer(t)] as const;
  const [steady, moody, zipped] = [heard(hops[0], false), heard(hops[1], true), heard(hops[2], false)];
  const common = { tls: { insecure: true }, compression: 'none' };
  const gateway = gatewayTo({
    'otlp_grpc/steady': { ...common, endpoint: `127.0.0.1:${hops[0].port}` },
    'otlp_grpc/moody': {
      ...common,
      endpoint: `127.0.0.1:${hops[1].port}`,
      timeout: '200ms',
      retry_on_failure: { initial_interval: '10ms', max_interval: '20ms' },
    },
    'otlp_grpc/zipped': { ...common, compression: 'gzip', endpoint: `127.0.0.1:${hops[2].port}` },
  });
  t.after(() => gateway.shutdown());
  await gateway.start();
  const bodies = Array.from({ length: REQUESTS }, (_, window) => trafficRequest(traffic, window));
  const sent = new Set(bodies.map(digest));
  await sendAll(portOf(gateway.addresses()['receivers::otlp']?.grpc), bodies);
  await eventually(() => [steady, moody, zipped].every(({ taken }) => [...sent].every((body) => taken.has(body))));
  await gateway.shutdown();

  const own = ({ came }: { came: Set<string> }) => [...came].filter((body) => !sent.has(body)).length;
  // Results of our own come out as requests, too, and are the same at every hop: anything else was overwritten on its
  // way.
  assert.equal(own(moody), own(steady));
  assert.equal(own(zipped), own(steady));
  assert.equal(use.bodies, REQUESTS);
  assert.ok(use.returned > REQUESTS / 2, `${use.returned} of ${REQUESTS} bodies came back`);
  assert.ok(use.rented.size < REQUESTS, `${use.rented.size} pieces of memory for ${REQUESTS} bodies`);
});

test('nothing is rented where a stage of the pipeline may keep the bytes', async (t) => {
  const hop = await grpcServer(t);
  const { taken } = heard(hop, false);
  const before = use.bodies;
  const gateway = createGateway({
    receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' } } } },
    processors: { batch: { timeout: '10ms' } },
    exporters: { otlp_grpc: { endpoint: `127.0.0.1:${hop.port}`, compression: 'none', tls: { insecure: true } } },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { metrics: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_grpc'] } },
    },
  });
  t.after(() => gateway.shutdown());
  await gateway.start();
  await sendAll(portOf(gateway.addresses()['receivers::otlp']?.grpc), [trafficRequest(traffic, 0)]);
  await eventually(() => taken.size > 0);
  await gateway.shutdown();
  assert.equal(use.bodies, before);
});
