// Senders of one cluster whose clocks disagree: everybody is judged, whoever is wrong, and the odd one is named.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import type { KernelApi } from '../../../src/kernel/api.js';
import { Kernel } from '../../../src/kernel/kernel.js';
import { type AnomalyProcessor, createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { anomalyConfig, Sink } from '../../support/anomaly.js';
import { type Attributes, gauge, metricsRequest } from '../../support/otlp.js';
import { testSettings } from '../../support/settings.js';
import { MemoryStorage } from '../../support/stored.js';

const WINDOW = 10;
const START = 1_757_894_400;

interface Warning {
  readonly msg: string;
  readonly sender?: string;
  readonly offset_s?: number;
}

interface Watch {
  readonly processor: AnomalyProcessor;
  readonly sink: Sink;
  readonly warnings: Warning[];
  readonly telemetry: ReturnType<typeof createTelemetry>;
  /** `received`: Unix seconds; 0 in a replay. */
  send(body: Uint8Array, received?: number): Promise<void>;
}

function watch(
  options: {
    readonly live?: boolean;
    readonly config?: object;
    readonly storage?: MemoryStorage;
    kernel?(made: KernelApi): void;
  } = {},
): Watch {
  const { live = false, storage } = options;
  const warnings: Warning[] = [];
  const telemetry = createTelemetry({
    log: pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line) as Warning) }),
  });
  const settings = testSettings('anomaly', {
    telemetry,
    extension: (id) => (id === 'file_storage' ? storage : undefined),
  });
  const createKernel = (of: Parameters<typeof Kernel.create>[0]): Kernel => {
    const kernel = Kernel.create(of);
    options.kernel?.(kernel);
    return kernel;
  };
  const processor = createAnomalyProcessor(settings, anomalyConfig(options.config), {
    live,
    createKernel,
    hashSeed: 7n,
  });
  const sink = new Sink();
  const stage = processor.stage('metrics', 'metrics', sink);
  const send = async (body: Uint8Array, received = 0): Promise<void> => {
    await stage.consume({
      signal: 'metrics',
      body,
      items: 0,
      origin: 'received',
      metadata: new Map(),
      receivedUnixNano: BigInt(Math.round(received * 1000)) * 1_000_000n,
    });
  };
  return { processor, sink, warnings, telemetry, send };
}

/** Three edges of a sender in the window `i`. */
function request(resource: Attributes, edges: string, time: number, i: number, slow = 1): Uint8Array {
  const metrics = [0, 1, 2].flatMap((edge) => {
    const noise = ((7 * i + 3 * edge) % 11) - 5;
    const attributes = { src_service: `${edges}${edge}`, dst_service: `${edges}-to${edge}`, namespace: 'n' };
    return [
      gauge('edge.requests', 1000 + 4 * noise, { attributes, time }),
      gauge('edge.latency', (50 + 0.4 * noise) * slow, { attributes, time, unit: 'ms' }),
    ];
  });
  return metricsRequest({ resource, metrics });
}

interface Play {
  /** Seconds that the clock of sender b is ahead in a window. */
  readonly off: (window: number) => number;
  /** What a sender says of itself. */
  readonly resource?: (sender: string) => Attributes;
  readonly senders?: readonly string[];
}

/**
 * 260 windows; everybody's latency is six times itself in windows 200 to 211. Edges that were found, and what was
 * warned of.
 */
async function play({
  off,
  resource = (sender) => ({ 'host.name': sender }),
  senders = ['a', 'b'],
}: Play): Promise<{ found: string[]; others: string[]; by: Watch }> {
  const by = watch();
  await by.processor.start();
  for (let i = 0; i < 260; i++) {
    for (const [k, sender] of senders.entries()) {
      const time = START + WINDOW * i + k * 3 + (sender === 'b' ? off(i) : 0);
      await by.send(request(resource(sender), sender, time, i, i >= 200 && i < 212 ? 6 : 1));
    }
  }
  await by.processor.flush();
  const events = by.sink.events.filter(({ attributes }) => attributes['anomaly.state'] === 'started');
  const name = ({ attributes }: (typeof events)[number]): string => String(attributes.src_service);
  const isFault = (event: (typeof events)[number]): boolean => event.name === 'px.anomaly.network.latency_spike';
  const others = by.sink.events.filter(({ name: event }) => event === 'px.anomaly.incident');
  return {
    found: [...new Set(events.filter(isFault).map(name))].sort(),
    others: [
      ...events.filter((event) => !isFault(event)).map(({ name: event }) => event),
      ...others
        .filter(({ attributes }) => attributes['anomaly.state'] === 'opened')
        .map(({ time }) => `incident at ${time}`),
    ],
    by,
  };
}

