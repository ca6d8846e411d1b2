// The message that a unary call brings, in any pieces.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { gunzip } from '../../src/otlp/decompress.js';
import { type FrameFault, frameMessage, UnaryMessage } from '../../src/otlp/grpc-frame.js';
import type { Target } from '../target.js';
import { cutsOf } from './wire.js';

const LIMIT = 1000;

function read(bytes: Uint8Array, cuts: readonly number[]): FrameFault | { bytes: Buffer; compressed: boolean } {
  const message = new UnaryMessage(LIMIT);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to < from || to > bytes.length) continue;
    const chunk = Buffer.from(bytes.subarray(from, to));
    const fault = message.push(chunk);
    chunk.fill(0xa5);
    assert.ok(message.capacity <= 2 * LIMIT, `${message.capacity} bytes for a message of ${LIMIT}`);
    if (fault) return fault;
    from = to;
  }
  return message.end();
}

/** The same from the specification: a flag, a length, so many bytes, and nothing else. */
function expected(bytes: Uint8Array): FrameFault | { bytes: Buffer; compressed: boolean } {
  const view = Buffer.from(bytes);
  if (view.length === 0) return 'none';
  if (view.length < 5) return 'cut_short';
  if (view[0]! > 1) return 'bad_flag';
  const length = view.readUInt32BE(1);
  if (length > LIMIT) return 'too_large';
  if (view.length - 5 > length) return 'several';
  if (view.length - 5 < length) return 'cut_short';
  return { bytes: view.subarray(5), compressed: view[0] === 1 };
}

export const target: Target = {
  name: 'grpc-framing',
  proves:
    'a message and its faults are what the specification says, however it is cut; what says it is gzip is inflated within the limit',
  maxBytes: 1200,
  seeds: () => [
    frameMessage(Buffer.from('hello')),
    frameMessage(gzipSync(Buffer.alloc(5000, 1)), true),
    frameMessage(Buffer.alloc(1000)),
  ],
  run: (input) => {
    const ours = read(input, cutsOf(input));
    assert.deepEqual(ours, expected(input));
    assert.deepEqual(read(input, []), ours);
    if (typeof ours === 'string' || !ours.compressed) return;
    const inflated = gunzip(ours.bytes, LIMIT);
    if (typeof inflated !== 'string') assert.ok(inflated.body.length <= LIMIT);
  },
};
