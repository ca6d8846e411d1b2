// Texts of logs that are not UTF-8: what counts as that, byte for byte as Node's decoder says, and where the first
// stands.
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { opentelemetry } from '#proto';
import { smallKernel } from '../support/kernels.js';

const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
const kernel = smallKernel();

/** A request whose only record says `count` times as many letters as `text` has bytes, which then take their places. */
function request(text: Uint8Array, count = 1): Buffer {
  const letters = 'x'.repeat(text.length);
  const record = { body: { stringValue: letters }, attributes: [] };
  const logRecords = Array.from({ length: count }, () => record);
  const body = Buffer.from(
    ExportLogsServiceRequest.encode(
      ExportLogsServiceRequest.create({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
    ).finish(),
  );
  // From the end on: a length may look like a letter.
  for (let i = 0, at = body.length; i < count && text.length > 0; i++) {
    at = body.lastIndexOf(letters, at - 1);
    body.set(text, at);
  }
  return body;
}

const sound = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text));
const bytes = fc
  .array(fc.oneof(sound, fc.uint8Array({ maxLength: 4 }).map(Buffer.from), fc.constant(Buffer.alloc(17, 0x61))))
  .map((parts) => Buffer.concat(parts));

test('a text counts exactly where it is not UTF-8', () => {
  fc.assert(
    fc.property(bytes, (text) => {
      assert.equal(kernel.scan('logs', request(text)).badTexts?.count, isUtf8(text) ? undefined : 1);
    }),
    { numRuns: 3_000 },
  );
});

test('every sequence of two bytes and of three, and the edges of four', () => {
  const inVector = (text: readonly number[]): Buffer => Buffer.from([...Buffer.from('0123456789abcdef'), ...text]);
  const texts: number[][] = [];
  for (let a = 0x80; a < 0x100; a++) for (let b = 0; b < 0x100; b += b === 0 ? 0x7f : 1) texts.push([a, b]);
  for (const a of [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0])
    for (let b = 0x7f; b < 0xc1; b++) for (const c of [0x7f, 0x80, 0xbf, 0xc0]) texts.push([a, b, c]);
  for (const a of [0xf0, 0xf1, 0xf3, 0xf4, 0xf5])
    for (let b = 0x7f; b < 0xc1; b++)
      for (const c of [0x7f, 0x80, 0xbf]) for (const d of [0x80, 0xbf, 0xc0]) texts.push([a, b, c, d]);
  for (const text of texts) {
    const whole = inVector(text);
    assert.equal(kernel.scan('logs', request(whole)).badTexts === undefined, isUtf8(whole), String(text));
  }
});

test('the first stands where it says, and all are counted', () => {
  const text = Buffer.from([0x61, 0xff, 0x62]);
  const body = request(text, 3);
  const { badTexts } = kernel.scan('logs', body);
  assert.equal(badTexts?.count, 3);
  assert.deepEqual(body.subarray(...badTexts!.first), text);
  assert.equal(kernel.scan('logs', request(Buffer.from('fine'))).badTexts, undefined);
});
