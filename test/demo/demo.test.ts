import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DemoAccount } from '../../src/demo/account.js';
import { run } from '../../src/demo/index.js';
import { DemoLines } from '../../src/demo/lines.js';
import { parseDemoOptions } from '../../src/demo/options.js';
import { choosePorts, describeChanges, HOST, type Ports } from '../../src/demo/ports.js';
import type { AnomalyEvent } from '../../src/detection/results/read-events.js';
import { FAULTS } from '../../src/simulation/faults.js';
import { painter } from '../../src/terminal/colour.js';
import { command } from '../support/commands.js';

const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-demo-'));
after(() => rmSync(folder, { recursive: true }));

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server));
  });
}

/** Ports that nobody uses at the moment. */
async function freePorts(): Promise<Ports> {
  const servers = await Promise.all([0, 0, 0, 0].map(listen));
  const [grpc = 0, http = 0, prometheus = 0, telemetry = 0] = servers.map(
    (server) => (server.address() as { port: number }).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { grpc, http, prometheus, telemetry };
}

interface Shown {
  readonly code: number;
  readonly text: string;
}

async function show(argv: readonly string[], signal?: AbortSignal, onText?: (text: string) => void): Promise<Shown> {
  let text = '';
  const write = (more: string): void => {
    text += more;
    onText?.(more);
  };
  const io = { stdout: { write }, stderr: { write }, env: {}, ...(signal ? { signal } : {}) };
  const code = await run([...argv, '--file', join(folder, 'anomalies.jsonl')], io, await freePorts());
  return { code, text };
}

describe('demo', () => {
  it('loads history, injects faults, names them, and sums up', async () => {
    const { code, text } = await show(['--faults', '2', '--speed', '400', '--history', '90m']);
    assert.equal(code, 0);
    assert.match(text, /540 windows of history loaded in [\d.]+ (s|min), with (no|\d) false alarm/);
    assert.match(text, /fault +slow payment: payment answers five times as slowly/);
    assert.match(
      text,
      /found +latency spike checkout → payment after \d+(\.\d+)? (s|min): observed [\d.]+ ms, expected [\d.]+ ms, score 0\.9\d|1\.00/,
    );
    assert.match(text, /found +throughput drop frontend → recommendation after/);
    assert.match(text, /incident +Incident in demo_shop: shop\/payment/);
    assert.match(text, /tail -f \S+anomalies\.jsonl \| npx pxanomaly events/);
    assert.match(text, /over +slow payment is over\n/);
    assert.match(text, /resolved +latency spike checkout → payment after/);
    assert.match(text, /slow payment +yes +[\d.]+ (s|min) +yes/);
    assert.match(text, /2 faults injected that should be found, 2 found, half of them within .*; \d false alarms\.\n$/);
    assert.equal(text.includes('\u001b'), false, 'no colour into a pipe');
    const lines = readFileSync(join(folder, 'anomalies.jsonl'), 'utf8').trimEnd().split('\n');
    assert.ok(lines.some((line) => line.includes('px.anomaly.network.latency_spike')));
    for (const line of lines) assert.ok(JSON.parse(line).resourceLogs);
  });

  for (const seed of [1, 2, 3])
    it(`every fault that should page does, once the incident before is over: shop ${seed}`, async () => {
      const { text } = await show(['--once', '--seed', String(seed), '--speed', '400', '--history', '6h']);
      for (const { name, pages, expected } of FAULTS) {
        const [row = ''] = text.match(new RegExp(`^${name} .*$`, 'm')) ?? [];
        if (pages) assert.match(row, /yes +[\d.]+ (s|min) +yes$/, text);
        else assert.match(row, expected ? /an event is enough$/ : /below the alert level *$/, text);
      }
      // A fault never begins beside an open incident: it would be an update of that one.
      let open = 0;
      for (const line of text.split('\n')) {
        if (/ incident +Incident in /.test(line)) open++;
        if (/ incident +The incident around /.test(line)) open--;
        if (/ fault +/.test(line)) assert.equal(open, 0, text);
      }
      // The file reads back as what the terminal has shown.
      const events = await command('events', join(folder, 'anomalies.jsonl'));
      assert.match(events.stdout, /^\d{4}-\d\d-\d\d [\d:]{8} {2}incident opened {4}Incident in demo_shop: /m);
      assert.equal(events.stderr, '');
    });

  it('a fault that the end cuts short is neither found nor missed', () => {
    const account = new DemoAccount();
    account.begin(FAULTS[0]!, 100);
    const lines = new DemoLines(painter({})).summary(account);
    assert.match(lines[2]!, /slow payment +ended before/);
    assert.match(lines.at(-1)!, /^0 faults injected that should be found, 0 found; 0 false alarms\.$/);
    account.end(170);
    assert.match(
      new DemoLines(painter({})).summary(account).at(-1)!,
      /^1 fault injected that should be found, 0 found/,
    );
  });

  it('pages when the incident of its time names it, from the first or once it is updated', () => {
    const account = new DemoAccount();
    account.begin(FAULTS[0]!, 100);
    const event = (state: string, id: string, source: string): AnomalyEvent =>
      ({
        state,
        incident_id: id,
        time: 120,
        services: ['shop/frontend'],
        ranking: [source],
      }) as unknown as AnomalyEvent;
    account.incident(event('updated', 'earlier', 'shop/payment'));
    assert.equal(account.injections[0]?.paged, false, 'an incident from before the fault is none of its own');
    account.incident(event('opened', 'own', 'shop/checkout'));
    assert.equal(account.injections[0]?.paged, false);
    account.incident(event('updated', 'own', 'shop/payment'));
    assert.equal(account.injections[0]?.paged, true);
    assert.equal(account.incidentsOpen, 1);
    account.incident(event('closed', 'own', 'shop/payment'));
    assert.equal(account.incidentsOpen, 0);
  });

  it('ends cleanly when it is interrupted, while loading and while live', async () => {
    const loading = new AbortController();
    setTimeout(() => loading.abort(new Error('SIGINT')), 300);
    const early = await show([], loading.signal);
    assert.equal(early.code, 0);
    assert.match(early.text, /0 faults injected that should be found, 0 found; 0 false alarms\.\n$/);
    const live = new AbortController();
    const { code, text } = await show(['--history', '30m'], live.signal, (more) => {
      if (more.includes('Live from now on')) live.abort(new Error('SIGINT'));
    });
    assert.equal(code, 0);
    assert.match(text, /Live from now on[\s\S]*0 faults injected/);
  });

  it('says what is wrong with a command line, and explains itself', async () => {
    const { code, text } = await show(['--speed', 'fast']);
    assert.equal(code, 2);
    assert.match(text, /--speed: expected a number from 0\.1, got "fast"/);
    assert.equal((await show(['--history', '5m'])).code, 2);
    assert.equal((await show(['--loud'])).code, 2);
    assert.match((await show(['--help'])).text, /^Usage: pxanomaly demo/);
  });

  it('reads its options', () => {
    const usual = { faults: undefined, speed: 1, historyMs: 43_200_000, seed: 1, file: 'anomalies.jsonl' };
    assert.deepEqual(parseDemoOptions([], 5), usual);
    assert.deepEqual(parseDemoOptions(['--once', '--seed', '7'], 5), { ...usual, faults: 5, seed: 7 });
    assert.deepEqual(parseDemoOptions(['--once', '--faults', '1'], 5), { ...usual, faults: 1 });
  });
});

describe('ports', () => {
  it('are the usual ones where they are free', async () => {
    const usual = await freePorts();
    assert.deepEqual(await choosePorts(usual), usual);
    assert.deepEqual(describeChanges(usual, usual), []);
  });

  it('are the next free ones where they are taken, never one that another purpose has', async () => {
    const usual = await freePorts();
    const server = await listen(usual.grpc);
    try {
      const wanted = { ...usual, http: usual.grpc + 1 };
      const ports = await choosePorts(wanted);
      assert.ok(ports.grpc > usual.grpc && ports.grpc !== wanted.http);
      assert.equal(new Set(Object.values(ports)).size, 4);
      const [sentence] = describeChanges(ports, wanted);
      assert.equal(sentence, `Port ${usual.grpc} is taken: OTLP over gRPC is on ${ports.grpc}.`);
    } finally {
      server.close();
    }
  });
});
