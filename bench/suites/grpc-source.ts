// A sender for benchmarks: calls in frames of 16 KiB, as Go's gRPC writes them, whatever the server would take. Forked;
// does what it is told.
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../../src/http2/frame-reader.js';
import {
  Flag,
  FrameType,
  frame,
  headerFrames,
  MIN_FRAME_BYTES,
  PREFACE,
  settingsFrame,
} from '../../src/http2/frames.js';
import { encodeHeaders } from '../../src/http2/index.js';
import { frameMessage, NAMES } from '../../src/otlp/index.js';

/** What the parent asks for. */
export interface SourceOrder {
  readonly port: number;
  readonly bodyBytes: number;
  readonly requests: number;
  readonly inFlight: number;
}

const HEAD = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', NAMES.metrics.grpcPath],
  [':authority', 'localhost'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]);

/** The frames of one call; only the number of the stream differs from call to call. */
function callFrames(streamId: number, message: Buffer): Buffer {
  const frames = [headerFrames(streamId, HEAD, false, MIN_FRAME_BYTES)];
  for (let at = 0; at < message.length; at += MIN_FRAME_BYTES) {
    const end = at + MIN_FRAME_BYTES >= message.length ? Flag.END_STREAM : 0;
    frames.push(frame(FrameType.DATA, end, streamId, message.subarray(at, at + MIN_FRAME_BYTES)));
  }
  return Buffer.concat(frames);
}

/** Sends all calls, `inFlight` at a time; resolves when each was answered. */
function run({ port, bodyBytes, requests, inFlight }: SourceOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const message = frameMessage(new Uint8Array(bodyBytes));
    let sent = 0;
    let answered = 0;
    const next = (): void => void (sent < requests && socket.write(callFrames(2 * sent++ + 1, message)));
    const ended = (): void => {
      answered++;
      next();
      if (answered < requests) return;
      socket.destroy();
      resolve();
    };
    const reader = new FrameReader(
      {
        isClosed: false,
        data: (_id, _chunk, _bytes, end) => end && ended(),
        frame: (type, flags) => type === FrameType.HEADERS && (flags & Flag.END_STREAM) !== 0 && ended(),
        turnOver: false,
        begun: () => {},
      },
      MIN_FRAME_BYTES,
    );
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', reject);
    socket.write(Buffer.concat([PREFACE, settingsFrame([])]));
    for (let i = 0; i < inFlight; i++) next();
  });
}

process.on('message', (order: SourceOrder) => void run(order).then(() => process.send?.('done')));
process.on('disconnect', () => process.exit());