const edgesOf = (...senders: string[]): string[] => senders.flatMap((s) => [0, 1, 2].map((i) => `${s}${i}`));

describe('field case 03: one of two senders is ahead or behind', () => {
  for (const offset of [8, 17, 30, 60, 180, 600, 3600, -8, -17, -30, -60, -180, -600, -3600]) {
    for (const from of [100, 0]) {
      test(`by ${offset} s ${from === 0 ? 'from the start' : 'after some time'}`, async () => {
        const { found, others, by } = await play({ off: (i) => (i >= from ? offset : 0) });
        assert.deepEqual(found, edgesOf('a', 'b'));
        assert.equal(others.filter((one) => !one.startsWith('incident')).length, 0, others.join());
        assert.equal(others.length, 6, 'an incident an edge: the fault');
        const off = by.warnings.filter(({ sender }) => sender !== undefined);
        const { senders } = (by.processor as unknown as { inspect(): { senders: { clocks: unknown[] }[] } }).inspect();
        if (Math.abs(offset) < 17) assert.deepEqual(off, []);
        else if (Math.abs(offset) >= 30) {
          assert.deepEqual([...new Set(off.map(({ sender }) => sender))], ['host.name=b']);
          assert.ok(Math.abs(off[0]!.offset_s! - offset) <= WINDOW, `${off[0]!.offset_s}`);
          assert.equal(senders[0]!.clocks.length, 1);
          const metrics = await by.telemetry.registry.metrics();
          assert.match(metrics, /pxanomaly_sender_clock_offset_seconds\{[^}]*sender="host\.name=b"[^}]*\} -?\d/);
        }
        await by.processor.shutdown();
      });
    }
  }

  test('three senders, one of them wrong', async () => {
    for (const offset of [180, -180]) {
      const { found, by } = await play({ off: (i) => (i >= 100 ? offset : 0), senders: ['a', 'b', 'c'] });
      assert.deepEqual(found, edgesOf('a', 'b', 'c'));
      assert.deepEqual([...new Set(by.warnings.flatMap(({ sender }) => sender ?? []))], ['host.name=b']);
    }
  });

  test('a clock that is corrected later, and one that drifts', async () => {
    const offs = [
      (i: number) => (i >= 100 && i < 150 ? 180 : 0),
      (i: number) => (i >= 100 && i < 150 ? -600 : 0),
      (i: number) => 0.5 * i,
      (i: number) => -0.5 * i,
    ];
    for (const off of offs) {
      const { found, others } = await play({ off });
      assert.deepEqual(found, edgesOf('a', 'b'));
      assert.equal(others.length, 6, others.join());
    }
  });

  test('senders that have no name are told apart by what they send together', async () => {
    const { found, by } = await play({ off: (i) => (i >= 100 ? 180 : 0), resource: () => ({}) });
    assert.deepEqual(found, edgesOf('a', 'b'));
    assert.equal(by.warnings.find(({ sender }) => sender)?.sender, 'the sender of b0 → n/b-to0');
  });

  test('two replicas that name their service alone, one of them ahead, are told apart likewise', async () => {
    for (const offset of [240, -240]) {
      const { found, by } = await play({
        off: (i) => (i >= 100 ? offset : 0),
        resource: () => ({ 'service.name': 'col' }),
      });
      assert.deepEqual(found, edgesOf('a', 'b'));
      const warned = by.warnings.find(({ sender }) => sender)?.sender;
      assert.equal(warned, 'service.name=col (the sender of b0 → n/b-to0)');
    }
  });

  test('a clock that has lost its date is left out and named, and agrees when it is set', async () => {
    for (const from of [0, 100]) {
      const { found, others, by } = await play({ off: (i) => (i >= from && i < 150 ? 1000 - START : 0) });
      assert.deepEqual(found, edgesOf('a', 'b'));
      assert.equal(others.filter((one) => !one.startsWith('incident')).length, 0, others.join());
      const [warned] = by.warnings.filter(({ sender }) => sender !== undefined);
      assert.match(warned!.msg, /clock is too far behind/);
      assert.equal(warned!.sender, 'host.name=b');
      const metrics = await by.telemetry.registry.metrics();
      assert.match(metrics, /pxanomaly_sender_clock_offset_seconds\{[^}]*sender="host\.name=b"[^}]*\} 0\n/);
      await by.processor.shutdown();
    }
  });

  test('nobody is wrong where all jump: a gap of minutes, or of a day', async () => {
    for (const gap of [45, 200, 86_400]) {
      const by = watch();
      await by.processor.start();
      for (let i = 0; i < 240; i++) {
        for (const [k, sender] of ['a', 'b', 'c'].entries()) {
          const time = START + WINDOW * i + 3 * k + (i >= 120 ? gap : 0);
          await by.send(
            request({ 'host.name': sender }, sender, time, i, i >= 200 && i < 212 && sender === 'b' ? 6 : 1),
          );
        }
      }
      await by.processor.flush();
      assert.deepEqual(
        by.warnings.filter(({ sender }) => sender),
        [],
      );
      assert.equal(by.processor.status().points.late, 0);
      const found = by.sink.events.filter(({ name }) => name === 'px.anomaly.network.latency_spike');
      assert.ok(found.length >= 3);
      assert.ok(
        found.every(({ time }) => time > START + WINDOW * 199 + gap),
        'told in the time after the gap',
      );
    }
  });
});

