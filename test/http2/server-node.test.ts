// The server's session against node:http2 as its client, over real sockets and TLS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHeaders } from '../../src/http2/index.js';
import { gathered } from '../support/grpc-raw.js';
import { answer, type OwnServer, ownServer, whole } from '../support/http2-own.js';
import { fixture } from '../support/paths.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';
import { seeded } from '../synthetic/edge-windows.js';

afterEach(endAll);

const pem = (name: string): Buffer => readFileSync(fixture(`tls/${name}`));

interface Answered {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly code: number;
}

/** A session of node:http2 that ends with the test. */
function dial(port: number, options: ClientSessionOptions | SecureClientSessionOptions = {}): ClientHttp2Session {
  const scheme = 'ca' in options ? 'https' : 'http';
  const session = connect(`${scheme}://127.0.0.1:${port}`, options);
  session.on('error', () => {});
  atEnd(async () => session.destroy());
  return session;
}

/** One request; resolves when its stream has closed, however. */
function post(session: ClientHttp2Session, body: Uint8Array, fields: object = {}): Promise<Answered> {
  const stream = session.request({ ':method': 'POST', ':path': '/', ...fields });
  stream.end(body);
  return gathered(stream).then(({ headers, trailers = {}, data, resetCode }) => {
    return { headers, trailers, body: data, code: resetCode };
  });
}

/** Sends back what came. */
const echo = (stream: Parameters<typeof answer>[0]) =>
  whole((body) => answer(stream, body, { 'x-bytes': String(body.length) }));

/** Bytes that differ from place to place. */
function bytes(length: number, seed: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) buffer.writeUInt32LE((at * 2_654_435_761 + seed) >>> 0, at);
  return buffer;
}

async function echoes(session: ClientHttp2Session, lengths: readonly number[]): Promise<void> {
  const answers = lengths.map(async (length, seed) => {
    const body = bytes(length, seed);
    const answered = await post(session, body);
    assert.equal(answered.headers[':status'], 200);
    assert.ok(answered.body.equals(body), `${length} bytes come back`);
    assert.equal(answered.trailers['x-bytes'], String(length));
  });
  await Promise.all(answers);
}

const LENGTHS = [0, 1, 4_095, 4_096, 65_535, 65_536, 262_144, 1_000_000, 3_000_000, 5, 17_000, 0];

describe('requests and answers of 0 to 3 MB at once', () => {
  it('over TCP', async () => {
    const server = await ownServer(echo);
    const session = dial(server.port);
    for (let round = 0; round < 3; round++) await echoes(session, LENGTHS);
    await eventually(() => server.counts.closed === 3 * LENGTHS.length);
  });

  it('over TLS', async () => {
    const tls = { cert: pem('server.pem'), key: pem('server.key') };
    const { port } = await ownServer(echo, { tls });
    await echoes(dial(port, { ca: pem('ca.pem'), servername: 'localhost' } as SecureClientSessionOptions), LENGTHS);
  });

  it('with large windows and frames, as the receiver has them', async () => {
    const windows = { stream: 1 << 24, connection: 1 << 26, frame: 1 << 20 };
    const { port } = await ownServer(echo, { windows });
    await echoes(dial(port, { settings: { initialWindowSize: 1 << 24, maxFrameSize: 1 << 20 } }), LENGTHS);
  });

  for (const window of [1, 7, 1000])
    it(`with windows of ${window} bytes at the client`, async () => {
      const { port } = await ownServer(echo);
      await echoes(dial(port, { settings: { initialWindowSize: window } }), [0, 1, 300, 300, 2 * window]);
    });

  for (const stream of [1, 100])
    it(`with windows of ${stream} bytes at the server`, async () => {
      const { port } = await ownServer(echo, { windows: { stream, connection: 65_535, frame: 1 << 14 } });
      const session = dial(port);
      await once(session, 'remoteSettings');
      await echoes(session, [0, 1, 300, 300]);
    });

  it('one stream at a time', async () => {
    const { port } = await ownServer(echo, { maxConcurrentStreams: 1 });
    const session = dial(port);
    await once(session, 'remoteSettings');
    await echoes(session, LENGTHS);
  });
});

