// HTTP/2 frames written by hand, for sequences that no client library lets one send (RFC 9113, section 6).
import { NAMES } from '../../src/otlp/messages.js';
import { literal } from './hpack.js';

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
export const END_STREAM = 1;
const END_HEADERS = 4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The frame that opens an Export call. */
export function exportHeaders(stream: number): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'localhost',
    ':path': NAMES.metrics.grpcPath,
    'content-type': 'application/grpc',
  };
  const block = Object.entries(fields).map(([name, value]) => literal('plain', name, value));
  return frame(FrameType.HEADERS, END_HEADERS, stream, Buffer.concat(block));
}

export function reset(stream: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(FrameType.RST_STREAM, 0, stream, payload);
}
