// The codec against nghttp2 as node:http2 has it: it reads what we write, we read what it writes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { type Field, fieldsOf } from '../support/hpack.js';
import { END_STREAM, FrameType, frame, PREFACE } from '../support/http2-frames.js';
import fc from '../support/property.js';

const END_HEADERS = 4;
const ACK = 1;
const PADDED = 8;
const PRIORITY = 0x20;
const CONTINUATION = 9;
const SETTINGS_HEADER_TABLE_SIZE = 1;

function tableSize(bytes: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(SETTINGS_HEADER_TABLE_SIZE);
  payload.writeUInt32BE(bytes, 2);
  return frame(FrameType.SETTINGS, 0, 0, payload);
}

/** A server of no more than what is needed to get at raw header blocks. */
class RawServer extends Duplex {
  readonly blocks: Buffer[] = [];
  /** Answers the stream that has sent its headers. */
  answer: (stream: number) => Buffer = () => encodeHeaders([[':status', '200']]);
  #received: Buffer = Buffer.alloc(0);
  #preface = PREFACE.length;
  #fragments: Buffer[] = [];

  override _read(): void {}

  /** Later, as the client is still within its write. */
  send(octets: Buffer): void {
    setImmediate(() => this.push(octets));
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#preface > 0 && this.#received.length >= this.#preface) {
      this.#received = this.#received.subarray(this.#preface);
      this.#preface = 0;
    }
    if (this.#preface === 0) this.#readFrames();
    done();
  }

  #readFrames(): void {
    while (this.#received.length >= 9) {
      const end = 9 + this.#received.readUIntBE(0, 3);
      if (this.#received.length < end) return;
      const whole = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      this.#onFrame(whole[3]!, whole[4]!, whole.readUInt32BE(5), whole.subarray(9));
    }
  }

  #onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === FrameType.SETTINGS && !(flags & ACK)) this.send(frame(FrameType.SETTINGS, ACK, 0));
    if (type !== FrameType.HEADERS && type !== CONTINUATION) return;
    this.#fragments.push(type === HEADERS ? fragment(flags, payload) : payload);
    if (!(flags & END_HEADERS)) return;
    this.blocks.push(Buffer.concat(this.#fragments));
    this.#fragments = [];
    this.send(headerFrames(stream, this.answer(stream)));
  }
}

const { HEADERS } = FrameType;

/** A HEADERS frame's payload without padding and priority (RFC 9113, 6.2). */
function fragment(flags: number, payload: Buffer): Buffer {
  const padding = flags & PADDED ? payload[0]! : 0;
  const start = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0);
  return payload.subarray(start, payload.length - padding);
}

/** The block in frames of 16 KiB at most, which end the stream. */
function headerFrames(stream: number, block: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start === 0 || start < block.length; start += 16_384) {
    const last = start + 16_384 >= block.length ? END_HEADERS : 0;
    const part = block.subarray(start, start + 16_384);
    parts.push(start === 0 ? frame(HEADERS, END_STREAM | last, stream, part) : frame(CONTINUATION, last, stream, part));
  }
  return Buffer.concat(parts);
}

function connected(t: TestContext): { server: RawServer; client: ClientHttp2Session } {
  const server = new RawServer();
  server.push(frame(FrameType.SETTINGS, 0, 0));
  const client = connect('http://peer', { createConnection: () => server });
  t.after(() => client.destroy());
  return { server, client };
}

/** Fields of the answer to a request with these headers. */
async function request(client: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<Field[]> {
  const stream = client.request(headers, { endStream: true }).resume();
  // The fields as they came are the event's third argument, which the types do not know.
  const [response] = await Promise.all([once(stream, 'response'), once(stream, 'close')]);
  const raw = response[2] as string[];
  return raw.flatMap((name, i): Field[] => (i % 2 === 0 ? [[name, raw[i + 1]!]] : []));
}

const NAMES = ['x-a', 'x-b', 'x-long-name-of-a-header', 'user-agent', 'grpc-timeout', 'x-token', 'accept', 'cookie'];

/** What may be in a value, without white space at its ends (RFC 9113, 8.2.1). */
const visible = fc.string({ unit: fc.constantFrom(...'abcXYZ0129 /,;=%{}~"\\äÿ\x80') }).map((text) => text.trim());
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('application/grpc', 'gzip', '1', '', 'trailers', 'a'.repeat(300)) },
  { weight: 4, arbitrary: visible },
  { weight: 1, arbitrary: fc.nat(3000).map((length) => '~'.repeat(length)) },
);
const headers = fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), value), {
  maxLength: 8,
  selector: ([name]) => name,
});

const PSEUDO = { ':method': 'POST', ':scheme': 'http', ':authority': 'peer' };

test('nghttp2 and we understand each other, header set after header set on one connection', async (t) => {
  const { server, client } = connected(t);
  const decoder = new HpackDecoder();
  await fc.assert(
    fc.asyncProperty(headers, fc.constantFrom('/', '/a', '/b'), fc.subarray(NAMES), async (fields, path, secret) => {
      const pseudo: Field[] = Object.entries({ ...PSEUDO, ':path': path });
      const answer: Field[] = [[':status', '200'], ...fields];
      server.answer = () => encodeHeaders(answer);
      const sent = Object.fromEntries([...pseudo, ...fields]);
      const got = await request(client, { ...sent, [sensitiveHeaders]: secret });
      assert.deepEqual(got, answer);
      const read = fieldsOf(decoder, server.blocks.pop()!);
      assert.deepEqual(Object.fromEntries(read), sent);
      assert.equal(read.length, pseudo.length + fields.length);
    }),
    { numRuns: 300 },
  );
});

test('a request that comes again is indices', async (t) => {
  const { server, client } = connected(t);
  const decoder = new HpackDecoder();
  const sent = { ...PSEUDO, ':path': '/', 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'x' };
  for (let i = 0; i < 3; i++) {
    await request(client, sent);
    assert.deepEqual(Object.fromEntries(fieldsOf(decoder, server.blocks[i]!)), sent);
  }
  assert.deepEqual(server.blocks[1], server.blocks[2]);
  assert.ok(server.blocks[1]!.every((octet) => octet >= 0x80));
});

test('nghttp2 follows changes of the table size', async (t) => {
  const { server, client } = connected(t);
  const decoder = new HpackDecoder();
  const sizes = fc.array(fc.oneof(fc.constantFrom(0, 4096), fc.nat(4096)), { maxLength: 3 });
  let updates = 0;
  await fc.assert(
    fc.asyncProperty(sizes, headers, async (list, fields) => {
      for (const bytes of list) {
        server.send(tableSize(bytes));
        await once(client, 'remoteSettings');
      }
      const sent = { ...PSEUDO, ':path': '/', ...Object.fromEntries(fields) };
      await request(client, sent);
      const block = server.blocks.pop()!;
      if ((block[0]! & 0xe0) === 0x20) updates += 1;
      assert.deepEqual(Object.fromEntries(fieldsOf(decoder, block)), sent);
    }),
    { numRuns: 100 },
  );
  assert.ok(updates > 0);
});

test('headers of more than a frame', async (t) => {
  const { server, client } = connected(t);
  const large: Field[] = Array.from({ length: 12 }, (_, i) => [`x-${i}`, String(i).repeat(1700)]);
  server.answer = () => encodeHeaders([[':status', '200'], ...large]);
  const sent = { ...PSEUDO, ':path': '/', ...Object.fromEntries(large) };
  assert.deepEqual((await request(client, sent)).slice(1), large);
  assert.deepEqual(Object.fromEntries(fieldsOf(new HpackDecoder(), server.blocks[0]!)), sent);
});
