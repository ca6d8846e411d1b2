// Decoding: what only a hand-made body shows: merged parts, overridden data, groups, depth, windows of rows, Pixie's
// own bytes and copies.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { MalformedError } from '../../src/kernel/errors.js';
import { referenceRows } from '../reference/decode.js';
import { smallKernel } from '../support/kernels.js';
import { fixture } from '../support/paths.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { Resource } = opentelemetry.proto.resource.v1;
const kernel = smallKernel();

type Bytes = readonly number[];
const encode = (message: object): Uint8Array =>
  new Uint8Array(ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(message)).finish());
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
/** A length-delimited field. */
const field = (number: number, bytes: Bytes): number[] => [number * 8 + 2, ...varint(bytes.length), ...bytes];
const fixed = (number: number, value: bigint): number[] => [
  number * 8 + 1,
  ...new Uint8Array(BigUint64Array.of(value).buffer),
];
const ascii = (value: string): number[] => [...Buffer.from(value)];
const body = (...resourceMetrics: Bytes[]): Uint8Array => Uint8Array.from(resourceMetrics.flatMap((r) => field(1, r)));
const attribute = (key: string, value: string): number[] => [
  ...field(1, ascii(key)),
  ...field(2, field(1, ascii(value))),
];
const gauge = (...points: Bytes[]): number[] =>
  field(
    5,
    points.flatMap((p) => field(1, p)),
  );
const metric = (name: string, ...parts: Bytes[]): number[] => [...field(1, ascii(name)), ...parts.flat()];
const scope = (...metrics: Bytes[]): number[] =>
  field(
    2,
    metrics.flatMap((m) => field(2, m)),
  );

/** Rows as the kernel reads them, after comparing with protobufjs. */
function rows(bytes: Uint8Array) {
  const expected = referenceRows(bytes);
  const scan = kernel.scan('metrics', bytes);
  const { items, rows: count } = scan;
  assert.equal(items, expected.length);
  return Array.from({ length: count }, (_, i) => {
    const row = scan.row(i);
    assert.deepEqual(
      [row.timeUnixNano, row.value, row.count],
      [expected[i]!.timeUnixNano, expected[i]!.value, expected[i]!.count],
    );
    return { ...row, ...scan.ranges(i) };
  });
}

const malformed = (bytes: Uint8Array, reason: RegExp): void => {
  assert.throws(() => referenceRows(bytes));
  assert.throws(
    () => kernel.scan('metrics', bytes),
    (error) => error instanceof MalformedError && reason.test(error.message),
  );
};

test('the last type of data counts; the same type again adds points', () => {
  const point = (value: bigint): number[] => fixed(6, value);
  const sum = field(7, field(1, point(9n)));
  assert.deepEqual(
    rows(body(scope(metric('m', gauge(point(1n), point(2n)), sum)))).map(({ value, data }) => [value, data]),
    [[9, 7]],
  );
  assert.deepEqual(
    rows(body(scope(metric('m', gauge(point(1n)), gauge(point(2n)))))).map(({ value }) => value),
    [1, 2],
  );
  assert.equal(rows(body(scope(metric('m', gauge(point(1n)), sum, gauge(point(3n)))))).length, 1);
});

test('the last of a value counts, double or integer', () => {
  const double = [...fixed(4, 0x3ff8_0000_0000_0000n)];
  assert.deepEqual(
    rows(
      body(
        scope(
          metric(
            'm',
            gauge([...double, ...fixed(6, 5n)], [...fixed(6, 5n), ...double], fixed(6, -3n & ((1n << 64n) - 1n))),
          ),
        ),
      ),
    ).map(({ value }) => value),
    [5, 1.5, -3],
  );
});

test('resource and scope behind the metrics belong to their identity all the same', () => {
  const point = fixed(3, 1n);
  const metrics = scope(metric('m', gauge(point)));
  const resource = field(1, field(1, attribute('service.name', 'a')));
  const before = rows(body([...resource, ...metrics]))[0]!;
  const behind = rows(body([...metrics, ...resource]))[0]!;
  const without = rows(body(metrics))[0]!;
  const empty = rows(body([...field(1, []), ...metrics]))[0]!;
  assert.equal(behind.hash, before.hash);
  assert.notEqual(without.hash, before.hash);
  assert.equal(empty.hash, without.hash);
  const named = field(2, [...field(2, metric('m', gauge(point))), ...field(1, field(1, ascii('scope')))]);
  const first = field(2, [...field(1, field(1, ascii('scope'))), ...field(2, metric('m', gauge(point)))]);
  assert.equal(rows(body(named))[0]!.hash, rows(body(first))[0]!.hash);
});