it('windows, frames and tables that change on the way', async () => {
  const { port } = await ownServer(echo);
  const session = dial(port);
  const random = seeded(7);
  const going = echoes(session, [...LENGTHS, ...LENGTHS]);
  for (let i = 0; i < 30; i++) {
    session.settings({
      initialWindowSize: Math.floor(random() ** 3 * 200_000),
      headerTableSize: Math.floor(random() * 8_000),
      maxFrameSize: 16_384 + Math.floor(random() * 100_000),
    });
    await sleep(1);
  }
  session.settings({ initialWindowSize: 100_000 });
  await going;
  await echoes(session, LENGTHS);
});

it('a table of nothing, agreed on while trailers wait for a window', async () => {
  const { port } = await ownServer(echo);
  const session = dial(port, { settings: { initialWindowSize: 10 } });
  const paused = session.request({ ':method': 'POST', ':path': '/' });
  paused.pause();
  paused.end(bytes(100, 1));
  await once(paused, 'response');
  await new Promise<void>((done) => session.settings({ headerTableSize: 0 }, () => done()));
  const trailers = once(paused, 'trailers');
  paused.resume();
  await trailers;
  await echoes(session, [1, 2, 3]);
});

describe('answers in front of the end of the request', () => {
  it('tell the client to stop, and the connection goes on', async () => {
    const { port } = await ownServer((stream) => {
      stream.respond({ head: encodeHeaders([[':status', '413']]), body: [] });
      return undefined;
    });
    const session = dial(port);
    // Of fifty such streams at once, or begun before the connection, node:http2 loses the answers: of its own server's
    // as well.
    await once(session, 'remoteSettings');
    const answers = Array.from({ length: 10 }, (_, i) => post(session, bytes(i * 100_000, i)));
    const statuses = (await Promise.all(answers)).map(({ headers }) => Number(headers[':status']));
    assert.deepEqual(statuses, Array(10).fill(413));
    assert.equal(Number((await post(session, Buffer.alloc(0))).headers[':status']), 413);
  });

  it('that wait for a window are followed by the word to stop', async () => {
    const { port } = await ownServer((stream) => {
      answer(stream, Buffer.alloc(1000, 'n'));
      return undefined;
    });
    const session = dial(port, { settings: { initialWindowSize: 10 } });
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.resume();
    stream.on('error', () => {});
    // The request never ends: only the server can end the stream.
    await once(stream, 'close');
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
  });
});

it('streams that are given up at random moments leave nothing behind', async () => {
  const random = seeded(3);
  const server = await ownServer((stream) => {
    if (random() < 0.2) {
      setTimeout(() => stream.reset(2), random() * 5);
      return whole(() => {});
    }
    return whole((body) => setTimeout(() => answer(stream, body, { a: 'b' }), random() * 5));
  });
  const session = dial(server.port);
  const one = async (): Promise<void> => {
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.on('error', () => {});
    stream.resume();
    stream.end(bytes(Math.floor(random() ** 4 * 300_000), 1));
    if (random() < 0.5) setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), random() * 8);
    // Not `once`, which rejects where the stream was reset.
    await new Promise((done) => stream.on('close', done));
  };
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, one));
  assert.equal(session.destroyed, false);
  await eventually(() => server.counts.closed === server.counts.called);
  await echoesBack(session);
});

/** The connection still works. */
async function echoesBack(session: ClientHttp2Session): Promise<void> {
  const results = await Promise.all(Array.from({ length: 20 }, () => post(session, bytes(1000, 1))));
  assert.ok(results.some(({ headers }) => Number(headers[':status']) === 200));
}

