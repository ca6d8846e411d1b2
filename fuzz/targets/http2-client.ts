// The client's session under frames of any kind, with three requests open and one that waits.

import assert from 'node:assert/strict';
import { Flag, FrameType } from '../../src/http2/frames.js';
import { type Broken, ClientSession, encodeHeaders } from '../../src/http2/index.js';
import { bytesOf, mutateFrames, settings } from '../mutators/http2.js';
import type { Target } from '../target.js';
import { checkFrames } from './http2-server.js';
import { cutsOf, Wire } from './wire.js';

const HEAD = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
] as const;
const REQUEST = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'localhost'],
]);

interface Seen {
  fields: string;
  body: Buffer;
  trailers: string;
  broken: Broken | undefined;
  closes: number;
}

async function ask(bytes: Uint8Array, cuts: readonly number[]): Promise<readonly Seen[]> {
  const wire = new Wire();
  let closed = 0;
  const session = new ClientSession(wire, { settled: () => {}, goaway: () => {}, closed: () => closed++ });
  const seen = [0, 10, 70_000, 0].map((bodyBytes): Seen => {
    const one: Seen = { fields: '', body: Buffer.alloc(0), trailers: '', broken: undefined, closes: 0 };
    const message = { head: REQUEST, body: [Buffer.alloc(bodyBytes)] };
    const open = (): void => assert.equal(one.closes, 0, 'something comes behind the end');
    session.request(message, {
      headers: (fields) => {
        open();
        assert.equal(one.fields, '', 'the fields came twice');
        one.fields = JSON.stringify(fields);
      },
      data: (chunk) => {
        open();
        assert.notEqual(one.fields, '', 'a body in front of the fields');
        one.body = Buffer.concat([one.body, chunk]);
      },
      trailers: (fields) => {
        open();
        one.trailers = JSON.stringify(fields);
      },
      closed: (broken) => {
        one.broken = broken;
        one.closes++;
      },
    });
    return one;
  });
  await wire.hear(bytes, cuts);
  assert.ok(session.unfinishedBytes <= 1 << 19, `${session.unfinishedBytes} bytes are kept`);
  wire.hangUp();
  assert.equal(closed, 1, 'the connection is closed once');
  for (const { closes } of seen) assert.equal(closes, 1, 'every request is over, once');
  checkFrames(Buffer.concat(wire.written).subarray(24));
  return seen;
}

export const target: Target = {
  name: 'http2-client',
  proves:
    'any frames of a server end every request once, with bounded memory, and the same answers however they are cut',
  seeds: () => [
    bytesOf([
      settings([4, 100_000]),
      { type: FrameType.HEADERS, flags: Flag.END_HEADERS, stream: 1, payload: encodeHeaders(HEAD) },
      { type: FrameType.DATA, flags: 0, stream: 1, payload: Buffer.alloc(20, 1) },
      { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders([['grpc-status', '0']]) },
      { type: FrameType.WINDOW_UPDATE, flags: 0, stream: 5, payload: Buffer.from([0, 0, 255, 0]) },
      { type: FrameType.RST_STREAM, flags: 0, stream: 3, payload: Buffer.from([0, 0, 0, 7]) },
      { type: FrameType.GOAWAY, flags: 0, stream: 0, payload: Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]) },
    ]),
    bytesOf([settings([3, 1]), { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders(HEAD) }]),
  ],
  mutate: mutateFrames(HEAD),
  run: async (input) => {
    const whole = await ask(input, []);
    const pieces = await ask(input, cutsOf(input));
    assert.deepEqual(pieces, whole, 'cut in another way, it is another answer');
  },
};
