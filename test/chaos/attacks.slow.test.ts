// What peers that want to do harm make of a gateway with little memory: it lives, stays within its limit, and serves
// the honest sender beside them. Figures are printed, not judged: machines differ.
import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameMessage } from '../../src/otlp/grpc-frame.js';
import { attack } from '../support/chaos/attackers.js';
import { ATTACKS } from '../support/chaos/attacks.js';
import { Gateway, SMALL_ANOMALY } from '../support/chaos/gateway.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { trafficRequest } from '../support/peers/edge-traffic.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';

const LIMIT_MIB = 512;
const ATTACK_MS = 1_000;
const EVERY_MS = 50;
const UNAVAILABLE = 14;

/** A memory control group of this size; undefined where this machine gives us none. */
function controlGroup(): string | undefined {
  const folder = `/sys/fs/cgroup/memory/pxanomaly-test-${process.pid}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/memory.limit_in_bytes`, String(LIMIT_MIB * 2 ** 20));
  } catch {
    return undefined;
  }
  // It is empty when the gateway that was in it has ended.
  atEnd(async () => rmdirSync(folder));
  return folder;
}

/**
 * Everything at its defaults, in a container of LIMIT_MIB where that can be had, else with a heap of such a container.
 */
async function limitedGateway(): Promise<Gateway> {
  const group = controlGroup();
  const config = {
    processors: { memory_limiter: { limit_percentage: 80, spike_limit_percentage: 20 }, anomaly: SMALL_ANOMALY },
    exporters: { debug: {} },
    pipelines: { metrics: { receivers: ['otlp'], processors: ['memory_limiter', 'anomaly'], exporters: ['debug'] } },
    protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } },
  };
  const gateway = await Gateway.start(config, {
    ...(group ? { controlGroup: group } : { nodeOptions: `--max-old-space-size=${LIMIT_MIB / 2}` }),
  });
  return gateway;
}

/** One small request every EVERY_MS on a connection of its own; what each took, ms, and statuses that are not OK. */
class Honest {
  readonly took: number[] = [];
  readonly failed: number[] = [];
  private over = false;

  constructor(private readonly port: number) {}

  /** Sends until `work` is done, and gives what that gives. */
  async during<T>(work: Promise<T>): Promise<T> {
    const sending = this.send();
    const result = await work;
    this.over = true;
    await sending;
    return result;
  }

  private async send(): Promise<void> {
    const session = rawSession(this.port);
    const traffic = { edges: 4, cluster: 'honest', startSeconds: 1_767_261_600, windowSeconds: 10 };
    const body = frameMessage(trafficRequest(traffic, 0));
    while (!this.over) {
      const from = performance.now();
      const { status } = await rawCall(session, { chunks: [body] });
      if (status === 0) this.took.push(performance.now() - from);
      else this.failed.push(status);
      await sleep(EVERY_MS);
    }
  }

  get p99(): number {
    const sorted = this.took.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN);
  }
}

describe('attacks', () => {
  afterEach(endAll);

  for (const [mode, { transport }] of Object.entries(ATTACKS))
    it(mode, async (context) => {
      const gateway = await limitedGateway();
      const port = transport === 'grpc' ? gateway.grpcPort : gateway.httpPort;
      const calm = new Honest(gateway.grpcPort);
      await calm.during(sleep(500));
      for (const connections of [1, 20]) {
        const honest = new Honest(gateway.grpcPort);
        let peak = 0;
        const watch = setInterval(() => {
          peak = Math.max(peak, gateway.running ? gateway.rss() : 0);
        }, 50);
        const attacked = await honest.during(attack({ mode, port, connections, forMs: ATTACK_MS }));
        clearInterval(watch);
        const { connections: made, megabytes } = attacked;
        const figures = `p99 ${calm.p99} → ${honest.p99} ms, peak ${Math.round(peak / 2 ** 20)} MiB, failed ${honest.failed.length}`;
        context.diagnostic(`${connections} at once: ${figures}; ${made} connections, ${megabytes} MB`);
        assert.equal(gateway.running, true, gateway.stderr.slice(-2_000));
        assert.ok(peak < LIMIT_MIB * 2 ** 20, `${peak} bytes`);
        assert.ok(honest.took.length > 0);
        // What is refused is refused so that it may come again.
        assert.deepEqual(
          honest.failed.filter((status) => status !== UNAVAILABLE),
          [],
        );
        await eventually(async () => (await gateway.metric('pxanomaly_held_bytes', 'what="underway"')) === 0);
        assert.equal(await gateway.health(), 200);
      }
    });
});
