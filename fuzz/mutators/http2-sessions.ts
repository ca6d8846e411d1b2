// Sessions without a fault, of every shape: one for each input, which is but the seed.
import { FrameType } from '../../src/http2/frames.js';
import { encodeHeaders } from '../../src/http2/index.js';
import { literal } from '../../test/support/hpack.js';
import { Random } from '../random.js';
import { bytesOf, cut, type Frame, padded, settings, word } from './http2.js';

const REQUEST = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'localhost'],
] as const;
const ANSWER = [[':status', '200']] as const;
const MORE = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ['x-pxanomaly-token', 'secret'],
  ['x-long', 'y'.repeat(300)],
  ['x-empty', ''],
  ['grpc-timeout', '10S'],
] as const;

function seedOf(input: Uint8Array): Random {
  let seed = 0x811c_9dc5;
  for (const byte of input) seed = Math.imul(seed ^ byte, 0x0100_0193) >>> 0;
  return new Random(seed);
}

export function faultlessRequests(input: Uint8Array): Uint8Array {
  const random = seedOf(input);
  const messages = Array.from({ length: 1 + random.below(4) }, (_, i) => message(random, 2 * i + 1, REQUEST));
  return session(random, messages);
}

export function faultlessAnswers(input: Uint8Array): Uint8Array {
  const random = seedOf(input);
  return session(
    random,
    [1, 3, 5].map((id) => message(random, id, ANSWER)),
  );
}

/** Frames that nothing may come between. */
type Unit = readonly Frame[];

/** SETTINGS, then the messages: each in its order, and begun in the order of their streams. */
function session(random: Random, messages: readonly Unit[][]): Uint8Array {
  const frames: Frame[] = [settings([4, random.pick([0, 100, 65_535])], [3, 100])];
  const begun: Unit[][] = [];
  const waiting = [...messages];
  while (waiting.length > 0 || begun.length > 0) {
    const begins = begun.length === 0 || (waiting.length > 0 && random.once(3));
    if (begins) begun.push([...waiting.shift()!]);
    const at = begins ? begun.length - 1 : random.below(begun.length);
    frames.push(...begun[at]!.shift()!);
    if (begun[at]!.length === 0) begun.splice(at, 1);
    if (random.once(6)) frames.push(between(random));
  }
  return bytesOf(frames);
}

/** What may come at any time, and changes nothing. */
function between(random: Random): Frame {
  switch (random.below(4)) {
    case 0:
      return { type: FrameType.PING, flags: 0, stream: 0, payload: random.bytes(8) };
    case 1:
      return { type: FrameType.WINDOW_UPDATE, flags: 0, stream: 0, payload: word(1 + random.below(1000)) };
    case 2:
      return { type: 0xf0, flags: random.below(256), stream: random.below(9), payload: random.bytes(random.below(20)) };
    default:
      return settings([4, random.pick([0, 1000, 65_535])]);
  }
}

function message(random: Random, id: number, head: readonly (readonly [string, string])[]): Unit[] {
  const isBare = random.once(4);
  const body = isBare ? 0 : random.below(200);
  const extra = MORE.filter(() => random.once(2));
  const length = random.once(3) ? [['content-length', String(body)] as const] : [];
  const units = [fields(random, id, [...head, ...extra, ...length], isBare)];
  if (isBare) return units;
  const hasTrailers = random.once(2);
  units.push(...data(random, id, random.bytes(body), !hasTrailers));
  if (hasTrailers)
    units.push(
      fields(
        random,
        id,
        [
          ['grpc-status', '0'],
          ['x-t', 'y'.repeat(random.below(9))],
        ],
        true,
      ),
    );
  return units;
}

function fields(random: Random, stream: number, list: readonly (readonly [string, string])[], isLast: boolean): Unit {
  const form = (): 'added' | 'plain' | 'never' => random.pick(['added', 'plain', 'never']);
  const written = random.once(2)
    ? encodeHeaders(list)
    : Buffer.concat(list.map(([name, value]) => literal(form(), name, value, random.once(2))));
  let whole: Frame = { type: FrameType.HEADERS, flags: 4 | (isLast ? 1 : 0), stream, payload: written };
  if (random.once(4))
    whole = { ...whole, flags: whole.flags | 0x20, payload: Buffer.concat([word(0), Buffer.from([15]), written]) };
  if (random.once(4)) return [padded(whole, random)];
  if (random.once(3) && !(whole.flags & 0x20)) return cut(whole, random);
  return [whole];
}

function data(random: Random, stream: number, body: Uint8Array, isLast: boolean): Unit[] {
  let whole: Frame = { type: FrameType.DATA, flags: isLast ? 1 : 0, stream, payload: body };
  const units: Unit[] = [];
  while (random.once(2)) {
    const [head, tail] = cut(whole, random);
    units.push([random.once(3) ? padded(head!, random) : head!]);
    whole = tail!;
  }
  return [...units, [random.once(3) ? padded(whole, random) : whole]];
}
