// The client's session against node:http2 as its server, over real sockets and TLS, and against servers that break the
// rules.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ErrorCode,
  Flag,
  FrameType,
  frame,
  goawayFrame,
  Setting,
  settingsFrame,
  windowUpdateFrame,
} from '../../src/http2/frames.js';
import { type ClientStream, encodeHeaders } from '../../src/http2/index.js';
import { ask, type OwnAnswer, ownClient } from '../support/http2-own.js';
import { fixture } from '../support/paths.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';
import { seeded } from '../synthetic/edge-windows.js';

afterEach(endAll);

const pem = (name: string): Buffer => readFileSync(fixture(`tls/${name}`));

interface NodeServer {
  readonly port: number;
  readonly sessions: Set<ServerHttp2Session>;
  readonly seen: { began: number };
}

async function nodeServer(
  handle: (stream: ServerHttp2Stream) => void,
  options: SecureServerOptions = {},
): Promise<NodeServer> {
  const server: Http2Server = options.cert
    ? (createSecureServer(options) as unknown as Http2Server)
    : createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  const seen = { began: 0 };
  server.on('sessionError', () => {});
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    seen.began++;
    stream.on('error', () => {});
    handle(stream);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(async () => {
    for (const session of sessions) session.destroy();
    await new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, sessions, seen };
}

/** Sends back what came, with its length behind it. */
function echo(stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    if (stream.destroyed) return;
    const body = Buffer.concat(chunks);
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-bytes': String(body.length) }));
    stream.end(body);
  });
}

function bytes(length: number, seed: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) buffer.writeUInt32LE((at * 2_654_435_761 + seed) >>> 0, at);
  return buffer;
}

const LENGTHS = [0, 1, 4_095, 4_096, 65_535, 65_536, 262_144, 1_000_000, 3_000_000, 5, 17_000, 0];

async function echoes(session: Parameters<typeof ask>[0], lengths: readonly number[]): Promise<void> {
  const answers = lengths.map(async (length, seed) => {
    const body = bytes(length, seed);
    const half = length >> 1;
    const again = (): Promise<OwnAnswer> => ask(session, { body: [body.subarray(0, half), body.subarray(half)] });
    let answer = await again();
    // The server took back how many it takes, while this one was on its way.
    while (answer.broken?.unprocessed) answer = await again();
    assert.equal(answer.broken, undefined);
    assert.ok(answer.body.equals(body), `${length} bytes come back`);
    assert.equal(answer.trailers['x-bytes'], String(length));
  });
  await Promise.all(answers);
}

describe('requests and answers of 0 to 3 MB at once', () => {
  const settings: Record<string, object> = {
    'as node:http2 comes': {},
    'one stream at a time': { maxConcurrentStreams: 1 },
    'large windows and frames': { initialWindowSize: 1 << 24, maxFrameSize: 1 << 20 },
    'no table': { headerTableSize: 0 },
  };
  for (const [name, some] of Object.entries(settings))
    it(name, async () => {
      const { port } = await nodeServer(echo, { settings: some });
      const { session } = await ownClient(port);
      for (let round = 0; round < 2; round++) await echoes(session, LENGTHS);
    });

  for (const initialWindowSize of [1, 30, 1000])
    it(`windows of ${initialWindowSize} bytes`, async () => {
      const { port } = await nodeServer(echo, { settings: { initialWindowSize } });
      const { session } = await ownClient(port);
      await echoes(session, [0, 1, 300, 300, 2 * initialWindowSize]);
    });

  it('over TLS', async () => {
    const { port } = await nodeServer(echo, { cert: pem('server.pem'), key: pem('server.key') });
    const { session } = await ownClient(port, { ca: pem('ca.pem') });
    await echoes(session, LENGTHS);
  });

  it('while windows and the number of streams change', async () => {
    const { port, sessions } = await nodeServer(echo);
    const { session } = await ownClient(port);
    const random = seeded(5);
    const going = echoes(session, [...LENGTHS, ...LENGTHS]);
    for (let i = 0; i < 30; i++) {
      for (const server of sessions)
        server.settings({
          initialWindowSize: Math.floor(random() ** 3 * 200_000),
          maxConcurrentStreams: Math.floor(random() * 20),
          headerTableSize: Math.floor(random() * 8_000),
        });
      await sleep(1);
    }
    for (const server of sessions) server.settings({ initialWindowSize: 100_000, maxConcurrentStreams: 50 });
    await going;
  });
});

