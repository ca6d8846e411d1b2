// What a request costs in counts that do not depend on the machine: bytes of objects allocated, bytes of buffers for
// each byte received. A regression shows here without anything being timed.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Usage } from '../support/measured-gateway.js';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { endAll, eventually } from '../support/peers/processes.js';
import { grpcSender, type Sender } from '../support/peers/senders.js';

const PROGRAM = fileURLToPath(new URL('../support/measured-gateway.js', import.meta.url));
/** MiB of young generation: far more than the requests below allocate. */
const YOUNG = 256;
const WARM_UP = 100;
const REQUESTS = 240;

const small: Traffic = { edges: 10, cluster: 'small', startSeconds: 1_700_000_000, windowSeconds: 10 };
const large: Traffic = { ...small, edges: 70, cluster: 'large' };

/**
 * Objects of a request, whatever its size: HTTP/2 streams and headers on both sides, promises, the lesson. Measured:
 * 28,000.
 */
const MOST_HEAP_BYTES = 40_000;
/**
 * Objects for each data point more: there are none on the way of the data, so that this is but the noise of the
 * measurement.
 */
const MOST_HEAP_BYTES_A_POINT = 40;
/**
 * Sockets are read into memory that all share, bodies from 32 KiB on are put together in memory that is used again, and
 * the kernel's copy goes into its own. Measured: 0.01, and 0.3 where everything waits for a busy machine, which takes
 * more bodies and blocks once; with memory of its own for each read it was 1.02.
 */
const MOST_BUFFERS_A_BYTE = 0.5;

interface Cost {
  readonly heap: number;
  readonly buffers: number;
  readonly bytes: number;
}

describe('a request through the gateway', () => {
  let child: ChildProcess;
  let sender: Sender;
  let hop: NextHop;
  let sent = 0;

  before(async () => {
    hop = await startNextHop();
    child = fork(PROGRAM, [String(hop.grpcPort)], {
      execArgv: [
        `--max-semi-space-size=${YOUNG}`,
        `--min-semi-space-size=${YOUNG}`,
        `--initial-old-space-size=${YOUNG}`,
      ],
    });
    const [address] = (await once(child, 'message')) as [string];
    sender = grpcSender(Number(address.split(':').at(-1)));
  });
  after(async () => {
    sender.close();
    child.disconnect();
    await once(child, 'exit');
    await endAll();
  });

  async function usage(): Promise<Usage> {
    child.send('usage');
    const [answer] = (await once(child, 'message')) as [Usage];
    return answer;
  }

  /**
   * The same request again and again: its points are known from the second time on, so that no window closes meanwhile.
   */
  async function send(body: Uint8Array, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await sender.send('metrics', body);
    sent += count;
    await eventually(() => hop.of('metrics').length >= sent, 20_000, 'every request at the next hop');
  }

  async function costOf(traffic: Traffic): Promise<Cost> {
    const body = trafficRequest(traffic, 0);
    await send(body, WARM_UP);
    const begin = await usage();
    await send(body, REQUESTS);
    const end = await usage();
    assert.equal(end.collections, begin.collections, 'nothing was collected in between');
    return {
      heap: (end.heap - begin.heap) / REQUESTS,
      buffers: (end.buffers - begin.buffers) / REQUESTS,
      bytes: body.length,
    };
  }

  it('allocates no object for a data point, and no buffer for what is received', async () => {
    const few = await costOf(small);
    const many = await costOf(large);
    assert.ok(few.heap > 0 && few.heap < MOST_HEAP_BYTES, `${Math.round(few.heap)} bytes of objects a request`);
    const points = 4 * (large.edges - small.edges);
    const perPoint = (many.heap - few.heap) / points;
    assert.ok(perPoint < MOST_HEAP_BYTES_A_POINT, `${perPoint.toFixed(1)} bytes of objects a data point`);
    const perByte = many.buffers / many.bytes;
    assert.ok(perByte < MOST_BUFFERS_A_BYTE, `${perByte.toFixed(2)} bytes of buffers a byte received`);
  });
});
