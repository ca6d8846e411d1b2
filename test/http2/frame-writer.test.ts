// What leaves a connection, against a model of the peer that counts its windows: nothing too early, nothing lost,
// nothing read too late.
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FrameReader } from '../../src/http2/frame-reader.js';
import { FrameWriter } from '../../src/http2/frame-writer.js';
import { DEFAULT_WINDOW, Flag, FrameType, resetFrame, Setting, settingsFrame } from '../../src/http2/frames.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { PeerSettings } from '../../src/http2/peer-settings.js';
import fc from '../support/property.js';

const HEAD = encodeHeaders([[':status', '200']]);
const TRAILERS = encodeHeaders([['grpc-status', '0']]);
const OVERHEAD = 9;

interface Arrived {
  body: Buffer[];
  blocks: number;
  ended: boolean;
  window: number;
}

/**
 * The peer: windows as it has granted them, and what has come. Settings count for what is written after they were read.
 */
class Peer {
  readonly turnOver = false;
  readonly isClosed = false;
  readonly streams = new Map<number, Arrived>();
  readonly settings: PeerSettings = new PeerSettings();
  readonly socket: Writable;
  window = DEFAULT_WINDOW;
  /** Writes that have not been taken, where it does not take them at once. */
  readonly held: (() => void)[] = [];
  reads = true;
  private readonly reader: FrameReader = new FrameReader(this, 1 << 24);
  /** Counts against the windows what is written, when it is written: what the peer says later is not yet known then. */
  private readonly ledger: FrameReader = new FrameReader(
    { isClosed: false, data: (id, _, flow) => this.count(id, flow), frame: () => {}, turnOver: false, begun: () => {} },
    1 << 24,
  );

  constructor() {
    this.socket = new Writable({
      write: (chunk: Buffer, _encoding, taken) => {
        this.reader.push(chunk);
        if (this.reads) taken();
        else this.held.push(taken);
      },
    });
    const write = this.socket.write.bind(this.socket) as (...args: unknown[]) => boolean;
    this.socket.write = (chunk: Buffer, ...rest: unknown[]) => {
      this.ledger.push(chunk);
      return write(chunk, ...rest);
    };
  }

  take(): void {
    this.reads = true;
    for (const taken of this.held.splice(0)) taken();
  }

  open(id: number): Arrived {
    const known = this.streams.get(id);
    if (known) return known;
    const fresh = { body: [], blocks: 0, ended: false, window: this.settings.initialWindow };
    this.streams.set(id, fresh);
    return fresh;
  }

  set(...settings: (readonly [number, number])[]): number {
    const before = this.settings.initialWindow;
    this.settings.read(settingsFrame(settings).subarray(OVERHEAD));
    const difference = this.settings.initialWindow - before;
    for (const stream of this.streams.values()) stream.window += difference;
    return difference;
  }

  data(id: number, chunk: Buffer, _flow: number, end: boolean): void {
    const stream = this.open(id);
    assert.ok(!stream.ended && stream.blocks === 1, 'DATA behind HEADERS and in front of the end');
    stream.body.push(Buffer.from(chunk));
    stream.ended = end;
  }

  private count(id: number, flow: number): void {
    const stream = this.open(id);
    stream.window -= flow;
    this.window -= flow;
    if (flow > 0) assert.ok(stream.window >= 0 && this.window >= 0, 'no window is exceeded');
  }

  frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FrameType.RST_STREAM) return;
    assert.equal(type, FrameType.HEADERS);
    assert.ok(payload.length <= this.settings.maxFrameBytes);
    const stream = this.open(id);
    assert.equal(stream.ended, false);
    stream.blocks++;
    stream.ended = (flags & Flag.END_STREAM) !== 0;
  }

  begun(type: number): void {
    assert.ok(type <= FrameType.CONTINUATION, 'a frame of an unknown type');
  }
}

/** One thing that happens; numbers are taken modulo what there is. */
type Step =
  | { does: 'send'; pieces: number[]; trailers: boolean }
  | { does: 'open'; stream: number; bytes: number }
  | { does: 'openConnection'; bytes: number }
  | { does: 'settings'; window: number }
  | { does: 'frameSize'; bytes: number }
  | { does: 'cancel'; stream: number }
  | { does: 'hold' }
  | { does: 'take' }
  | { does: 'wait' };