it('interim responses are passed over', async () => {
  const { port } = await nodeServer((stream) => {
    stream.additionalHeaders({ ':status': 103, link: 'x' });
    stream.additionalHeaders({ ':status': 103 });
    echo(stream);
  });
  const { session } = await ownClient(port);
  const { fields, body } = await ask(session, { body: [Buffer.from('a')] });
  assert.deepEqual([fields[':status'], String(body), fields.link], ['200', 'a', undefined]);
});

it('an answer in front of the end of the request ends it, and the next goes on', async () => {
  const { port } = await nodeServer((stream) => {
    stream.respond({ ':status': 413 }, { endStream: true });
  });
  const { session } = await ownClient(port);
  for (let i = 0; i < 5; i++) {
    const { fields, broken } = await ask(session, { body: [bytes(1_000_000, i)] });
    assert.deepEqual([fields[':status'], broken], ['413', undefined]);
  }
});

it('fields of more than a frame go both ways', async () => {
  const { port } = await nodeServer(
    (stream) => {
      stream.respond({ ':status': 200, 'x-back': 'y'.repeat(40_000) }, { endStream: true });
    },
    { maxSendHeaderBlockLength: 1 << 17, settings: { maxHeaderListSize: 1 << 17 } },
  );
  const { session } = await ownClient(port);
  const { fields } = await ask(session, { fields: { 'x-there': 'z'.repeat(40_000) } });
  assert.equal(fields['x-back']?.length, 40_000);
});

it('streams that either end gives up at random moments; memory of those given up is not read', async () => {
  const random = seeded(11);
  const { port } = await nodeServer((stream) => {
    if (random() < 0.2) setTimeout(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR), random() * 5);
    echo(stream);
  });
  const { session } = await ownClient(port);
  const outcomes = { whole: 0, broken: 0, cancelled: 0 };
  const one = async (): Promise<void> => {
    const length = Math.floor(random() ** 3 * 400_000);
    const body = bytes(length, 1);
    const expected = Buffer.from(body);
    let cancel: ClientStream | undefined;
    let cancelled = false;
    const asked = ask(session, {
      body: [body],
      begun: (stream) => {
        cancel = stream;
      },
    });
    const gaveUp = sleep(random() < 0.3 ? random() * 8 : 5_000, undefined, { ref: false }).then(() => {
      cancel?.cancel();
      cancelled = true;
      body.fill(0xee);
      return undefined;
    });
    const answer = await Promise.race([asked, gaveUp]);
    if (cancelled || !answer) outcomes.cancelled++;
    else if (answer.broken) outcomes.broken++;
    else {
      outcomes.whole++;
      assert.ok(answer.body.equals(expected), 'its own bytes, and nobody else’s');
    }
  };
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 15 }, one));
  assert.ok(outcomes.whole > 20 && outcomes.cancelled > 20, JSON.stringify(outcomes));
  assert.equal(session.available, true);
});

