// Sockets that read into memory which all of them share.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, test } from 'node:test';
import { connectSharing, shareReads } from '../../src/http2/index.js';
import fc from '../support/property.js';

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
});

/** Both ends of a connection, the accepted one with shared reads. */
async function connected(): Promise<{ readonly near: Socket; readonly far: Socket; readonly shared: boolean }> {
  const server = createServer({ noDelay: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  const shared = shareReads(near);
  server.close();
  atEnd.push(() => near.destroy());
  atEnd.push(() => far.destroy());
  return { near, far, shared };
}

/** All that a socket brings until its end. */
function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  return once(socket, 'end').then(() => Buffer.concat(chunks));
}

// Where this fails, a version of Node keeps its option `onread` elsewhere: receiving still works, but takes new memory
// for every read.
test('accepted sockets read into one memory', { skip: process.platform === 'win32' }, async () => {
  const memories = new Set<ArrayBufferLike>();
  for (let i = 0; i < 2; i++) {
    const { near, far, shared } = await connected();
    assert.equal(shared, true);
    far.write('abc');
    const [chunk] = (await once(near, 'data')) as [Buffer];
    memories.add(chunk.buffer);
  }
  assert.equal(memories.size, 1);
});

test('what connections bring is whole and in order, however their reads are mixed', async () => {
  const piece = fc.record({
    to: fc.boolean(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 200_000, size: 'max' }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const ends = [await connected(), await connected()];
      const got = ends.map(({ near }) => everything(near));
      for (const { to, bytes } of pieces) ends[Number(to)]!.far.write(bytes);
      for (const { far } of ends) far.end();
      const sent = [false, true].map((end) =>
        Buffer.concat(pieces.filter(({ to }) => to === end).map((one) => one.bytes)),
      );
      assert.deepEqual(await Promise.all(got), sent);
    }),
    { numRuns: 20 },
  );
});

test('such a socket ends and closes like any other', async () => {
  const { near, far } = await connected();
  const ended = everything(near);
  far.end('over');
  assert.equal((await ended).toString(), 'over');
  far.resume();
  await Promise.all([once(near, 'close'), once(far, 'close')]);
  assert.equal(near.bytesRead, 4);
});

test('a peer that resets the connection is an error', async () => {
  const { near, far } = await connected();
  near.on('data', () => {});
  const failed = once(near, 'error') as Promise<[NodeJS.ErrnoException]>;
  far.resetAndDestroy();
  const [error] = await failed;
  assert.equal(error.code, 'ECONNRESET');
});

test('a stream that is no socket of Node stays as it is', async () => {
  const stream = new PassThrough();
  assert.equal(shareReads(stream as unknown as Socket), false);
  stream.end('abc');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'abc');
});

test('sockets that connect read into it, too', async () => {
  const server = createServer((socket) => socket.end('abc'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd.push(() => server.close());
  const chunks: string[] = [];
  const socket = connectSharing({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  await once(socket, 'close');
  assert.deepEqual(chunks.join(''), 'abc');
});
