// Attributes off the wire: as protobufjs reads them where a message is an ordinary one, and a bounded part of one that
// was made to be large.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { readAttributes } from '../../../src/detection/rules/attributes.js';
import { readAttributed } from '../../../src/detection/rules/wire-attributes.js';

const { Resource } = opentelemetry.proto.resource.v1;
const { InstrumentationScope } = opentelemetry.proto.common.v1;
const { NumberDataPoint, HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint } =
  opentelemetry.proto.metrics.v1;

const RESOURCE = { attributes: 0x0a, name: 0, start: 0 };
const long = 'y'.repeat(1 << 20);
const attributes = [
  { key: 'service.name', value: { stringValue: 'cart' } },
  { key: 'count', value: { intValue: 7 } },
  { key: 'ratio', value: { doubleValue: 0.5 } },
  { key: 'ok', value: { boolValue: true } },
  { key: 'bytes', value: { bytesValue: Buffer.from([1, 2, 255]) } },
  { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
  { key: 'nothing' },
  { key: 'text', value: { stringValue: long } },
  { key: 'raw', value: { bytesValue: Buffer.alloc(5_000, 1) } },
  {
    key: 'pods',
    value: { arrayValue: { values: Array.from({ length: 200 }, (_, i) => ({ stringValue: `pod-${i}` })) } },
  },
  { key: `${long}k`, value: { stringValue: 'short' } },
];
const encoded = Resource.encode(Resource.fromObject({ attributes })).finish();

test('an ordinary message, long texts and lists among its attributes, is what protobufjs makes of it', () => {
  const { attributes: read } = readAttributed(encoded, RESOURCE);
  assert.equal(read.length, attributes.length);
  const values = readAttributes(read);
  assert.deepEqual(values, readAttributes(Resource.decode(encoded).attributes));
  assert.equal(values.get('service.name'), 'cart');
  assert.match(String(values.get('pods')), /pod-1/);
});

test('the name of a scope, and whether a point says since when it counts', () => {
  const scope = InstrumentationScope.encode(InstrumentationScope.fromObject({ name: 'lib', attributes })).finish();
  const ofScope = readAttributed(scope, { attributes: 0x1a, name: 0x0a, start: 0 });
  assert.equal(ofScope.name, 'lib');
  assert.equal(ofScope.attributes.length, attributes.length);
  for (const [type, tag] of [
    [NumberDataPoint, 0x3a],
    [HistogramDataPoint, 0x4a],
    [ExponentialHistogramDataPoint, 0x0a],
    [SummaryDataPoint, 0x3a],
  ] as const)
    for (const startTimeUnixNano of [0, 256]) {
      const point = (type as typeof NumberDataPoint).fromObject({ attributes, startTimeUnixNano, timeUnixNano: 1 });
      const bytes = (type as typeof NumberDataPoint).encode(point).finish();
      const read = readAttributed(bytes, { attributes: tag, name: 0, start: 0x11 });
      assert.equal(read.attributes.length, attributes.length);
      assert.equal(read.hasStart, startTimeUnixNano !== 0);
    }
});

/** A message of one field, length-delimited. */
const field = (tag: number, content: Buffer): Buffer => {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([tag, ...length, rest]), content]);
};
const many = (bytes: readonly number[], count: number): Buffer => Buffer.concat(Array(count).fill(Buffer.from(bytes)));

test('of very many attributes the first are read, of a list without end nothing', () => {
  const empty = readAttributed(many([0x0a, 0], 1_000_000), RESOURCE).attributes;
  assert.ok(empty.length > 1_000 && empty.length < 10_000, String(empty.length));
  const list = field(0x2a, many([0x0a, 0], 1_000_000));
  const attribute = field(0x0a, Buffer.concat([field(0x0a, Buffer.from('k')), field(0x12, list)]));
  assert.deepEqual(readAttributed(attribute, RESOURCE).attributes, [{ key: 'k' }]);
  const map = field(0x32, many([0x0a, 0], 1_000_000));
  const mapped = field(0x0a, Buffer.concat([field(0x0a, Buffer.from('m')), field(0x12, map)]));
  assert.deepEqual(readAttributed(mapped, RESOURCE).attributes, [{ key: 'm' }]);
});
