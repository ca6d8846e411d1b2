// Clients that want to do harm, frame by frame: each is sent away or borne, with what it costs bounded.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameReader } from '../../src/http2/frame-reader.js';
import {
  ErrorCode,
  Flag,
  FrameType,
  frame,
  PREFACE,
  pingFrame,
  resetFrame,
  SETTINGS_ACK,
  Setting,
  settingsFrame,
  windowUpdateFrame,
} from '../../src/http2/frames.js';
import { encodeHeaders } from '../../src/http2/index.js';
import { answer, type OwnServer, ownServer, whole } from '../support/http2-own.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';

afterEach(endAll);

const BLOCK = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
]);
const request = (id: number, end = true): Buffer =>
  frame(FrameType.HEADERS, Flag.END_HEADERS | (end ? Flag.END_STREAM : 0), id, BLOCK);
const echo = (stream: Parameters<typeof answer>[0]) => whole((body) => answer(stream, body, { 'x-done': '1' }));

interface Attacker {
  readonly socket: Socket;
  /** Frames that came, as type and, of GOAWAY and RST_STREAM, code. */
  readonly seen: [type: number, code: number | undefined][];
  readonly goaway: () => number | undefined;
}

/** Connects and says hello. Reads what comes unless told not to. */
async function attacker(port: number, settings: [number, number][] = [], reads = true): Promise<Attacker> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  atEnd(async () => socket.destroy());
  const seen: Attacker['seen'] = [];
  const reader = new FrameReader(
    {
      isClosed: false,
      data: () => seen.push([FrameType.DATA, undefined]),
      turnOver: false,
      begun: () => {},
      frame: (type, _flags, _id, payload) => {
        const at = { [FrameType.GOAWAY]: 4, [FrameType.RST_STREAM]: 0 }[type];
        seen.push([type, at === undefined ? undefined : payload.readUInt32BE(at)]);
      },
    },
    1 << 20,
  );
  if (reads) socket.on('data', (chunk: Buffer) => reader.push(chunk));
  else socket.pause();
  await once(socket, 'connect');
  socket.write(Buffer.concat([PREFACE, settingsFrame(settings)]));
  return { socket, seen, goaway: () => seen.find(([type]) => type === FrameType.GOAWAY)?.[1] };
}

/** Sends `burst(i)` again and again, as fast as the socket takes it, until the server has had enough. True: it had. */
async function flood(server: OwnServer, socket: Socket, burst: (i: number) => Buffer, most: number): Promise<boolean> {
  for (let i = 0; i < most && server.sessions.size > 0; i++) {
    if (!socket.write(burst(i))) await Promise.race([once(socket, 'drain').catch(() => {}), sleep(100)]);
    if (i % 16 === 0) await sleep(0);
  }
  const deadline = Date.now() + 3_000;
  while (server.sessions.size > 0 && Date.now() < deadline) await sleep(10);
  return server.sessions.size === 0;
}

/** Somebody else has an answer: HEADERS, and trailers. */
async function othersAreServed({ port }: OwnServer): Promise<void> {
  const { socket, seen } = await attacker(port);
  socket.write(request(1));
  await eventually(() => seen.filter(([type]) => type === FrameType.HEADERS).length === 2);
  socket.destroy();
}

