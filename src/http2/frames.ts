// The frames of HTTP/2 (RFC 9113, 4 and 6): their numbers, and how those are made that are sent.

/** What a client sends first (3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const FRAME_HEADER_BYTES = 9;

/** Largest frame that a peer takes unless it says otherwise, and the least that it may say (6.5.2). */
export const MIN_FRAME_BYTES: number = 1 << 14;
export const MAX_FRAME_BYTES: number = (1 << 24) - 1;

/** Window of streams and of the connection before anybody says otherwise, and the largest (6.9). */
export const DEFAULT_WINDOW = 65_535;
export const MAX_WINDOW: number = 2 ** 31 - 1;

export const MAX_STREAM_ID: number = 2 ** 31 - 1;

/** Of the connection itself, not of a stream. */
export const CONNECTION = 0;

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Frames that may only come with a stream, and those that may only come without. */
export const STREAM_FRAMES: ReadonlySet<number> = new Set<number>([
  FrameType.HEADERS,
  FrameType.PRIORITY,
  FrameType.RST_STREAM,
  FrameType.PUSH_PROMISE,
  FrameType.CONTINUATION,
]);
export const CONNECTION_FRAMES: ReadonlySet<number> = new Set<number>([
  FrameType.SETTINGS,
  FrameType.PING,
  FrameType.GOAWAY,
]);

export const Flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

const CODE_NAMES: readonly string[] = Object.keys(ErrorCode);

/** What ends the connection with a GOAWAY (5.4.1). */
export class ConnectionError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(`${nameOf(code)}: ${message}`);
  }
}

/** What ends one stream with a RST_STREAM (5.4.2). */
export class StreamError extends Error {
  constructor(
    readonly streamId: number,
    readonly code: number,
    message: string,
  ) {
    super(`${nameOf(code)}: ${message}`);
  }
}

/** `PROTOCOL_ERROR` for 1; the number itself where it has no name. */
export function nameOf(code: number): string {
  return CODE_NAMES[code] ?? `error ${code}`;
}

/** Writes the nine bytes in front of a payload (4.1). */
export function writeFrameHeader(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target.writeUInt32BE(streamId, at + 5);
}

/** One whole frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** SETTINGS from pairs of identifier and value. */
export function settingsFrame(settings: Iterable<readonly [id: number, value: number]>): Buffer {
  const pairs = [...settings];
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [i, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  }
  return frame(FrameType.SETTINGS, 0, CONNECTION, payload);
}

export const SETTINGS_ACK: Buffer = frame(FrameType.SETTINGS, Flag.ACK, CONNECTION, new Uint8Array());

export function windowUpdateFrame(streamId: number, bytes: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(bytes));
}

export function resetFrame(streamId: number, code: number): Buffer {
  return frame(FrameType.RST_STREAM, 0, streamId, uint32(code));
}

/** `payload`: the eight bytes that the answer repeats. */
export function pingFrame(payload: Uint8Array, ack: boolean): Buffer {
  return frame(FrameType.PING, ack ? Flag.ACK : 0, CONNECTION, payload);
}

export function goawayFrame(lastStreamId: number, code: number, debug = ''): Buffer {
  const payload = Buffer.concat([uint32(lastStreamId), uint32(code), Buffer.from(debug)]);
  return frame(FrameType.GOAWAY, 0, CONNECTION, payload);
}

/** HEADERS, and CONTINUATION where the block is longer than a frame may be (6.10). */
export function headerFrames(streamId: number, block: Buffer, endStream: boolean, maxFrameBytes: number): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += maxFrameBytes) {
    const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
    const ends = at === 0 && endStream ? Flag.END_STREAM : 0;
    const last = at + maxFrameBytes >= block.length ? Flag.END_HEADERS : 0;
    frames.push(frame(type, ends | last, streamId, block.subarray(at, at + maxFrameBytes)));
  }
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}