describe('wrong times beside good ones', () => {
  const far = 4_102_444_800;
  const forms: Readonly<Record<string, (t: number, i: number, begin: number) => readonly number[]>> = {
    year_ahead_twice: (t, i) => (i === 205 ? [t + 3e7, t + 3e7 + 1] : []),
    ahead_twice: (_, i, begin) => (i % 20 === 5 ? [begin + 6000, begin + 6001] : []),
    ahead_1h: (t) => [t + 3600],
    hour_ago: (t) => [t - 3600],
    time0: () => [0],
    time1970: () => [86_400],
    time2262: () => [9_223_372_036],
    u64: () => [18_446_744_073],
    year2100: () => [far],
  };
  const now = Math.floor(Date.now() / 10_000) * 10;
  for (const [what, times] of Object.entries(forms)) {
    for (const kind of ['live', 'replay'] as const) {
      test(`${kind}, ${what}: the fault is found`, async () => {
        const isLive = kind === 'live';
        const by = watch({ live: isLive });
        const begin = isLive ? now - 260 * WINDOW : START;
        await by.processor.start();
        for (let i = 0; i < 240; i++) {
          const t = begin + WINDOW * i;
          const received = isLive ? t + 1 : 0;
          await by.send(request({}, 'a', t, i, i >= 220 ? 6 : 1), received);
          if (i < 200 || i >= 220) continue;
          for (const time of times(t, i, begin)) await by.send(request({}, i % 2 ? 'z' : 'a', time, i), received);
        }
        await by.processor.flush();
        const found = by.sink.events.filter(
          ({ name, attributes }) => name === 'px.anomaly.network.latency_spike' && attributes.src_service === 'a0',
        );
        assert.ok(found.length > 0, JSON.stringify(by.processor.status().points));
        await by.processor.shutdown();
      });
    }
  }

  test('points further ahead of their receipt than max_future are counted, named and never learnt', async () => {
    const by = watch({ live: true });
    await by.processor.start();
    const t = Date.now() / 1000;
    for (let i = 0; i < 5; i++) await by.send(request({ 'host.name': 'late' }, 'a', t + 400 + i, i), t + i);
    await by.send(request({ 'host.name': 'good' }, 'b', t + 200, 0), t);
    await by.processor.flush();
    assert.equal(by.processor.status().points.future, 30);
    assert.equal(by.processor.status().points.folded, 6);
    assert.equal(by.warnings[0]?.sender, 'host.name=late');
    assert.ok(Math.abs((by.warnings[0]?.offset_s ?? 0) - 400) < 1);
    await by.processor.shutdown();
  });
});

