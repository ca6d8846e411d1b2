// A kernel that knows resources again reads, refuses and learns exactly what one that walks every byte does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import type { SeriesBinding } from '../../src/kernel/api.js';
import { MalformedError } from '../../src/kernel/errors.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { referenceRows } from '../reference/decode.js';
import { smallKernel } from '../support/kernels.js';
import { metricsRequest } from '../support/otlp-arbitraries.js';
import fc from '../support/property.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

type Plain = Record<string, unknown>;
const encode = (message: object): Uint8Array =>
  new Uint8Array(ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(message)).finish());

/** The request's ResourceMetrics, each as a field of its own. */
function piecesOf(message: unknown): Uint8Array[] {
  const { resourceMetrics = [] } = message as { resourceMetrics?: Plain[] };
  return resourceMetrics.map((one) => encode({ resourceMetrics: [one] }));
}

/** The fields of a message, tag and all: each begins with a tag of one byte and has a length of one or two. */
function fieldsOf(message: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  for (let at = 0; at < message.length; ) {
    const isLong = message[at + 1]! >= 0x80;
    const length = isLong ? (message[at + 1]! & 0x7f) | (message[at + 2]! << 7) : message[at + 1]!;
    const end = at + (isLong ? 3 : 2) + length;
    fields.push(message.subarray(at, end));
    at = end;
  }
  return fields;
}

/** A request of one ResourceMetrics with its fields from the highest number down, as the Collector writes them. */
function resourceLast(request: Uint8Array): Uint8Array {
  if (request.length < 3 || request.length > 16_000) return request;
  const content = request[1]! >= 0x80 ? 3 : 2;
  return join([request.subarray(0, content), ...fieldsOf(request.subarray(content)).reverse()]);
}

const join = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));

/** Everything that a scan says, or why it refuses. */
function readAll(kernel: Kernel, body: Uint8Array): unknown {
  try {
    const scan = kernel.scan('metrics', body);
    const { items, rows } = scan;
    return {
      items,
      rows: Array.from({ length: rows }, (_, row) => ({ ...scan.row(row), ...scan.ranges(row) })),
    };
  } catch (error) {
    assert.ok(error instanceof MalformedError, String(error));
    return [error.message, error.offset];
  }
}

/**
 * Another time and value in every field of eight bytes that stands behind one of these tags, whatever it is: bytes may
 * be anything.
 */
function withOtherNumbers(body: Uint8Array, salt: number): Uint8Array {
  const copy = body.slice();
  for (let i = 0; i + 9 <= copy.length; i++) {
    if (copy[i] !== 0x19 && copy[i] !== 0x21 && copy[i] !== 0x31) continue;
    for (let k = 1; k <= 8; k++) copy[i + k] = (copy[i + k]! + salt * k) & 0xff;
    i += 8;
  }
  return copy;
}

const pool = fc
  .array(metricsRequest, { minLength: 1, maxLength: 6 })
  .map((messages) => messages.flatMap(piecesOf).map((piece, i) => (i % 2 ? resourceLast(piece) : piece)))
  .filter((pieces) => pieces.length > 0);

interface Step {
  readonly order: readonly number[];
  readonly salt: number;
  readonly flip: number;
  readonly cut: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  order: fc.array(fc.nat(), { maxLength: 12 }),
  salt: fc.nat({ max: 3 }),
  flip: fc.oneof(fc.constant(-1), fc.nat()),
  cut: fc.oneof(fc.constant(-1), fc.constant(-1), fc.nat()),
});

/** A request of the pool's pieces in some order, with other numbers, a byte changed, or cut short. */
function bodyOf(pieces: readonly Uint8Array[], { order, salt, flip, cut }: Step): Uint8Array {
  const body = join(order.map((n) => withOtherNumbers(pieces[n % pieces.length]!, n % 2 ? salt : 0)));
  if (flip >= 0 && body.length > 0) body[flip % body.length]! ^= 1 << (flip % 8);
  return cut >= 0 ? body.slice(0, cut % (body.length + 1)) : body;
}

