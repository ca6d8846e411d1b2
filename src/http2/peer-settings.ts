// What the other end has said of itself in SETTINGS (RFC 9113, 6.5).
import {
  ConnectionError,
  DEFAULT_WINDOW,
  ErrorCode,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
  MIN_FRAME_BYTES,
  Setting,
} from './frames.js';

/** Pairs in one frame: there are seven settings in the world that matter, and a frame could have thousands. */
const MOST_PAIRS = 64;

export class PeerSettings {
  maxConcurrentStreams: number = 2 ** 32 - 1;
  initialWindow: number = DEFAULT_WINDOW;
  maxFrameBytes: number = MIN_FRAME_BYTES;

  /** Reads the payload of a frame. Throws `ConnectionError`. */
  read(payload: Buffer): void {
    if (payload.length % 6 !== 0)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS are cut in the middle of a pair');
    if (payload.length > 6 * MOST_PAIRS) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many SETTINGS');
    for (let at = 0; at < payload.length; at += 6) this.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }

  private set(id: number, value: number): void {
    switch (id) {
      case Setting.ENABLE_PUSH:
        if (value > 1) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'ENABLE_PUSH is neither 0 nor 1');
        return;
      case Setting.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW)
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE is too large');
        this.initialWindow = value;
        return;
      case Setting.MAX_FRAME_SIZE:
        if (value < MIN_FRAME_BYTES || value > MAX_FRAME_BYTES)
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'MAX_FRAME_SIZE is out of range');
        this.maxFrameBytes = value;
    }
  }
}
