// Checkpoints that hold what is no number: mended when they are read, with a line, and nothing but what was spoiled is
// learnt anew.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { pino } from 'pino';
import type { KernelOptions } from '../../../src/kernel/api.js';
import { Kernel } from '../../../src/kernel/kernel.js';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { type AnomalyProcessor, createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { anomalyConfig, Sink } from '../../support/anomaly.js';
import { gauge, metricsRequest, summary, sum as total } from '../../support/otlp.js';
import { testSettings } from '../../support/settings.js';
import { MemoryStorage } from '../../support/stored.js';

const START = 1_757_894_400;
const WINDOW = 10;
const LEARNT = 120;
const FAULT = 160;
const END = 172;
const EDGES = 6;

/** Six edges; from window FAULT on everybody's latency is six times itself. */
function request(i: number): Uint8Array {
  const time = START + WINDOW * i;
  const metrics = Array.from({ length: EDGES }, (_, edge) => edge).flatMap((edge) => {
    const noise = ((7 * i + 3 * edge) % 11) - 5 + 0.123;
    const attributes = { src_service: `web-${edge}`, dst_service: edge % 2 ? 'cart' : `shop-${edge}`, namespace: 'n' };
    const count = 1000 + Math.round(4 * noise);
    const latency = (50 + 0.4 * noise) * (i >= FAULT ? 6 : 1);
    return [
      summary('edge.latency', { attributes, time, unit: 'ms', count, sum: count * latency }),
      gauge('edge.requests', count, { attributes, time }),
      gauge('edge.errors', edge + (i % 3), { attributes, time }),
      total('edge.bytes', 1e6 * (i + 1) + 999.5 * noise, { attributes, time, unit: 'By' }),
    ];
  });
  return metricsRequest({ resource: { 'host.name': 'a' }, metrics });
}

interface Opened {
  readonly processor: AnomalyProcessor;
  readonly sink: Sink;
  readonly lines: { readonly msg: string; readonly examples?: readonly string[] }[];
  kernel(): Kernel;
  /** The memory of another kernel that its state was restored into. */
  restored(): DataView;
  send(from: number, to: number): Promise<void>;
}

/** `spoil` changes what the kernel has read of a checkpoint. */
function open(storage: MemoryStorage, spoil: (memory: DataView) => void = () => {}): Opened {
  const lines: Opened['lines'] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const settings = testSettings('anomaly', { telemetry: createTelemetry({ log }), extension: () => storage });
  let made: Kernel | undefined;
  let used: KernelOptions | undefined;
  const createKernel = (options: KernelOptions): Kernel => {
    const kernel = Kernel.create(options);
    const restore = kernel.restore.bind(kernel);
    kernel.restore = (pieces) => {
      restore(pieces);
      spoil(memoryOf(kernel));
    };
    used = options;
    made = kernel;
    return kernel;
  };
  const config = anomalyConfig({ detectors: { autoencoder: { enabled: true } } });
  const processor = createAnomalyProcessor(settings, config, { ...REPLAY, createKernel, hashSeed: 7n });
  const sink = new Sink();
  const stage = processor.stage('metrics', 'metrics', sink);
  const send = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++)
      await stage.consume({
        signal: 'metrics',
        body: request(i),
        items: 0,
        origin: 'received',
        metadata: new Map(),
        receivedUnixNano: 0n,
      });
  };
  const restored = (): DataView => {
    const other = Kernel.create(used!);
    other.restore(made!.snapshot());
    return memoryOf(other);
  };
  return { processor, sink, lines, kernel: () => made!, restored, send };
}

interface Place {
  readonly at: number;
  readonly width: 4 | 8;
}

/** The kernel's memory. */
const memoryOf = (kernel: Kernel): DataView => new DataView(kernel.results.score.buffer);

const read = (memory: DataView, { at, width }: Place): number =>
  width === 8 ? memory.getFloat64(at, true) : memory.getFloat32(at, true);