test('what stands apart in one identity is another series, and nothing moves from one part to the next', () => {
  const point = fixed(3, 1n);
  const make = (name: string, unit: string, resource: string, key: string, value: string): bigint =>
    rows(
      body([
        ...field(1, field(1, attribute('service.name', resource))),
        ...scope(metric(name, field(3, ascii(unit)), gauge([...point, ...field(7, attribute(key, value))]))),
      ]),
    )[0]!.hash;
  const all = [
    make('ab', 'c', 'r', 'k', 'v'),
    make('a', 'bc', 'r', 'k', 'v'),
    make('abc', '', 'r', 'k', 'v'),
    make('ab', 'c', 'R', 'k', 'v'),
    make('ab', 'c', 'r', 'kv', ''),
    make('ab', 'c', 'r', 'k', 'w'),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(make('ab', 'c', 'r', 'k', 'v'), all[0]);
});

test('hashes of ranges of every length differ, and do not depend on what stands behind', () => {
  const seen = new Set<bigint>();
  for (let length = 0; length <= 130; length++) {
    const name = 'x'.repeat(length);
    const one = rows(body(scope(metric(name, gauge(fixed(3, 1n))))))[0]!.hash;
    const two = rows(body(scope(metric(name, gauge(fixed(3, 2n)), field(12, attribute('k', 'v'))))))[0]!.hash;
    assert.equal(one, two, `length ${length}`);
    seen.add(one);
    for (let place = 0; place < length; place++) {
      const changed = `${name.slice(0, place)}y${name.slice(place + 1)}`;
      seen.add(rows(body(scope(metric(changed, gauge(fixed(3, 1n))))))[0]!.hash);
    }
  }
  assert.equal(seen.size, 131 + (130 * 131) / 2);
});

test('where attributes ended in the point before decides nothing', () => {
  const point = (...fields: Bytes[]): Uint8Array =>
    body(scope(metric('m', gauge([...fixed(3, 1n), ...fields.flat()]))));
  const [a, b] = [field(7, attribute('a', '1')), field(7, attribute('b', '2'))];
  const foreign = field(15, attribute('b', '2'));
  assert.equal(foreign.length, b.length);
  const bodies = [point(a, foreign), point(a, b), point(a), point(b, a), point(a, foreign, b), point(a, b, foreign)];
  const alone = bodies.map((bytes) => {
    const fresh = smallKernel();
    return fresh.scan('metrics', bytes).row(0).hash;
  });
  assert.deepEqual([alone[0], alone[1]], [alone[2], alone[5]]);
  assert.equal(new Set(alone).size, 4);
  for (const [before] of bodies.entries()) {
    for (const [after, bytes] of bodies.entries()) {
      kernel.scan('metrics', bodies[before]!.slice());
      assert.equal(kernel.scan('metrics', bytes.slice()).row(0).hash, alone[after], `${before} before ${after}`);
    }
  }
});

test('unknown fields and groups are skipped, their ends checked', () => {
  const group = [0x0b | (15 << 3), 0x08, 0x05, 0x13, 0x14, 0x0c | (15 << 3)];
  const point = [...fixed(3, 7n), ...group, 0xf8, 0x07, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
  assert.equal(rows(body(scope(metric('m', gauge(point)))))[0]!.timeUnixNano, 7n);
  malformed(body([0x0b | (15 << 3), 0x08, 0x05]), /past the end/);
  malformed(body([0x7b, 0x6c]), /end of group/);
  malformed(body([0x7c]), /end of group/);
  malformed(body([0x00, 0x00]), /illegal tag/);
  malformed(body([0x0e]), /wire type/);
  malformed(body([0xff, 0xff, 0xff, 0xff, 0x1f]), /illegal tag/);
});

test('nesting up to the limit of protobuf, not beyond', () => {
  const nest = (levels: number): Uint8Array => {
    let value: number[] = field(1, ascii('leaf'));
    for (let i = 0; i < levels; i++) value = field(5, field(1, value));
    return body(field(1, field(1, [...field(1, ascii('k')), ...field(2, value)])));
  };
  assert.equal(kernel.scan('metrics', nest(48)).items, referenceRows(nest(48)).length);
  malformed(nest(49), /deeper than 100/);
  const groups = (depth: number): Uint8Array =>
    body([...Array.from({ length: depth }, () => 0x7b), ...Array.from({ length: depth }, () => 0x7c)]);
  assert.equal(kernel.scan('metrics', groups(100)).items, referenceRows(groups(100)).length);
  malformed(groups(101), /deeper than 100/);
});

test('a body that was known to be well-formed is refused once it is not', () => {
  const make = (last: number): Uint8Array => {
    const resource = field(1, [...field(1, attribute('service.name', 'a')), 0x10, last]);
    return body([
      ...resource,
      ...scope(metric('m', gauge([...fixed(3, 1n), ...field(7, [...attribute('k', 'v'), 0x18, last])]))),
    ]);
  };
  rows(make(0x01));
  rows(make(0x01));
  malformed(make(0x81), /past the end/);
});

test('requests of more rows than the scratch holds are read in windows that do not split a run of copies', () => {
  const resource = (name: string): object => ({
    attributes: [text('px.cloud.address', 'c'), text('service.name', name)],
  });
  const metrics = (n: number): object[] => [
    {
      metrics: [
        { name: 'a', gauge: { dataPoints: [{ asInt: n, timeUnixNano: n }] } },
        { name: 'b', gauge: { dataPoints: [{ asInt: n }] } },
      ],
    },
  ];
  // Runs of three copies, two points each: 65,536 falls inside of one.
  const resourceMetrics = Array.from({ length: 33_000 }, (_, i) => ({
    resource: resource(`s${i}`),
    scopeMetrics: metrics(Math.floor(i / 3)),
  }));
  const bytes = encode({ resourceMetrics });
  const first = kernel.scan('metrics', bytes);
  assert.deepEqual([first.items, first.rows], [66_000, 65_532]);
  assert.equal(first.ranges(65_526).duplicates.length, 2);
  const second = kernel.scan('metrics', bytes, first.rows);
  assert.deepEqual([second.items, second.rows], [66_000, 468]);
  assert.equal(second.ranges(0).duplicates.length, 2);
  assert.equal(second.row(0).isCopy, false);
  assert.equal(second.row(0).timeUnixNano, 10_922n);
});

const pixie = (name: string): Uint8Array => new Uint8Array(readFileSync(fixture(`pixie/pixie-golden-${name}.binpb`)));

test('what Pixie sends, row by row', () => {
  for (const name of ['gauge-http-edge', 'summary-http-edge', 'conn-stats-otel-preset', 'empty']) rows(pixie(name));
});

/** service.name of a resource. */
function serviceOf(bytes: Uint8Array, range: readonly [number, number]): string {
  const { attributes } = Resource.decode(bytes.subarray(...range));
  return attributes.find(({ key }) => key === 'service.name')?.value?.stringValue ?? '';
}

test('copies that Pixie makes for the services of a pod are found, and named', () => {
  const bytes = pixie('gauge-http-edge');
  const found = rows(bytes);
  const copies = found.filter(({ isCopy }) => isCopy);
  assert.equal(copies.length, 3);
  const originals = found.filter((row) => row.duplicates.length > 0);
  assert.equal(originals.length, 3);
  for (const original of originals) {
    const names = [original.resource, ...original.duplicates].map((range) => serviceOf(bytes, range));
    assert.equal(new Set(names).size, 2, names.join());
  }
});

test('a resource of many points: asking for each row stays cheap, and scans are told apart', () => {
  const points = Array.from({ length: 60_000 }, () => ({ asInt: 1 }));
  const resource = (name: string): object => ({
    attributes: [text('px.cloud.address', 'c'), text('service.name', name)],
  });
  const make = (...names: string[]): Uint8Array =>
    encode({
      resourceMetrics: names.map((name) => ({
        resource: resource(name),
        scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints: points } }] }],
      })),
    });
  const alone = kernel.scan('metrics', make('a'));
  // 60,000 rows that each look at all behind them would be two thousand million steps.
  for (let row = 0; row < points.length; row++) assert.equal(alone.ranges(row).duplicates.length, 0);
  points.length = 100;
  const both = kernel.scan('metrics', make('a', 'b'));
  assert.equal(both.ranges(0).duplicates.length, 1);
  assert.equal(both.ranges(99).duplicates.length, 1);
  assert.equal(both.ranges(150).duplicates.length, 0);
});