describe('streams that are opened to be given up', () => {
  it('by the client (rapid reset)', async () => {
    const server = await ownServer(() => whole(() => {}));
    const { socket, goaway } = await attacker(server.port);
    for (let id = 1; id < 4_000; id += 2)
      socket.write(Buffer.concat([request(id, false), resetFrame(id, ErrorCode.CANCEL)]));
    await eventually(() => goaway() !== undefined);
    assert.equal(goaway(), ErrorCode.ENHANCE_YOUR_CALM);
    assert.ok(server.counts.called < 1_200, String(server.counts.called));
    await eventually(() => server.counts.closed === server.counts.called);
    await othersAreServed(await ownServer(echo));
  });

  const provocations: Record<string, (id: number) => Buffer> = {
    'a window opened too far': (id) =>
      Buffer.concat([windowUpdateFrame(id, 2 ** 31 - 1), windowUpdateFrame(id, 2 ** 31 - 1)]),
    'DATA behind the end': (id) => frame(FrameType.DATA, 0, id, Buffer.alloc(1)),
    'a priority on itself': (id) => {
      const payload = Buffer.alloc(5);
      payload.writeUInt32BE(id);
      return frame(FrameType.PRIORITY, 0, id, payload);
    },
  };
  for (const [name, provoke] of Object.entries(provocations))
    it(`by the server, provoked by ${name}`, async () => {
      const server = await ownServer(() => whole(() => {}));
      const { socket, goaway } = await attacker(server.port);
      for (let id = 1; id < 4_000; id += 2) socket.write(Buffer.concat([request(id), provoke(id)]));
      await eventually(() => goaway() !== undefined);
      assert.equal(goaway(), ErrorCode.ENHANCE_YOUR_CALM);
      assert.ok(server.counts.called < 1_200, String(server.counts.called));
      await eventually(() => server.counts.closed === server.counts.called);
    });
});

describe('frames of a stream that was never begun (RFC 9113, 5.1 and 5.1.1) end the connection', () => {
  const frames: Record<string, (id: number) => Buffer> = {
    DATA: (id) => frame(FrameType.DATA, 0, id, Buffer.alloc(1)),
    RST_STREAM: (id) => frame(FrameType.RST_STREAM, 0, id, Buffer.alloc(4)),
    WINDOW_UPDATE: (id) => windowUpdateFrame(id, 1),
  };
  // Even numbers are the server's, below and beyond the last stream of the client; 7 is the client's next but one.
  for (const [name, one] of Object.entries(frames))
    for (const id of [2, 6, 7])
      it(`${name} of stream ${id}`, async () => {
        const server = await ownServer(echo);
        const { socket, goaway } = await attacker(server.port);
        socket.write(Buffer.concat([request(3, false), one(id)]));
        await eventually(() => goaway() !== undefined);
        assert.equal(goaway(), ErrorCode.PROTOCOL_ERROR);
      });
});

describe('a client that does not read', () => {
  it('and makes answers: it is sent away', async () => {
    const server = await ownServer((stream) => {
      stream.respond({
        head: encodeHeaders([
          [':status', '200'],
          ['x', 'y'.repeat(200)],
        ]),
        body: [],
      });
      return undefined;
    });
    const { socket } = await attacker(server.port, [], false);
    const burst = (i: number): Buffer =>
      Buffer.concat(Array.from({ length: 200 }, (_, j) => request(400 * i + 2 * j + 1)));
    assert.equal(await flood(server, socket, burst, 2_000), true);
    assert.match(String(server.errors[0]), /ENHANCE_YOUR_CALM|ECONNRESET|EPIPE/);
  });

  for (const [name, one] of [
    ['PING', pingFrame(Buffer.alloc(8), false)],
    ['SETTINGS', settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 7]])],
  ] as const)
    it(`and sends ${name}: it is sent away`, async () => {
      const server = await ownServer(echo);
      const { socket } = await attacker(server.port, [], false);
      const burst = Buffer.concat(Array(2_000).fill(one));
      assert.equal(await flood(server, socket, () => burst, 2_000), true);
    });

  it('and closes its half: the socket is not kept', async () => {
    const server = await ownServer((stream) => {
      answer(stream, Buffer.alloc(1 << 24));
      return undefined;
    });
    const wide: [number, number][] = [[Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]];
    const { socket } = await attacker(server.port, wide, false);
    socket.write(Buffer.concat([windowUpdateFrame(0, 1 << 30), request(1)]));
    await eventually(() => server.counts.called === 1);
    socket.end();
    await eventually(() => server.sessions.size === 0);
  });
});