describe('GOAWAY', () => {
  /** A server of raw frames: it waits until as many requests have come, and then says this. */
  async function rawServer(maxStreams: number, after: number, say: Buffer): Promise<{ port: number; begun(): number }> {
    let begun = 0;
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.write(settingsFrame([[Setting.MAX_CONCURRENT_STREAMS, maxStreams]]));
      let preface = 24;
      let rest = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        if (preface > 0 && rest.length >= preface) {
          rest = rest.subarray(preface);
          preface = 0;
        }
        while (preface === 0 && rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
          if (rest[3] === FrameType.HEADERS && ++begun === after) socket.write(say);
          rest = rest.subarray(9 + rest.readUIntBE(0, 3));
        }
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    atEnd(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    });
    return { port: (server.address() as AddressInfo).port, begun: () => begun };
  }

  const answerTo = (id: number): Buffer =>
    frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, id, encodeHeaders([[':status', '200']]));

  it('in the middle: what is beyond the last stream, and what waits, was not processed', async () => {
    const say = Buffer.concat([goawayFrame(3, ErrorCode.NO_ERROR), answerTo(1), answerTo(3)]);
    const { port, begun } = await rawServer(4, 4, say);
    const { session, closed, goaways } = await ownClient(port);
    const answers = await Promise.all(Array.from({ length: 7 }, () => ask(session)));
    const fates = answers.map(({ fields, broken }: OwnAnswer) => fields[':status'] ?? broken?.unprocessed);
    assert.deepEqual(fates, ['200', '200', true, true, true, true, true]);
    assert.equal(begun(), 4, 'none of those that waited has begun');
    assert.deepEqual(goaways, [ErrorCode.NO_ERROR]);
    assert.equal(session.available, false);
    assert.equal(await closed, undefined);
  });

  it('and the end of the connection: those that may have been processed say so', async () => {
    const { port } = await rawServer(100, 2, Buffer.concat([goawayFrame(1, ErrorCode.INTERNAL_ERROR)]));
    const { session, socket, goaways } = await ownClient(port);
    const asked = [ask(session), ask(session)];
    await eventually(() => goaways.length > 0);
    socket.destroy();
    const fates = (await Promise.all(asked)).map(({ broken }) => broken?.unprocessed);
    assert.deepEqual(fates, [false, true]);
  });

  const wrongs: Record<string, Buffer> = {
    'an interim response that ends the stream': frame(
      FrameType.HEADERS,
      Flag.END_HEADERS | Flag.END_STREAM,
      1,
      encodeHeaders([[':status', '100']]),
    ),
    'trailers that do not end the stream': Buffer.concat([
      frame(FrameType.HEADERS, Flag.END_HEADERS, 1, encodeHeaders([[':status', '200']])),
      frame(FrameType.HEADERS, Flag.END_HEADERS, 1, encodeHeaders([['a', 'b']])),
    ]),
    'DATA in front of HEADERS': frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.from('x')),
    'a response without a status': frame(FrameType.HEADERS, Flag.END_HEADERS, 1, encodeHeaders([['a', 'b']])),
  };
  for (const [name, say] of Object.entries(wrongs))
    it(`${name} breaks its stream alone`, async () => {
      const { port } = await rawServer(100, 1, say);
      const { session } = await ownClient(port);
      const { broken } = await ask(session);
      assert.equal(broken?.resetCode, ErrorCode.PROTOCOL_ERROR);
      assert.equal(session.available, true);
    });
});

it('a server that does not read: what was cancelled is let go', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.write(
      Buffer.concat([settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]]), windowUpdateFrame(0, 1 << 30)]),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(async () => void server.close());
  const { session, socket } = await ownClient((server.address() as AddressInfo).port);
  const streams: ClientStream[] = [];
  for (let i = 0; i < 20; i++) void ask(session, { body: [bytes(4_000_000, i)], begun: (one) => streams.push(one) });
  await sleep(50);
  assert.ok(socket.writableLength <= 4 * (1 << 18), `${socket.writableLength} bytes are with the socket`);
  for (const stream of streams) stream.cancel();
  session.close();
  await eventually(() => socket.destroyed);
});

it('close waits for what is under way and for what waits', async () => {
  const { port } = await nodeServer(echo, { settings: { maxConcurrentStreams: 1 } });
  const { session, closed } = await ownClient(port);
  const asked = [1, 2, 3].map((i) => ask(session, { body: [bytes(i * 50_000, i)] }));
  session.close();
  assert.equal(session.available, false);
  assert.ok((await Promise.all(asked)).every(({ broken }) => broken === undefined));
  assert.equal(await closed, undefined);
});

it('a reader that cancels others when the connection ends: those hear nothing more', async () => {
  const { port, sessions } = await nodeServer(() => {});
  const { session } = await ownClient(port);
  const heard: number[] = [];
  const streams: ClientStream[] = [];
  const head = encodeHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
  ]);
  const ignore = (): void => {};
  for (let i = 0; i < 3; i++) {
    const closed = (): void => {
      heard.push(i);
      for (const stream of streams) stream.cancel();
    };
    streams.push(session.request({ head, body: [] }, { headers: ignore, data: ignore, trailers: ignore, closed }));
  }
  await eventually(() => sessions.size === 1);
  session.destroy();
  assert.deepEqual(heard, [0]);
});
