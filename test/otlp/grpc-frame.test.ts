// gRPC's framing, timeouts and status text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeMessage,
  encodeMessage,
  type FramedMessage,
  type FrameFault,
  formatTimeout,
  frameMessage,
  framePrefix,
  parseTimeout,
  UnaryMessage,
} from '../../src/otlp/grpc-frame.js';
import fc from '../support/property.js';

/** What comes of the chunks: the message, or the first fault. */
function collect(chunks: Buffer[], limit = 1000): FramedMessage | FrameFault {
  const message = new UnaryMessage(limit);
  for (const chunk of chunks) {
    const fault = message.push(chunk);
    if (fault) return fault;
  }
  return message.end();
}

/** `bytes` cut at the places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const sorted = [0, ...places.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

test('a message is the same however its frame is cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.boolean(), fc.array(fc.nat()), (message, compressed, places) => {
      const frame = frameMessage(message, compressed);
      assert.deepEqual(Buffer.concat([framePrefix(message.length, compressed), message]), frame);
      assert.deepEqual(collect(cut(frame, places)), { bytes: Buffer.from(message), compressed });
    }),
  );
});

test('the message has memory of its own', () => {
  const frame = frameMessage(Buffer.from('abc'));
  const message = collect([frame]) as FramedMessage;
  frame.fill(0);
  assert.equal(message.bytes.toString(), 'abc');
  assert.equal(message.bytes.buffer.byteLength, 3);
});

test('faults are told apart', () => {
  const frame = frameMessage(Buffer.from('abc'));
  assert.equal(collect([]), 'none');
  assert.equal(collect([frame.subarray(0, 4)]), 'cut_short');
  assert.equal(collect([frame.subarray(0, 7)]), 'cut_short');
  assert.equal(collect([frame, frame]), 'several');
  assert.equal(collect([Buffer.concat([frame, Buffer.from([0])])]), 'several');
  assert.equal(collect([Buffer.from([2, 0, 0, 0, 0])]), 'bad_flag');
  assert.equal(collect([frame], 3) instanceof Object, true);
});

test('G2: a declared length over the limit is a fault as soon as the prefix is there', () => {
  const message = new UnaryMessage(10);
  assert.equal(message.push(Buffer.from([0, 0, 0, 0])), undefined);
  assert.equal(message.push(Buffer.from([11])), 'too_large');
});

test('grpc-timeout', () => {
  assert.equal(parseTimeout(undefined), undefined);
  assert.deepEqual(
    ['2H', '3M', '5S', '100m', '5000u', '10000n'].map(parseTimeout),
    [7_200_000, 180_000, 5000, 100, 5, 0.01],
  );
  for (const wrong of ['', '5', 'S', '123456789m', '-1S', '1.5S', '5s'])
    assert.ok(Number.isNaN(parseTimeout(wrong)), wrong);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9e10, noNaN: true }), (ms) => {
      const back = parseTimeout(formatTimeout(ms))!;
      assert.ok(back >= ms && back <= ms + 1000, `${ms} became ${back}`);
    }),
  );
});

test('grpc-message is percent-encoded, and any text survives it', () => {
  assert.equal(encodeMessage('50 % done\n'), '50 %25 done%0A');
  assert.equal(encodeMessage('größer'), 'gr%C3%B6%C3%9Fer');
  assert.equal(decodeMessage('not%zzencoded'), 'not%zzencoded');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.match(encodeMessage(text), /^[\x20-\x7e]*$/);
      assert.equal(decodeMessage(encodeMessage(text)), text);
    }),
  );
});