it('answers that wait for a window count as streams: a client has as many as it may', async () => {
  const server = await ownServer((stream) => {
    answer(stream, Buffer.alloc(100));
    return undefined;
  });
  const { socket, seen } = await attacker(server.port, [[Setting.INITIAL_WINDOW_SIZE, 0]]);
  for (let id = 1; id < 1_000; id += 2) socket.write(request(id));
  const refused = (): number => seen.filter(([, code]) => code === ErrorCode.REFUSED_STREAM).length;
  await eventually(() => refused() === 400);
  assert.equal(server.counts.called, 100);
  for (const session of server.sessions) session.destroy();
});

describe('frames that lead to nothing', () => {
  const idle: Record<string, Buffer> = {
    'empty DATA': frame(FrameType.DATA, 0, 1, Buffer.alloc(0)),
    'DATA of one octet': frame(FrameType.DATA, 0, 1, Buffer.alloc(1)),
    'padded DATA': frame(FrameType.DATA, Flag.PADDED, 1, Buffer.alloc(257, 255).fill(0, 2)),
    PRIORITY: frame(FrameType.PRIORITY, 0, 99, Buffer.alloc(5)),
    'unknown frames': frame(0x77, 0xff, 5, Buffer.alloc(3)),
    'unknown frames of a megabyte': frame(0x77, 0xff, 5, Buffer.alloc(16_000)),
    WINDOW_UPDATE: windowUpdateFrame(0, 1),
    PING: pingFrame(Buffer.alloc(8), false),
    SETTINGS: settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 7]]),
    acknowledgements: SETTINGS_ACK,
  };
  for (const [name, one] of Object.entries(idle))
    it(`${name}: some are borne, more are not`, async () => {
      const windows = { stream: 1 << 24, connection: 1 << 24, frame: 1 << 14 };
      const server = await ownServer(echo, { windows });
      const { socket, seen, goaway } = await attacker(server.port);
      socket.write(request(1, false));
      socket.write(Buffer.concat(Array(100).fill(one)));
      socket.write(Buffer.concat([request(3, false), frame(FrameType.DATA, Flag.END_STREAM, 3, Buffer.from('x'))]));
      await eventually(() => seen.some(([type]) => type === FrameType.DATA));
      const burst = Buffer.concat(Array(1_000).fill(one));
      assert.equal(await flood(server, socket, () => burst, 200), true);
      await eventually(() => goaway() === ErrorCode.ENHANCE_YOUR_CALM);
    });

  it('requests that are refused or malformed', async () => {
    // A literal whose name has a letter in upper case.
    const upper = Buffer.concat([BLOCK, Buffer.from([0, 1, 0x58, 0])]);
    const malformed = (id: number) => frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, id, upper);
    for (const one of [malformed, (id: number) => request(id, false)]) {
      const server = await ownServer(() => whole(() => {}));
      const { socket, goaway } = await attacker(server.port);
      const burst = (i: number): Buffer =>
        Buffer.concat(Array.from({ length: 200 }, (_, j) => one(400 * i + 2 * j + 1)));
      assert.equal(await flood(server, socket, burst, 100), true);
      assert.equal(goaway(), ErrorCode.ENHANCE_YOUR_CALM);
    }
  });
});

describe('peers take turns', () => {
  it('a chunk full of requests does not run in one turn of the event loop', async () => {
    const perTurn: number[] = [];
    let turn = 0;
    const server = await ownServer(() =>
      whole(() => {
        if (perTurn.length === turn) perTurn.push(0);
        perTurn[turn]! += 1;
        setImmediate(() => {
          turn = perTurn.length;
        });
      }),
    );
    const { socket } = await attacker(server.port);
    const one = (id: number): Buffer =>
      Buffer.concat([request(id, false), frame(FrameType.DATA, Flag.END_STREAM, id, Buffer.from('x'))]);
    socket.write(Buffer.concat(Array.from({ length: 90 }, (_, i) => one(2 * i + 1))));
    await eventually(() => perTurn.reduce((sum, count) => sum + count, 0) === 90);
    assert.ok(Math.max(...perTurn) <= 10, String(perTurn));
  });

  it('what waits for its turn is passed over when the connection ends', async () => {
    const server = await ownServer(() => whole(() => {}));
    const { socket } = await attacker(server.port);
    socket.write(Buffer.concat(Array(6_000).fill(pingFrame(Buffer.alloc(8), false))));
    await eventually(() => server.sessions.size === 0 || server.counts.called === 0);
    for (const session of server.sessions) session.destroy();
    await eventually(() => server.sessions.size === 0);
  });
});

