// Frames out of a stream of bytes, however the socket cuts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../src/http2/frame-reader.js';
import { ConnectionError, ErrorCode, Flag, FrameType, frame } from '../../src/http2/frames.js';
import fc from '../support/property.js';

const MAX = 1 << 14;

type Seen =
  | { kind: 'frame'; type: number; flags: number; stream: number; payload: string }
  | { kind: 'data'; stream: number; content: string; flow: number; end: boolean }
  | { kind: 'unknown' };

/** What comes out of the chunks; the pieces of one DATA frame are put together again. */
class Sink {
  readonly turnOver = false;
  isClosed = false;
  readonly seen: Seen[] = [];
  private body: { content: Buffer[]; flow: number; stream: number } | undefined;
  private left = 0;

  /** `lengths`: of the DATA frames without padding, in order, by which their pieces are counted. */
  constructor(private readonly lengths: number[]) {}

  data(stream: number, chunk: Buffer, flow: number, end: boolean): void {
    if (!this.body) {
      this.body = { content: [], flow: 0, stream };
      this.left = this.lengths.shift() ?? 0;
    }
    assert.equal(stream, this.body.stream);
    this.body.content.push(Buffer.from(chunk));
    this.body.flow += flow;
    this.left -= flow;
    if (this.left > 0) {
      assert.equal(end, false, 'only the last piece ends the stream');
      return;
    }
    this.seen.push({
      kind: 'data',
      stream,
      content: Buffer.concat(this.body.content).toString('hex'),
      flow: this.body.flow,
      end,
    });
    this.body = undefined;
  }

  frame(type: number, flags: number, stream: number, payload: Buffer): void {
    this.seen.push({ kind: 'frame', type, flags, stream, payload: payload.toString('hex') });
  }

  begun(type: number): void {
    if (type > FrameType.CONTINUATION) this.seen.push({ kind: 'unknown' });
  }
}

interface Written {
  readonly bytes: Buffer;
  readonly seen: Seen;
  /** What it counts against windows, of DATA. */
  readonly flow: number | undefined;
}

const streams = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const flags = fc.nat(255);
const contents = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 1000, maxLength: 5000 }));
const fixedBytes = new Map<number, number>([
  [FrameType.PRIORITY, 5],
  [FrameType.RST_STREAM, 4],
  [FrameType.PING, 8],
  [FrameType.WINDOW_UPDATE, 4],
]);

const plainData: fc.Arbitrary<Written> = fc.record({ stream: streams, content: contents, end: fc.boolean() }).map(
  ({ stream, content, end }): Written => ({
    bytes: frame(FrameType.DATA, end ? Flag.END_STREAM : 0, stream, content),
    seen: { kind: 'data', stream, content: Buffer.from(content).toString('hex'), flow: content.length, end },
    flow: content.length,
  }),
);
const paddedData: fc.Arbitrary<Written> = fc
  .record({ stream: streams, content: contents, padding: fc.nat(255), end: fc.boolean() })
  .map(({ stream, content, padding, end }): Written => {
    const payload = Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]);
    return {
      bytes: frame(FrameType.DATA, Flag.PADDED | (end ? Flag.END_STREAM : 0), stream, payload),
      seen: { kind: 'data', stream, content: Buffer.from(content).toString('hex'), flow: payload.length, end },
      flow: payload.length,
    };
  });
const others: fc.Arbitrary<Written> = fc
  .record({ type: fc.integer({ min: 1, max: 9 }), flags, stream: fc.nat(2 ** 31 - 1), content: contents })
  .map(({ type, flags, stream, content }): Written => {
    const payload = Buffer.alloc(fixedBytes.get(type) ?? content.length, Buffer.concat([content, Buffer.from([7])]));
    return {
      bytes: frame(type, flags, stream, payload),
      seen: { kind: 'frame', type, flags, stream, payload: payload.toString('hex') },
      flow: undefined,
    };
  });
const unknown: fc.Arbitrary<Written> = fc
  .record({ type: fc.integer({ min: 10, max: 255 }), flags, stream: fc.nat(2 ** 31 - 1), content: contents })
  .map(
    ({ type, flags, stream, content }): Written => ({
      bytes: frame(type, flags, stream, content),
      seen: { kind: 'unknown' },
      flow: undefined,
    }),
  );
const anyFrames = fc.array(fc.oneof(plainData, paddedData, others, unknown), { maxLength: 12 });