const lengths = fc.oneof(fc.nat(20), fc.nat(5_000), fc.nat(300_000));
const increments = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 200_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constant('send' as const),
    pieces: fc.array(lengths, { maxLength: 4 }),
    trailers: fc.boolean(),
  }),
  fc.record({ does: fc.constant('open' as const), stream: fc.nat(), bytes: increments }),
  fc.record({ does: fc.constant('openConnection' as const), bytes: increments }),
  fc.record({
    does: fc.constant('settings' as const),
    window: fc.oneof(fc.nat(1000), fc.nat(100_000), fc.constant(0)),
  }),
  fc.record({ does: fc.constant('frameSize' as const), bytes: fc.integer({ min: 1 << 14, max: 1 << 20 }) }),
  fc.record({ does: fc.constant('cancel' as const), stream: fc.nat() }),
  fc.constant({ does: 'hold' as const }),
  fc.constant({ does: 'take' as const }),
  fc.constant({ does: 'wait' as const }),
);

interface Sent {
  /** What the pieces had in them when they were handed over. */
  readonly content: Buffer;
  readonly pieces: Buffer[];
  cancelled: boolean;
}

/** An writer, its peer and everything that was sent. */
class Scene {
  readonly peer: Peer = new Peer();
  readonly sent = new Map<number, Sent>();
  drained = 0;
  readonly writer: FrameWriter = new FrameWriter(this.peer.socket as never, this.peer.settings, () => this.drained++);
  private nextId = 1;
  private byte = 0;

  async run(one: Step): Promise<void> {
    switch (one.does) {
      case 'send':
        this.send(one.pieces, one.trailers);
        return;
      case 'open':
        this.open(this.pick(one.stream), one.bytes);
        return;
      case 'openConnection':
        this.peer.window += one.bytes;
        assert.ok(this.writer.openConnection(one.bytes));
        return;
      case 'settings':
        assert.ok(this.writer.initialWindowChanged(this.peer.set([Setting.INITIAL_WINDOW_SIZE, one.window])));
        return;
      case 'frameSize':
        this.peer.set([Setting.MAX_FRAME_SIZE, one.bytes]);
        return;
      case 'cancel':
        this.cancel(this.pick(one.stream));
        return;
      case 'hold':
        this.peer.reads = false;
        return;
      case 'take':
        this.peer.take();
        return;
      case 'wait':
        await setImmediate();
    }
  }

  private pick(stream: number): number {
    return this.nextId === 1 ? 0 : 1 + 2 * (stream % ((this.nextId - 1) / 2));
  }

  private send(lengths: number[], trailers: boolean): void {
    const id = this.nextId;
    this.nextId += 2;
    const pieces = lengths.map((length) => Buffer.alloc(length, Buffer.from([++this.byte, this.byte >> 3, 7])));
    this.sent.set(id, { content: Buffer.concat(pieces), pieces, cancelled: false });
    // The stream begins with its windows before any of its bytes come.
    this.peer.open(id);
    this.writer.send(id, { head: HEAD, body: pieces, trailers: trailers ? TRAILERS : undefined });
  }

  private open(id: number, bytes: number): void {
    if (!this.writer.isUnderway(id)) return;
    this.peer.open(id).window += bytes;
    assert.ok(this.writer.openStream(id, bytes));
  }

  private cancel(id: number): void {
    if (!this.writer.isUnderway(id)) return;
    this.writer.drop(id);
    const sent = this.sent.get(id)!;
    sent.cancelled = true;
    // Whoever reads this now sends what nobody meant.
    for (const piece of sent.pieces) piece.fill(0xee);
  }

  /** Everything that can leave has left, once windows are wide open. */
  async openAll(): Promise<void> {
    this.peer.take();
    for (const id of this.sent.keys()) this.open(id, 1 << 28);
    this.peer.window += 1 << 30;
    assert.ok(this.writer.openConnection(1 << 30));
    for (let turn = 0; this.writer.waiting > 0 && turn < 1000; turn++) await setImmediate();
  }

  check(): void {
    for (const [id, { content, cancelled }] of this.sent) {
      const arrived = this.peer.open(id);
      const body = Buffer.concat(arrived.body);
      assert.ok(body.equals(content.subarray(0, body.length)), `stream ${id} has the bytes it was given`);
      assert.equal(arrived.ended, !cancelled, `stream ${id} has ended unless it was cancelled`);
      if (!cancelled) assert.equal(body.length, content.length);
    }
  }
}