/** The smallest ring is overwritten all the time; the default one never here. */
for (const templateBytes of [1, 8 << 20]) {
  test(`rows, ranges and refusals are the same, ring of ${templateBytes} bytes`, () => {
    let hits = 0;
    const warm = smallKernel({ templateBytes });
    const cold = smallKernel({ templateBytes: 0 });
    fc.assert(
      fc.property(pool, fc.array(step, { minLength: 4, maxLength: 12 }), (pieces, steps) => {
        const whole = { order: pieces.map((_, i) => i), salt: 0, flip: -1, cut: -1 };
        for (const each of [whole, whole, ...steps]) {
          const body = bodyOf(pieces, each);
          const before = warm.templates().hits;
          assert.deepEqual(readAll(warm, body), readAll(cold, body));
          hits += warm.templates().hits - before;
        }
      }),
      { numRuns: 250 },
    );
    assert.ok(hits > 500, `only ${hits} resources were known again`);
    assert.equal(cold.templates().hits, 0);
    assert.ok(warm.isIntact());
  });
}

/** Where a ResourceMetrics has its resource. */
const LAYOUTS = [
  ['first', (row: Uint8Array) => row],
  ['last', resourceLast],
] as const;

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });

/** One ResourceMetrics as Pixie sends it: a resource, and metrics of one point each. */
function pixieRow(service: string, destination: string, time: bigint, value: number): Uint8Array {
  const attributes = [text('destination.service.name', destination), text('protocol', 'http')];
  const dataPoints = [{ attributes, timeUnixNano: String(time), asDouble: value }];
  const summary = { attributes, timeUnixNano: String(time), count: '7', sum: value * 7 };
  return encode({
    resourceMetrics: [
      {
        resource: { attributes: [text('service.name', service), text('k8s.pod.name', `${service}-6c9f5b7d4f`)] },
        scopeMetrics: [
          {
            metrics: [
              { name: 'edge.requests', unit: '1', gauge: { dataPoints } },
              { name: 'edge.latency', unit: 'ms', summary: { dataPoints: [summary] } },
              { name: 'edge.bytes', sum: { dataPoints, aggregationTemporality: 2, isMonotonic: true } },
            ],
          },
        ],
      },
    ],
  });
}

for (const [layout, written] of LAYOUTS)
  test(`every change of one bit is read, or refused, as if nothing had been known: resource ${layout}`, () => {
    const warm = smallKernel();
    const cold = smallKernel({ templateBytes: 0 });
    const body = written(pixieRow('ns/a', 'ns/b', 1_700_000_000_000_000_000n, 12.5));
    readAll(warm, body.slice());
    readAll(warm, body.slice());
    let hits = 0;
    for (let bit = 0; bit < body.length * 8; bit++) {
      const changed = body.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const before = warm.templates().hits;
      assert.deepEqual(readAll(warm, changed), readAll(cold, changed), `bit ${bit}`);
      hits += warm.templates().hits - before;
    }
    // Of times, values and a count, and of nothing else, any bit may change. A change elsewhere may be kept in the
    // place of what was known.
    assert.ok(hits > 7 * 60 && hits <= 7 * 64, `${hits} of ${7 * 64}`);
  });

for (const [layout, written] of LAYOUTS)
  test(`a request that comes again is read by what is known of it, in any order, and its rows are protobufjs’s: resource ${layout}`, () => {
    const kernel = smallKernel();
    const request = (time: bigint, turn: number): Uint8Array =>
      join(
        Array.from({ length: 100 }, (_, i) => (i * 37 + turn) % 100).map((i) =>
          written(pixieRow(`ns/source-${i % 10}`, `ns/destination-${i}`, time, 1 + i + turn)),
        ),
      );
    for (const turn of [0, 1]) kernel.scan('metrics', request(1n, turn));
    const { hits, misses } = kernel.templates();
    assert.equal(hits + misses, 200);
    for (let turn = 2; turn < 6; turn++) {
      const body = request(BigInt(turn), turn);
      const scan = kernel.scan('metrics', body);
      const expected = referenceRows(body);
      assert.equal(scan.rows, expected.length);
      for (const [i, { value, timeUnixNano, count }] of expected.entries()) {
        const row = scan.row(i);
        assert.deepEqual([row.value, row.timeUnixNano, row.count], [value, timeUnixNano, count]);
      }
    }
    assert.deepEqual(kernel.templates(), { hits: hits + 400, misses });
  });