describe('times long past, live', () => {
  const DAY = 86_400;
  const now = Math.floor(Date.now() / 10_000) * 10;
  const faults = ({ sink }: Watch, edge: string): unknown[] =>
    sink.events.filter(
      ({ name, attributes }) => name === 'px.anomaly.network.latency_spike' && attributes.src_service === edge,
    );

  for (const behind of [2 * DAY, 365 * DAY, now - 86_400])
    test(`a sender whose clock is ${behind} s behind, and came first, keeps nobody out`, async () => {
      const by = watch({ live: true });
      const begin = now - 300 * WINDOW;
      await by.processor.start();
      for (let i = 0; i < 260; i++) {
        const t = begin + WINDOW * i;
        await by.send(request({ 'host.name': 'old' }, 'z', t - behind, i), t + 1);
        if (i >= 20) await by.send(request({ 'host.name': 'good' }, 'a', t, i, i >= 220 ? 6 : 1), t + 1);
      }
      await by.processor.flush();
      assert.ok(faults(by, 'a0').length > 0, JSON.stringify(by.processor.status().points));
      assert.equal(by.processor.status().points.past, 239 * 6, 'the old ones, from the first good one on');
      assert.deepEqual(
        by.warnings.filter(({ sender }) => sender).map(({ sender }) => sender),
        ['host.name=old'],
      );
      await by.processor.shutdown();
    });

  test('a recording alone in its cluster is learnt, whatever its age', async () => {
    const by = watch({ live: true });
    await by.processor.start();
    for (let i = 0; i < 260; i++)
      await by.send(request({ 'host.name': 'r' }, 'a', START + WINDOW * i, i, i >= 220 ? 6 : 1), now + i);
    await by.processor.flush();
    assert.ok(faults(by, 'a0').length > 0);
    assert.equal(by.processor.status().points.past, 0);
    await by.processor.shutdown();
  });

  for (const at of [0, 60])
    test(`points without a time do not end a recording; request ${at} has some`, async () => {
      const by = watch({ live: true });
      await by.processor.start();
      for (let i = 0; i < 260; i++) {
        const received = now + i / 10;
        if (i === at) await by.send(request({ 'host.name': 'r' }, 'a', 0, i), received);
        await by.send(request({ 'host.name': 'r' }, 'a', START + WINDOW * i, i, i >= 220 ? 6 : 1), received);
      }
      await by.processor.flush();
      assert.ok(faults(by, 'a0').length > 0, JSON.stringify(by.processor.status().points));
      const { past, late, folded = 0 } = by.processor.status().points;
      assert.deepEqual([past, late], [0, 0]);
      assert.ok(folded >= 260 * 6);
      await by.processor.shutdown();
    });

  test('max_past: 0s, and a replay, leave nothing out for its age', async () => {
    for (const live of [true, false]) {
      const by = watch({ live, config: live ? { max_past: '0s' } : {} });
      await by.processor.start();
      for (let i = 0; i < 20; i++) {
        const t = now - 200 + WINDOW * i;
        await by.send(request({ 'host.name': 'good' }, 'a', t, i), t + 1);
        await by.send(request({ 'host.name': 'old' }, 'z', t - 365 * DAY, i), t + 1);
      }
      assert.equal(by.processor.status().points.past, 0);
      await by.processor.shutdown();
    }
  });

  test('what comes hours late, from the queue of a Collector, is not left out for that', async () => {
    const by = watch({ live: true });
    await by.processor.start();
    for (let i = 0; i < 100; i++)
      await by.send(request({ 'host.name': 'a' }, 'a', now - 20 * 3600 + WINDOW * i, i), now + i);
    await by.processor.flush();
    assert.equal(by.processor.status().points.past, 0);
    assert.equal(by.processor.status().points.folded, 600);
    await by.processor.shutdown();
  });
});

test('a checkpoint from the future is mended when it is read, with a line; nothing is lost', async () => {
  const storage = new MemoryStorage();
  const before = watch({ storage });
  await before.processor.start();
  // A replay believes what a live gateway would not: half a year ahead.
  const ahead = Math.floor(Date.now() / 10_000) * 10 + 15_000_000;
  for (let i = 0; i < 200; i++) await before.send(request({ 'host.name': 'a' }, 'a', ahead + WINDOW * i, i));
  await before.processor.shutdown();
  const after = watch({ live: true, storage });
  await after.processor.start();
  assert.ok(after.warnings.some(({ msg }) => msg.startsWith('The state told of times in the future')));
  assert.equal(after.processor.status().edgesLearning, 0, 'every edge is as old as it was');
  const now = Math.floor(Date.now() / 10_000) * 10 - 40 * WINDOW;
  for (let i = 0; i < 30; i++)
    await after.send(request({ 'host.name': 'a' }, 'a', now + WINDOW * i, 200 + i, i >= 15 ? 6 : 1), now + WINDOW * i);
  await after.processor.flush();
  const found = after.sink.events.filter(({ name }) => name === 'px.anomaly.network.latency_spike');
  assert.equal(new Set(found.map(({ attributes }) => attributes.src_service)).size, 3);
  assert.equal(after.processor.status().points.late, 0);
  await after.processor.shutdown();
});