test('every message arrives as it was, no window is exceeded, and cancelled memory is not read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const scene = new Scene();
      for (const one of steps) await scene.run(one);
      await scene.openAll();
      scene.check();
      assert.equal(scene.writer.waiting, 0);
    }),
    { numRuns: 200 },
  );
});

test('messages take turns: a small one does not wait for the end of a large one', async () => {
  const scene = new Scene();
  scene.peer.set([Setting.INITIAL_WINDOW_SIZE, 1 << 30]);
  scene.peer.window += 1 << 30;
  scene.writer.openConnection(1 << 30);
  scene.peer.reads = false;
  await scene.run({ does: 'send', pieces: [5_000_000], trailers: false });
  await scene.run({ does: 'send', pieces: [100], trailers: true });
  for (let turn = 0; turn < 4; turn++) {
    for (const taken of scene.peer.held.splice(0)) taken();
    await setImmediate();
  }
  assert.ok(scene.peer.open(3).ended);
  assert.ok(!scene.peer.open(1).ended);
  await scene.openAll();
  scene.check();
});

test('a window that is opened byte by byte while nobody reads does not fill the socket', async () => {
  const scene = new Scene();
  scene.peer.set([Setting.INITIAL_WINDOW_SIZE, 0]);
  scene.peer.reads = false;
  await scene.run({ does: 'send', pieces: [100_000], trailers: false });
  for (let i = 0; i < 5_000; i++) await scene.run({ does: 'open', stream: 0, bytes: 1 });
  assert.ok(scene.peer.socket.writableLength < 200, `${scene.peer.socket.writableLength} bytes wait`);
  await scene.openAll();
  scene.check();
});

test('frames that follow a message come behind its end', async () => {
  for (const trailers of [TRAILERS, undefined]) {
    for (const body of [[], [Buffer.alloc(10, 1)]]) {
      const peer = new Peer();
      peer.set([Setting.INITIAL_WINDOW_SIZE, 4]);
      const writer = new FrameWriter(peer.socket as never, peer.settings, () => {});
      const resets: boolean[] = [];
      const { frame } = peer;
      peer.frame = (type, flags, id, payload) => {
        if (type === FrameType.RST_STREAM) resets.push(peer.open(id).ended);
        else frame.call(peer, type, flags, id, payload);
      };
      peer.open(1);
      writer.send(1, { head: HEAD, body, trailers }, 0, resetFrame(1, 0));
      if (writer.isUnderway(1)) {
        assert.deepEqual(resets, []);
        peer.open(1).window += 100;
        writer.openStream(1, 100);
      }
      await setImmediate();
      assert.deepEqual(resets, [true]);
    }
  }
});

test('windows can be opened as far as 2³¹ − 1, and no further', () => {
  const most = 2 ** 31 - 1;
  assert.equal(new Scene().writer.openConnection(most - DEFAULT_WINDOW), true);
  assert.equal(new Scene().writer.openConnection(most - DEFAULT_WINDOW + 1), false);
  const { writer } = new Scene();
  // The first takes all of its own window and of the connection's: the second cannot begin.
  for (const id of [1, 3]) writer.send(id, { head: HEAD, body: [Buffer.alloc(1 << 20)] });
  assert.equal(writer.openStream(1, most), true);
  assert.equal(writer.openStream(1, 1), false);
  writer.drop(1);
  assert.equal(writer.initialWindowChanged(most - DEFAULT_WINDOW), true);
  assert.equal(writer.initialWindowChanged(1), false);
});

test('only the first block says that there is no table', async () => {
  const peer = new Peer();
  const blocks: string[] = [];
  peer.frame = (_type, _flags, _id, payload) => blocks.push(payload.toString('hex'));
  const writer = new FrameWriter(peer.socket as never, peer.settings, () => {});
  for (const id of [1, 3, 5]) writer.send(id, { head: HEAD, body: [], trailers: TRAILERS });
  await setImmediate();
  const [head, trailers] = [HEAD.toString('hex'), TRAILERS.toString('hex')];
  assert.deepEqual(blocks, [`20${head}`, trailers, head, trailers, head, trailers]);
});