describe('what is borne', () => {
  it('a client that goes slowly, byte by byte', async () => {
    const server = await ownServer(echo);
    const socket = connect(server.port, '127.0.0.1').setNoDelay();
    atEnd(async () => socket.destroy());
    let came = 0;
    socket.on('data', (chunk: Buffer) => {
      came += chunk.length;
    });
    const body = frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.from('hello'));
    for (const byte of Buffer.concat([PREFACE, settingsFrame([]), request(1, false), body])) {
      socket.write(Buffer.from([byte]));
      await sleep(0);
    }
    await eventually(() => server.counts.closed === 1 && came > 60);
  });
});

it('CONTINUATION without end', async () => {
  const server = await ownServer(echo);
  for (const piece of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(16_000)]) {
    const { socket, goaway } = await attacker(server.port);
    socket.write(frame(FrameType.HEADERS, 0, 1, BLOCK));
    for (let i = 0; i < 200; i++) socket.write(frame(FrameType.CONTINUATION, 0, 1, piece));
    await eventually(() => goaway() !== undefined);
    assert.equal(goaway(), ErrorCode.ENHANCE_YOUR_CALM);
  }
  assert.equal(server.counts.called, 0);
  await othersAreServed(server);
});

it('HTTP/1.1, and a preface that is wrong at any byte', async () => {
  const server = await ownServer(echo);
  const wrongs = [...PREFACE].map((_, at) => {
    const wrong = Buffer.from(PREFACE);
    wrong[at]! ^= 0x20;
    return wrong;
  });
  for (const hello of [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), ...wrongs]) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    socket.resume();
    socket.write(hello);
    await once(socket, 'close');
  }
  await eventually(() => server.sessions.size === 0);
  await othersAreServed(server);
});

it('a valid exchange that is cut at any byte leaves nothing behind', async () => {
  const server = await ownServer(echo);
  const data = frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.alloc(20, 1));
  const ping = pingFrame(Buffer.alloc(8), false);
  const all = Buffer.concat([PREFACE, settingsFrame([[1, 0]]), SETTINGS_ACK, request(1, false), data, ping]);
  for (let cut = 0; cut <= all.length; cut++) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.resume();
    socket.write(all.subarray(0, cut));
    if (cut % 2 === 0) socket.end();
    else socket.resetAndDestroy();
  }
  await eventually(() => server.sessions.size === 0 && server.counts.closed === server.counts.called);
  await othersAreServed(server);
});

it('random bytes behind the preface', async () => {
  const server = await ownServer(echo);
  for (let seed = 0; seed < 100; seed++) {
    const { socket } = await attacker(server.port);
    const noise = Buffer.from(
      Array.from({ length: 500 }, (_, i) => (Math.imul(seed * 500 + i, 2_654_435_761) >>> 13) & 255),
    );
    // Lengths that end within the noise.
    for (let at = 0; at < noise.length; at += 9) noise.fill(0, at, at + 2);
    socket.end(noise);
  }
  await eventually(() => server.sessions.size === 0 && server.counts.closed === server.counts.called);
  await othersAreServed(server);
});

it('a graceful shutdown of a client that opens no window ends with the word of whoever bounds it', async () => {
  const server = await ownServer(echo);
  const { socket, goaway } = await attacker(server.port, [[Setting.INITIAL_WINDOW_SIZE, 0]]);
  socket.write(Buffer.concat([request(1, false), frame(FrameType.DATA, Flag.END_STREAM, 1, Buffer.from('x'))]));
  await eventually(() => server.counts.closed === 1);
  for (const session of server.sessions) session.drain();
  await eventually(() => goaway() === ErrorCode.NO_ERROR);
  assert.equal(server.sessions.size, 1);
  for (const session of server.sessions) session.destroy();
  await eventually(() => server.sessions.size === 0);
});