test('copies that Pixie makes are found among resources that are known', () => {
  const copied = (service: string, value: number): Uint8Array =>
    encode({
      resourceMetrics: [
        {
          resource: { attributes: [text('px.cloud.address', 'c'), text('service.name', service)] },
          scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints: [{ asDouble: value, timeUnixNano: '9' }] } }] }],
        },
      ],
    });
  const kernel = smallKernel();
  const isCopy = (...pieces: Uint8Array[]): boolean[] => {
    const scan = kernel.scan('metrics', join(pieces));
    scan.unboundRows();
    return Array.from({ length: scan.rows }, (_, row) => {
      if (scan.row(row).isCopy) assert.equal(scan.seriesOf(row), -1);
      return scan.row(row).isCopy;
    });
  };
  // "b" was an original before: what is known of its series must not show while it is a copy.
  for (let turn = 0; turn < 4; turn++) {
    assert.deepEqual(isCopy(copied('a', 1), copied('b', 1)), [false, true]);
    assert.deepEqual(isCopy(copied('b', 1), copied('a', 1)), [false, true]);
    assert.deepEqual(isCopy(copied('a', 1), copied('b', 2)), [false, false]);
  }
  assert.ok(kernel.templates().hits >= 16);
});

const BINDING: Omit<SeriesBinding, 'edge' | 'feed'> = { rank: 0, type: 0, roles: 4, scale: 1 };

/** One thing that happens to a kernel; `n` is drawn from all numbers. */
type Event = { readonly kind: 'request' | 'drop' | 'forget' | 'unbind' | 'restore'; readonly n: number };
const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom('request', 'request', 'request', 'request', 'drop', 'forget', 'unbind', 'restore'),
  n: fc.nat(),
});

/** Runs the events; answers all that can be seen of the kernel at each step, and its state at the end. */
function live(kernel: Kernel, events: readonly Event[]): unknown[] {
  const group = kernel.addGroup(10_000_000_000n, 5_000_000_000n);
  const feed = kernel.addFeed(group, false);
  const edges = [0, 1, 2].map(() => kernel.addEdge(group, -1, -1, 0));
  const seen: unknown[] = [];
  for (const [turn, { kind, n }] of events.entries()) {
    if (kind === 'unbind') kernel.unbindAll();
    if (kind === 'drop') seen.push(kernel.dropSeries(n % 24));
    if (kind === 'forget') {
      kernel.removeEdge(edges[n % 3]!);
      edges[n % 3] = kernel.addEdge(group, -1, -1, 0);
    }
    if (kind === 'restore') kernel.restore(kernel.snapshot());
    if (kind !== 'request') continue;
    const time = 1_700_000_000_000_000_000n + BigInt(turn) * 1_000_000n;
    const rows = Array.from({ length: 8 }, (_, i) => pixieRow(`ns/${(i + n) % 8}`, `ns/d${(i * 3) % 8}`, time, i + n));
    const scan = kernel.scan('metrics', join(rows));
    const unbound = scan.unboundRows();
    for (const row of unbound) {
      kernel.bindSeries(scan.seriesOf(row), { ...BINDING, edge: edges[row % 3]!, feed });
    }
    seen.push(
      unbound,
      Array.from({ length: 24 }, (_, row) => scan.seriesOf(row)),
    );
    seen.push(scan.fold(0, turn + 1, 0n, -1).stop, kernel.counts());
  }
  return [...seen, Buffer.from(kernel.snapshot()).toString('base64')];
}