test('rows that are equal by chance, or differ before the service names, are no copies', () => {
  const row = (pod: string, service: string, value: number): object => ({
    resource: { attributes: [text('k8s.pod.name', pod), text('px.cloud.address', 'c'), text('service.name', service)] },
    scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints: [{ asInt: value }] } }] }],
  });
  const flags = (...resourceMetrics: object[]): boolean[] =>
    rows(encode({ resourceMetrics })).map(({ isCopy }) => isCopy);
  assert.deepEqual(flags(row('p', 'a', 1), row('p', 'b', 1), row('p', 'c', 1)), [false, true, true]);
  assert.deepEqual(flags(row('p', 'a', 1), row('p', 'a', 1)), [false, false]);
  assert.deepEqual(flags(row('p', 'a', 1), row('q', 'b', 1)), [false, false]);
  assert.deepEqual(flags(row('p', 'a', 1), row('p', 'b', 2)), [false, false]);
  assert.deepEqual(flags(row('p', 'a', 1), row('q', 'a', 2), row('p', 'b', 1)), [false, false, false]);
  const bare = (service: string): object => ({
    ...row('p', service, 1),
    resource: { attributes: [text('service.name', service)] },
  });
  assert.deepEqual(flags(bare('a'), bare('b')), [false, false]);
});

test('a varint that nobody reads has ten bytes at most, as everywhere but in protobufjs', () => {
  const unread = (bytes: number): Uint8Array => Uint8Array.from([0x08, ...Array(bytes - 1).fill(0xff), 0x01]);
  assert.equal(kernel.scan('metrics', unread(10)).items, 0);
  for (const bytes of [11, 12, 40]) {
    const behind = Uint8Array.from([...unread(bytes), 0x10, 0x01]);
    for (const signal of ['metrics', 'traces', 'logs'] as const)
      for (const body of [unread(bytes), behind]) assert.throws(() => kernel.scan(signal, body), MalformedError);
  }
  // Within a message, too, and where it is cut.
  assert.throws(() => kernel.scan('metrics', body([0x78, ...unread(11).subarray(1)])), MalformedError);
  assert.throws(() => kernel.scan('metrics', unread(10).subarray(0, 9)), MalformedError);
});