/** Cuts at these places, which wrap around; a copy each, so that nobody reads beyond. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, i) => Buffer.from(bytes.subarray(start, at[i] ?? bytes.length)));
}

test('any cut of a stream gives the same frames', () => {
  fc.assert(
    fc.property(anyFrames, fc.array(fc.nat(), { maxLength: 20 }), (frames, places) => {
      const sink = new Sink(frames.flatMap(({ flow }) => flow ?? []));
      const reader = new FrameReader(sink, MAX);
      for (const chunk of cut(Buffer.concat(frames.map(({ bytes }) => bytes)), places)) {
        reader.push(chunk);
        // What was lent may be used again at once.
        chunk.fill(0xee);
      }
      assert.deepEqual(
        sink.seen,
        frames.map(({ seen }) => seen),
      );
    }),
    { numRuns: 500 },
  );
});

test('byte by byte, too', () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const sink = new Sink(frames.flatMap(({ flow }) => flow ?? []));
      const reader = new FrameReader(sink, MAX);
      for (const byte of Buffer.concat(frames.map(({ bytes }) => bytes))) reader.push(Buffer.from([byte]));
      assert.deepEqual(
        sink.seen,
        frames.map(({ seen }) => seen),
      );
    }),
    { numRuns: 50 },
  );
});

/** Codes of the errors that bytes end in; undefined: they do not. */
function codeOf(bytes: Buffer, max = MAX): number | undefined {
  const sink = { isClosed: false, data: () => {}, frame: () => {}, turnOver: false, begun: () => {} };
  try {
    new FrameReader(sink, max).push(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionError) return error.code;
    throw error;
  }
}

test('random bytes are frames, or an error of the connection, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, short) => {
      // Frames that are short enough to end.
      if (short) for (let at = 0; at < bytes.length; at += 9) bytes.fill(0, at, at + 2);
      codeOf(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('lengths that a type cannot have', () => {
  for (const [type, length] of fixedBytes) {
    assert.equal(codeOf(frame(type, 0, 1, Buffer.alloc(length))), undefined);
    for (const wrong of [0, length - 1, length + 1])
      assert.equal(codeOf(frame(type, 0, 1, Buffer.alloc(wrong))), ErrorCode.FRAME_SIZE_ERROR);
  }
});

test('the largest frame is taken, one byte more is refused by its header alone', () => {
  for (const type of [FrameType.DATA, FrameType.HEADERS, 77]) {
    assert.equal(codeOf(frame(type, 0, 1, Buffer.alloc(MAX))), undefined);
    assert.equal(codeOf(frame(type, 0, 1, Buffer.alloc(MAX + 1)).subarray(0, 9)), ErrorCode.FRAME_SIZE_ERROR);
  }
});

test('what has to be kept whole is bounded even where frames may be larger', () => {
  const header = (type: number, flags: number): Buffer => frame(type, flags, 1, Buffer.alloc(200_000)).subarray(0, 9);
  assert.equal(codeOf(header(FrameType.DATA, 0), 1 << 20), undefined);
  assert.equal(codeOf(header(FrameType.DATA, Flag.PADDED), 1 << 20), ErrorCode.ENHANCE_YOUR_CALM);
  assert.equal(codeOf(header(FrameType.HEADERS, 0), 1 << 20), ErrorCode.ENHANCE_YOUR_CALM);
});

test('padding that is longer than its frame', () => {
  const padded = (...payload: number[]): Buffer => frame(FrameType.DATA, Flag.PADDED, 1, Buffer.from(payload));
  assert.equal(codeOf(padded()), ErrorCode.PROTOCOL_ERROR);
  assert.equal(codeOf(padded(1)), ErrorCode.PROTOCOL_ERROR);
  assert.equal(codeOf(padded(4, 0, 0, 0)), ErrorCode.PROTOCOL_ERROR);
  assert.equal(codeOf(padded(3, 0, 0, 0)), undefined);
});

test('DATA of no stream', () => {
  assert.equal(codeOf(frame(FrameType.DATA, 0, 0, Buffer.alloc(0))), ErrorCode.PROTOCOL_ERROR);
});

test('a sink that wants no more gets no more', () => {
  const types: number[] = [];
  const sink = {
    isClosed: false,
    data: () => {},
    turnOver: false,
    begun: () => {},
    frame: (type: number) => {
      types.push(type);
      sink.isClosed = true;
    },
  };
  const ping = frame(FrameType.PING, 0, 0, Buffer.alloc(8));
  new FrameReader(sink, MAX).push(Buffer.concat([ping, ping, ping]));
  assert.deepEqual(types, [FrameType.PING]);
});