test('series that were reclaimed, bound anew or restored meanwhile: the same state, bit for bit', () => {
  let hits = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 6, maxLength: 20 }), (events) => {
      const warm = smallKernel({ maxSeries: 30 });
      assert.deepEqual(live(warm, events), live(smallKernel({ maxSeries: 30, templateBytes: 0 }), events));
      hits += warm.templates().hits;
    }),
    { numRuns: 25 },
  );
  // How many depends on the seed: events that unbind, drop or restore come as they come.
  assert.ok(hits > 0, 'no resource was ever known again');
});

test('a snapshot needs nothing of what is known of resources', () => {
  const events = Array.from({ length: 8 }, (_, n): Event => ({ kind: 'request', n }));
  const [warm, cold] = [smallKernel(), smallKernel({ templateBytes: 0 })];
  assert.deepEqual(live(warm, events), live(cold, events));
  const fresh = smallKernel({ templateBytes: 16384 });
  fresh.restore(warm.snapshot());
  assert.deepEqual(fresh.templates(), { hits: 0, misses: 0 });
  assert.deepEqual(fresh.snapshot(), cold.snapshot());
});

test('malformed behind what is known is refused, and what is known still read', () => {
  const kernel = smallKernel();
  const good = pixieRow('ns/a', 'ns/b', 1n, 1);
  for (let i = 0; i < 3; i++) kernel.scan('metrics', good.slice());
  const bad = good.slice();
  bad[bad.length - 1] = 0xff;
  const { hits } = kernel.templates();
  assert.throws(() => kernel.scan('metrics', join([good, bad])), MalformedError);
  assert.equal(kernel.templates().hits, hits + 1);
  assert.equal(kernel.scan('metrics', join([good, good])).items, 6);
});

test('resources that come again are known after thousands that never did, and in a ring too small for all', () => {
  const all = Array.from({ length: 1500 }, (_, i) => pixieRow(`ns/s${i}`, 'ns/d', 1n, i + 1));
  const kernel = smallKernel({ maxSeries: 10_000 });
  kernel.scan('metrics', join(all));
  assert.equal(kernel.templates().hits, 0);
  for (let turn = 0; turn < 6; turn++) kernel.scan('metrics', join(all));
  const { hits } = kernel.templates();
  kernel.scan('metrics', join(all));
  assert.equal(kernel.templates().hits - hits, all.length);
  const tight = smallKernel({ maxSeries: 10_000, templateBytes: 128 << 10 });
  const rowsOf = (one: Kernel): unknown[] => {
    const scan = one.scan('metrics', join(all));
    return Array.from({ length: scan.rows }, (_, row) => scan.row(row));
  };
  for (let turn = 0; turn < 12; turn++) tight.scan('metrics', join(all));
  assert.ok(tight.templates().hits > 500, `only ${tight.templates().hits} hits`);
  assert.deepEqual(rowsOf(tight), rowsOf(kernel));
});

test('points of one resource in the order in which their series came, and in any other', () => {
  const request = (order: readonly number[], time: number): Uint8Array => {
    const dataPoints = order.map((n) => ({ attributes: [text('n', `${n}`)], timeUnixNano: `${time}`, asInt: n }));
    return encode({
      resourceMetrics: [{ resource: {}, scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints } }] }] }],
    });
  };
  const inOrder = Array.from({ length: 50 }, (_, i) => i);
  fc.assert(
    fc.property(fc.array(fc.shuffledSubarray(inOrder), { maxLength: 6 }), (orders) => {
      const kernel = smallKernel();
      const slots = new Map<number, number>();
      for (const [turn, order] of [inOrder, ...orders].entries()) {
        const scan = kernel.scan('metrics', request(order, turn));
        assert.equal(scan.rows, order.length);
        scan.unboundRows();
        for (const [row, n] of order.entries()) {
          assert.equal(scan.seriesOf(row), slots.get(n) ?? scan.seriesOf(row));
          slots.set(n, scan.seriesOf(row));
        }
        if (turn % 2) kernel.dropSeries(30);
        if (turn % 2) slots.clear();
      }
      assert.equal(new Set(slots.values()).size, slots.size);
    }),
    { numRuns: 60 },
  );
});
