// The server's session under frames of any kind.

import assert from 'node:assert/strict';
import { Flag, FrameType } from '../../src/http2/frames.js';
import { encodeHeaders, ServerSession } from '../../src/http2/index.js';
import { frame, PREFACE } from '../../test/support/http2-frames.js';
import { bytesOf, mutateFrames, settings } from '../mutators/http2.js';
import type { Target } from '../target.js';
import { cutsOf, Wire } from './wire.js';

const HEAD = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'localhost'],
] as const;

/** What the program behind the session saw of a stream. */
interface Seen {
  readonly fields: string;
  body: Buffer;
  ends: number;
  closes: number;
}

/** What became of a connection that heard this. */
async function serve(bytes: Uint8Array, cuts: readonly number[]): Promise<object> {
  const wire = new Wire();
  const seen = new Map<number, Seen>();
  let closed = 0;
  let over = 0;
  const session = new ServerSession(wire, {
    windows: { stream: 65_535, connection: 1 << 17, frame: 1 << 14 },
    maxConcurrentStreams: 4,
    called: (stream) => {
      assert.ok(!seen.has(stream.id), 'a stream began twice');
      const one: Seen = { fields: JSON.stringify(stream.headers), body: Buffer.alloc(0), ends: 0, closes: 0 };
      seen.set(stream.id, one);
      return {
        data: (chunk) => {
          assert.equal(one.ends + one.closes, 0, 'a body goes on behind its end');
          one.body = Buffer.concat([one.body, chunk]);
        },
        end: () => {
          one.ends++;
          stream.respond({
            head: encodeHeaders([[':status', '200']]),
            body: [one.body],
            trailers: encodeHeaders([['x-bytes', String(one.body.length)]]),
          });
        },
        closed: () => one.closes++,
      };
    },
    streamClosed: () => over++,
    settled: () => {},
    pinged: () => {},
    closed: () => closed++,
  });
  await wire.hear(PREFACE, []);
  await wire.hear(bytes, cuts);
  assert.ok(session.unfinishedBytes <= 1 << 19, `${session.unfinishedBytes} bytes are kept`);
  wire.hangUp();
  assert.equal(closed, 1, 'the connection is closed once');
  assert.equal(over, seen.size, 'every stream is over');
  for (const { ends, closes } of seen.values()) assert.ok(ends <= 1 && closes === 1, `${ends} ends, ${closes} closes`);
  checkFrames(Buffer.concat(wire.written));
  return { seen: [...seen].map(([id, { fields, body, ends }]) => [id, fields, body.toString('hex'), ends]) };
}

/** What we say is made of whole frames. */
export function checkFrames(bytes: Buffer): void {
  let at = 0;
  while (at + 9 <= bytes.length) at += 9 + bytes.readUIntBE(at, 3);
  assert.equal(at, bytes.length, 'a frame of ours is cut');
}

export const target: Target = {
  name: 'http2-server',
  proves:
    'any frames leave streams that begin and end once, bounded memory, and the same requests however they are cut',
  seeds: () => [
    bytesOf([settings(), { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders(HEAD) }]),
    bytesOf([
      settings([1, 0], [4, 100]),
      { type: FrameType.HEADERS, flags: Flag.END_HEADERS, stream: 1, payload: encodeHeaders(HEAD) },
      { type: FrameType.DATA, flags: 0, stream: 1, payload: Buffer.alloc(300, 1) },
      { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders([['x-a', '1']]) },
      { type: FrameType.WINDOW_UPDATE, flags: 0, stream: 1, payload: Buffer.from([0, 0, 1, 0]) },
    ]),
    Buffer.concat([
      bytesOf([settings()]),
      frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
      frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)),
    ]),
  ],
  mutate: mutateFrames(HEAD),
  run: async (input) => {
    const whole = await serve(input, []);
    const pieces = await serve(input, cutsOf(input));
    assert.deepEqual(pieces, whole, 'cut in another way, it is another request');
  },
};