/** Looks like a number that somebody has measured: neither an integer nor a time nor bits of something else. */
const isMeasured = (value: number): boolean =>
  Math.abs(value) > 1e-4 && Math.abs(value) < 1e8 && !Number.isInteger(value);

/** Two narrow numbers side by side are hardly one wide one of this size. */
const isDouble = (value: number): boolean => Math.abs(value) > 1e-12 && Math.abs(value) < 1e18;

/** Where numbers lie that are learnt: they look like some, and changed from one state to the other. */
function learntPlaces(one: DataView, other: DataView): Place[] {
  const places: Place[] = [];
  const bytes = Math.min(one.byteLength, other.byteLength);
  const isLearnt = (place: Place): boolean => {
    const [a, b] = [read(one, place), read(other, place)];
    return a !== b && isMeasured(a) && isMeasured(b);
  };
  for (let at = 0; at + 8 <= bytes; at += 8) {
    const long: Place = { at, width: 8 };
    const halves: Place[] = [at, at + 4].map((half) => ({ at: half, width: 4 }));
    if (isLearnt(long)) places.push(long);
    else if (!isDouble(read(one, long))) places.push(...halves.filter(isLearnt));
  }
  return places;
}

describe('a checkpoint that holds what is no number', () => {
  const storage = new MemoryStorage();
  let places: Place[] = [];
  /** Of them those that hold a number in the end where nothing was spoiled. */
  let sound = new Set<Place>();

  const file = (): MemoryStorage => {
    const copy = new MemoryStorage();
    for (const [name, bytes] of storage.files) copy.files.set(name, bytes);
    return copy;
  };

  before(async () => {
    const first = open(storage);
    await first.processor.start();
    await first.send(0, LEARNT - 20);
    const earlier = first.restored();
    await first.send(LEARNT - 20, LEARNT);
    places = learntPlaces(first.restored(), earlier);
    await first.processor.shutdown();
    const control = open(file());
    await control.processor.start();
    await control.send(LEARNT, END);
    const end = memoryOf(control.kernel());
    sound = new Set(places.filter((place) => Number.isFinite(read(end, place))));
    assert.deepEqual(control.lines, []);
    await control.processor.shutdown();
  });

  /** Restores with these places spoiled, goes on into the fault, and says which edges it found. */
  async function goOn(spoiled: readonly Place[], value: number) {
    const by = open(file(), (memory) => {
      for (const { at, width } of spoiled)
        if (width === 8) memory.setFloat64(at, value, true);
        else memory.setFloat32(at, value, true);
    });
    await by.processor.start();
    await by.send(LEARNT, END);
    await by.processor.flush();
    const found = new Set(
      by.sink.events
        .filter(({ name }) => name === 'px.anomaly.network.latency_spike')
        .map(({ attributes }) => attributes.src_service),
    );
    for (const { name, value: score } of by.sink.points) assert.ok(Number.isFinite(score), name);
    const end = memoryOf(by.kernel());
    const rest = [...sound].filter((place) => !Number.isFinite(read(end, place)));
    const line = by.lines.find(({ msg }) => msg.startsWith('The state held what is no number'));
    await by.processor.shutdown();
    return { found, rest, line };
  }

  test('there is something to spoil, in many places', () => {
    assert.ok(places.length > 300, String(places.length));
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    test(`${value} anywhere: it does not stay, and the faults of the others are found`, async () => {
      let told = 0;
      const step = Math.floor(places.length / 12);
      for (let i = 0; i < places.length; i += step) {
        const place = places[i]!;
        const where = `${place.at} (${place.width})`;
        const { found, rest, line } = await goOn([place], value);
        assert.deepEqual(rest, [], where);
        assert.ok(found.size >= EDGES - 1, `${where}: ${[...found]}`);
        if (line) told++;
      }
      assert.ok(told > 4, String(told));
    });

  test('everywhere at once: everything is learnt anew, and named', async () => {
    const { rest, line } = await goOn(places, Number.NaN);
    assert.deepEqual(rest, []);
    assert.equal(line?.examples?.length, 5);
    assert.match(line.examples[0]!, /^web-\d → n\/(cart|shop-\d)$/);
  });
});
