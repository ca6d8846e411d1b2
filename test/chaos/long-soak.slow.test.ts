// Half of the highest rate for as long as one likes, with edges that come and go, a next hop that goes away and
// reloads: memory stays flat and nothing is lost. Thirty seconds in CI; `npm run soak` for half an hour, and a page of
// it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, it, test } from 'node:test';
import { EAGER } from '../support/chaos/configs.js';
import { COLLECT_ON_SIGNAL, Gateway, type GatewayConfig, protocols, scratchFolder } from '../support/chaos/gateway.js';
import { machineFacts, SoakLedger, sendFor } from '../support/chaos/soak.js';
import { renderSoak, type SoakResult, type SoakSample } from '../support/chaos/soak-page.js';
import { type GrpcServer, grpcServer } from '../support/grpc-server.js';
import { ROOT } from '../support/paths.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';

const SECONDS = Number(process.env.PXANOMALY_SOAK_SECONDS ?? 30);
const records = process.env.PXANOMALY_RECORD !== undefined;
const RESULT = join(ROOT, 'bench/results/soak.json');
const PAGE = join(ROOT, 'docs/soak.md');
const SENDERS = 4;
const STEPS = 30;
/** Garbage of the allocators; in a short run also what waits in memory behind the last outage (32 MiB a queue). */
const SLACK_BYTES = SECONDS < 600 ? 2 ** 26 : 2 ** 24;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

after(endAll);

it(`${SECONDS} seconds at half the highest rate: memory flat, nothing lost`, async (context) => {
  const [port = 0] = await freePorts(1);
  const directory = scratchFolder();
  const ledger = new SoakLedger();
  let hop: GrpcServer | undefined = await grpcServer(context);
  const hopPort = hop.port;
  const serve = (server: GrpcServer): GrpcServer => {
    server.answer = (call) => {
      server.calls.length = 0;
      ledger.take(call);
    };
    return server;
  };
  serve(hop);
  const config = (maxInterval: string): GatewayConfig => ({
    protocols: protocols({ endpoint: `127.0.0.1:${port}` }),
    processors: { anomaly: { presets: ['edge'], max_edges: 1024, max_series: 8192, max_groups: 4 } },
    extensions: { file_storage: { directory } },
    exporters: {
      otlp_grpc: {
        endpoint: `127.0.0.1:${hopPort}`,
        tls: { insecure: true },
        compression: 'none',
        sending_queue: { storage: 'file_storage', queue_size: 1_000_000 },
        ...EAGER,
        retry_on_failure: { ...EAGER.retry_on_failure, max_interval: maxInterval },
      },
    },
    pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc'] } },
  });
  const gateway = await Gateway.start(config('200ms'), { nodeOptions: COLLECT_ON_SIGNAL });

  // The highest rate, once everything has run for a while.
  const warmUntil = performance.now() + 6_000;
  await sendFor(ledger, port, SENDERS, () => performance.now() > warmUntil);
  const [from, points, requests] = [performance.now(), ledger.points, ledger.sent];
  await sendFor(ledger, port, SENDERS, () => performance.now() > from + 4_000);
  const seconds = (performance.now() - from) / 1000;
  const highestRate = (ledger.points - points) / seconds;
  const requestsPerS = (ledger.sent - requests) / seconds / 2;

  const started = performance.now();
  const before = ledger.points;
  let over = false;
  const sending = sendFor(ledger, port, SENDERS, () => over, requestsPerS);
  const samples: SoakSample[] = [];
  let outages = 0;
  let reloads = 0;
  for (let step = 0; step < STEPS; step++) {
    if (step % 5 === 2) {
      await hop?.close();
      hop = undefined;
      outages++;
    }
    if (step % 5 === 3) hop ??= serve(await grpcServer(context, { port: hopPort }));
    if (step % 10 === 6) await gateway.reload(config(`${210 + ++reloads}ms`));
    await pause((SECONDS * 1000) / STEPS);
    if (step % 5 !== 1) continue;
    const { heapUsed, external, rss } = await gateway.held();
    samples.push({ atS: (performance.now() - started) / 1000, heapUsed, external, rss });
  }
  over = true;
  await sending;
  const elapsedMs = performance.now() - started;
  const rate = (1000 * (ledger.points - before)) / elapsedMs;
  await eventually(() => ledger.lost.length === 0, 120_000, 'all of it at the next hop').catch(() => {});
  const { machine, ...rest } = {
    machine: machineFacts(),
    seconds: elapsedMs / 1000,
    highestRate,
    rate,
    requests: ledger.sent,
    acknowledged: ledger.acknowledged.size,
    refused: ledger.refused,
    lost: ledger.lost.length,
    again: ledger.again,
    outages,
    reloads,
    samples,
  };
  const result: SoakResult = { machine, ...rest };
  context.diagnostic(JSON.stringify(result));
  assert.equal(result.lost, 0, `of ${result.acknowledged} acknowledged`);
  assert.ok(result.acknowledged > 0);
  assert.equal(await gateway.metric('pxanomaly_exporter_dropped_items', 'reason="permanent"'), 0);
  const [, early] = samples;
  const last = samples.at(-1);
  assert.ok(early && last);
  for (const what of ['heapUsed', 'external'] as const)
    assert.ok(
      last[what] < early[what] * 1.2 + SLACK_BYTES,
      `${what}: ${early[what]} bytes at ${early.atS} s, ${last[what]} at the end`,
    );
  assert.equal(await gateway.end('SIGTERM'), 0);
  if (!records) return;
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(PAGE, renderSoak(result));
});

test('docs/soak.md is what was recorded', { skip: !existsSync(RESULT) && 'nothing was recorded' }, () => {
  const result = JSON.parse(readFileSync(RESULT, 'utf8')) as SoakResult;
  assert.equal(readFileSync(PAGE, 'utf8'), renderSoak(result), 'npm run soak');
});