describe('lists of fields', () => {
  const seen: (string | undefined)[] = [];
  const keep = (stream: Parameters<typeof answer>[0]) => {
    seen.push(stream.headers['x-long']);
    return echo(stream);
  };

  it('in several frames', async () => {
    const { port } = await ownServer(keep);
    const long = 'ü'.repeat(10_000) + 'x'.repeat(30_000);
    const { headers } = await post(dial(port), Buffer.from('a'), { 'x-long': Buffer.from(long).toString('latin1') });
    assert.equal(headers[':status'], 200);
    assert.equal(seen.at(-1)?.length, Buffer.byteLength(long));
  });

  it('that are too large are 431, and count as no call', async () => {
    const server = await ownServer(keep);
    const session = dial(server.port, { maxSendHeaderBlockLength: 1 << 17 });
    await once(session, 'remoteSettings');
    const fields = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x-${i}`, 'z'.repeat(8_000)]));
    for (let i = 0; i < 3; i++) {
      const { headers } = await post(session, bytes(i * 50_000, 0), fields);
      assert.equal(headers[':status'], 431);
    }
    assert.deepEqual(server.counts, { called: 0, closed: 0 });
    assert.equal((await post(session, Buffer.from('a'))).headers[':status'], 200);
  });

  it('of an answer in several frames', async () => {
    const long = 'y'.repeat(40_000);
    const { port } = await ownServer((stream) => {
      const head = encodeHeaders([
        [':status', '200'],
        ['x-long', long],
      ]);
      const trailers = encodeHeaders([['x-longer', `${long}${long.slice(0, 9_000)}`]]);
      return whole((body) => stream.respond({ head, body: [body], trailers }));
    });
    const options = { maxHeaderListPairs: 200, settings: { maxHeaderListSize: 1 << 20 } };
    const { headers, trailers } = await post(dial(port, options), Buffer.from('a'));
    assert.equal(headers['x-long'], long);
    assert.equal(String(trailers['x-longer']).length, 49_000);
  });

  for (const headerTableSize of [0, 1, 100, 65_536])
    it(`with a table of ${headerTableSize} bytes at the client`, async () => {
      const { port } = await ownServer(echo);
      const session = dial(port, { settings: { headerTableSize } });
      for (let i = 0; i < 5; i++) await echoes(session, [i, 10]);
    });
});

describe('a graceful shutdown', () => {
  /** Sends requests one after another, on a new connection where the old one says GOAWAY, until told to stop. */
  async function load(servers: () => OwnServer, ended: () => boolean): Promise<{ answered: number; lost: number }> {
    const counts = { answered: 0, lost: 0 };
    while (!ended()) {
      const session = dial(servers().port);
      let away = false;
      session.on('goaway', () => {
        away = true;
      });
      session.on('close', () => {
        away = true;
      });
      while (!away && !ended()) {
        const results = await Promise.allSettled(
          Array.from({ length: 5 }, (_, i) => post(session, bytes(i * 9_000, i))),
        );
        for (const result of results) {
          if (result.status !== 'fulfilled') continue;
          const { headers, code } = result.value;
          if (Number(headers[':status']) === 200) counts.answered++;
          // node:http2 ends streams beyond the last one with REFUSED_STREAM or CANCEL: those were not processed.
          else if (code !== constants.NGHTTP2_REFUSED_STREAM) counts.lost++;
        }
      }
      session.close();
    }
    return counts;
  }

  it('under load loses no call that was begun', async () => {
    const slowly = (stream: Parameters<typeof answer>[0]) =>
      whole((body) => setTimeout(() => answer(stream, body, { 'x-bytes': String(body.length) }), 2));
    let current = await ownServer(slowly);
    const all = [current];
    let ended = false;
    const loads = Array.from({ length: 4 }, () =>
      load(
        () => current,
        () => ended,
      ),
    );
    for (let round = 0; round < 5; round++) {
      await sleep(60);
      const old = current;
      current = await ownServer(slowly);
      all.push(current);
      old.stopListening();
      for (const session of old.sessions) session.drain();
      await eventually(() => old.sessions.size === 0);
    }
    ended = true;
    const counts = await Promise.all(loads);
    const answered = counts.reduce((sum, count) => sum + count.answered, 0);
    const called = all.reduce((sum, { counts }) => sum + counts.called, 0);
    assert.ok(answered > 50, String(answered));
    assert.equal(answered, called, 'every call that began was answered, and its answer arrived');
  });

  it('waits for answers that wait for a window, and for those that are given up', async () => {
    const server = await ownServer(echo);
    const session = dial(server.port, { settings: { initialWindowSize: 10 } });
    const streams = [0, 1].map(() => session.request({ ':method': 'POST', ':path': '/' }));
    for (const stream of streams) {
      stream.on('error', () => {});
      stream.pause();
      stream.end(bytes(5_000, 1));
    }
    await Promise.all(streams.map((stream) => once(stream, 'response')));
    for (const own of server.sessions) own.drain();
    await once(session, 'goaway');
    assert.equal(server.sessions.size, 1);
    streams[0]!.resume();
    await once(streams[0]!, 'close');
    assert.equal(streams[0]!.rstCode, 0);
    streams[1]!.close(constants.NGHTTP2_CANCEL);
    await eventually(() => server.sessions.size === 0);
    assert.deepEqual(server.errors, []);
  });
});
