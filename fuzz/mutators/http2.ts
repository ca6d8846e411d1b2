// Changes a stream of HTTP/2 frames by its frames, and writes frames that are right.
import { Flag, FrameType } from '../../src/http2/frames.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { integer, literal, string } from '../../test/support/hpack.js';
import { frame } from '../../test/support/http2-frames.js';
import type { Random } from '../random.js';
import { mutateBytes } from './bytes.js';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** As long as whole frames are there; what is left is a frame that says more than it has. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 9 <= view.length; ) {
    const length = view.readUIntBE(at, 3);
    const payload = view.subarray(at + 9, at + 9 + length);
    frames.push({ type: view[at + 3]!, flags: view[at + 4]!, stream: view.readUInt32BE(at + 5), payload });
    at += 9 + length;
  }
  return frames;
}

/** The frames that are whole. */
export function wholeFrames(bytes: Uint8Array): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (let end = 0; ; at = end) {
    if (at + 9 > view.length) return bytes.subarray(0, at);
    end = at + 9 + view.readUIntBE(at, 3);
    if (end > view.length) return bytes.subarray(0, at);
  }
}

export const bytesOf = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(frames.map(({ type, flags, stream, payload }) => frame(type, flags, stream >>> 0, payload)));

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Fields of SETTINGS by number. */
export function settings(...pairs: readonly (readonly [number, number])[]): Frame {
  const payload = Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id]), word(value)])));
  return { type: FrameType.SETTINGS, flags: 0, stream: 0, payload };
}

const NAMES = [':method', ':path', ':scheme', ':authority', ':status', 'host', 'te', 'content-length', 'x-a', 'cookie'];
const VALUES = [
  'POST',
  'GET',
  '/',
  '/a',
  'http',
  'https',
  'localhost',
  '200',
  '100',
  'trailers',
  '0',
  '5',
  ' a',
  '\u00ff',
];

/** A block of fields in any of the ways to write one. */
export function block(random: Random, head: readonly (readonly [string, string])[]): Buffer {
  if (random.once(3)) return encodeHeaders(head);
  const parts = head.map(([name, value]) => {
    const form = random.pick(['added', 'plain', 'never'] as const);
    return literal(form, name, value, random.once(2));
  });
  if (random.once(4)) parts.unshift(integer(0x20, 5, random.pick([0, 100, 4096])));
  if (random.once(4)) parts.push(literal('added', random.pick(NAMES), random.pick(VALUES), random.once(2)));
  if (random.once(6)) parts.push(integer(0x80, 7, 1 + random.below(70)));
  if (random.once(12)) parts.push(string(random.pick(VALUES), true));
  return Buffer.concat(parts);
}

/** A frame of any type that is likely to be right. */
export function anyFrame(random: Random, head: readonly (readonly [string, string])[]): Frame {
  const stream = random.pick([1, 1, 1, 3, 3, 5, 7, 0, 2, 0x7fff_ffff]);
  switch (random.below(11)) {
    case 0:
    case 1:
      return { type: FrameType.DATA, flags: random.below(2), stream, payload: random.bytes(random.below(32)) };
    case 2:
    case 3:
      return { type: FrameType.HEADERS, flags: 4 | random.below(2), stream, payload: block(random, head) };
    case 4:
      return { type: FrameType.RST_STREAM, flags: 0, stream, payload: word(random.below(15)) };
    case 5:
      return settings([random.below(10), random.pick([0, 1, 100, 16_384, 65_535, 0x7fff_ffff, 0x8000_0000])]);
    case 6:
      return { type: FrameType.PING, flags: random.below(2), stream: 0, payload: random.bytes(8) };
    case 7:
      return {
        type: FrameType.GOAWAY,
        flags: 0,
        stream: 0,
        payload: Buffer.concat([word(stream), word(random.below(15))]),
      };
    case 8:
      return { type: FrameType.WINDOW_UPDATE, flags: 0, stream, payload: word(random.pick([0, 1, 1000, 0x7fff_ffff])) };
    case 9:
      return { type: FrameType.CONTINUATION, flags: random.pick([0, 4]), stream, payload: block(random, []) };
    default:
      return { type: random.pick([2, 5, 10, 200]), flags: 0, stream, payload: random.bytes(random.pick([0, 4, 5, 9])) };
  }
}

/** `head`: fields of an ordinary message of the peer. */
export function mutateFrames(head: readonly (readonly [string, string])[]) {
  return (input: Uint8Array, other: Uint8Array, random: Random): Uint8Array => {
    if (random.once(5)) return mutateBytes(input, other, random);
    const frames = framesOf(input);
    for (let changes = 1 + random.below(4); changes > 0; changes--) change(frames, other, random, head);
    return bytesOf(frames);
  };
}

function change(
  frames: Frame[],
  other: Uint8Array,
  random: Random,
  head: readonly (readonly [string, string])[],
): void {
  const at = random.below(frames.length + 1);
  const found = frames[at];
  switch (found ? random.below(10) : 0) {
    case 0:
    case 1:
      frames.splice(at, 0, anyFrame(random, head));
      return;
    case 2:
      frames.splice(at, 1);
      return;
    case 3:
      frames.splice(random.below(frames.length + 1), 0, found!);
      return;
    case 4:
      frames[at] = { ...found!, flags: found!.flags ^ random.pick([1, 4, 8, 0x20, 0x80]) };
      return;
    case 5:
      frames[at] = { ...found!, stream: random.pick([0, 1, 2, 3, 5, 0x8000_0001]) };
      return;
    case 6:
      frames[at] = { ...found!, payload: mutateBytes(found!.payload, other, random) };
      return;
    case 7:
      frames.splice(at, 1, ...cut(found!, random));
      return;
    case 8:
      frames[at] = padded(found!, random);
      return;
    default:
      frames.splice(at, 0, ...framesOf(other).slice(0, 1 + random.below(4)));
  }
}

/** HEADERS and DATA in several frames. */
export function cut({ type, flags, stream, payload }: Frame, random: Random): Frame[] {
  const at = random.below(payload.length + 1);
  const [head, tail] = [payload.subarray(0, at), payload.subarray(at)];
  const last = type === FrameType.DATA ? Flag.END_STREAM : Flag.END_HEADERS;
  const then = type === FrameType.DATA ? FrameType.DATA : FrameType.CONTINUATION;
  return [
    { type, flags: flags & ~last, stream, payload: head },
    { type: then, flags: flags & last, stream, payload: tail },
  ];
}

/** HEADERS and DATA with padding. */
export function padded(found: Frame, random: Random): Frame {
  const padding = random.below(20);
  const payload = Buffer.concat([Buffer.from([padding]), found.payload, Buffer.alloc(padding)]);
  return { ...found, flags: found.flags | Flag.PADDED, payload };
}
