// What both ends of an HTTP/2 connection do alike: SETTINGS, windows, PING, GOAWAY, blocks of fields, errors (RFC
// 9113).
import type { Duplex } from 'node:stream';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import {
  CONNECTION,
  CONNECTION_FRAMES,
  ConnectionError,
  DEFAULT_WINDOW,
  ErrorCode,
  Flag,
  FrameType,
  goawayFrame,
  pingFrame,
  resetFrame,
  SETTINGS_ACK,
  STREAM_FRAMES,
  StreamError,
  settingsFrame,
  windowUpdateFrame,
} from './frames.js';
import { dependency, HeaderBlocks, type Headers } from './header-block.js';
import { PeerSettings } from './peer-settings.js';
import { ReceiveWindow } from './receive-window.js';
import { turns } from './turns.js';
import { Cost } from './work-budget.js';

export interface Windows {
  /**
   * What a peer may send of one stream, and of all, before it hears of more; 65,535 bytes at least, as it begins with
   * that.
   */
  readonly stream: number;
  readonly connection: number;
  /** Largest frame that we take; bytes. */
  readonly frame: number;
}

/**
 * After our GOAWAY the socket stays open so long for the peer's, since unread bytes would make the system throw ours
 * away; ms.
 */
const LINGER_MS = 1000;

/** Stands for the types that RFC 9113 does not have. */
const UNKNOWN_TYPE = -1;

const NOTHING: Buffer = Buffer.alloc(0);

/** An answer to a ping, by what was sent with it. */
type Pings = Map<string, () => void>;

export abstract class Session implements FrameSink {
  protected readonly peer: PeerSettings = new PeerSettings();
  protected readonly writer: FrameWriter;
  private readonly reader: FrameReader;
  private readonly blocks: HeaderBlocks = new HeaderBlocks();
  private readonly window: ReceiveWindow;
  private readonly pings: Pings = new Map();
  private pingsSent = 0;
  private settled: boolean = false;
  private finished: boolean = false;
  private lingering: NodeJS.Timeout | undefined;
  private error: Error | undefined;
  /** What was read and waits for the next turn. */
  private pending: Buffer = NOTHING;

  constructor(
    protected readonly socket: Duplex,
    protected readonly windows: Windows,
  ) {
    this.writer = new FrameWriter(socket, this.peer, () => this.writerDrained());
    this.reader = new FrameReader(this, windows.frame);
    this.window = new ReceiveWindow(windows.connection);
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('end', () => this.peerEnded());
    socket.on('error', (error) => this.lost(error));
    socket.on('close', () => this.socketClosed());
  }

  /** No frames are read or sent any more; calls under way have ended. */
  get isClosed(): boolean {
    return this.finished;
  }

  /** Our first frames: SETTINGS, and the window of the connection. */
  protected sendPreface(preface: Buffer | undefined, settings: readonly (readonly [number, number])[]): void {
    const frames = preface ? [preface, settingsFrame(settings)] : [settingsFrame(settings)];
    const more = this.windows.connection - DEFAULT_WINDOW;
    if (more > 0) frames.push(windowUpdateFrame(CONNECTION, more));
    this.socket.write(Buffer.concat(frames));
  }

  /** Asks for a sign of life; `answered` is called when it comes. */
  ping(answered: () => void): void {
    if (this.isClosed) return;
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(++this.pingsSent, 4);
    this.pings.set(payload.toString('hex'), answered);
    this.sendControl(pingFrame(payload, false));
  }

  /** Ends the connection at once; without an error when it was wished. */
  destroy(error?: Error): void {
    this.error ??= error;
    this.finish();
    this.socket.destroy();
  }

  /** Sends GOAWAY, lets it be read, and ends the connection. */
  protected closeWithGoaway(goaway: Buffer): void {
    if (this.isClosed) return;
    this.finish();
    this.socket.end(goaway);
    this.linger();
  }

  /** A peer that does not read must not keep the socket open. */
  private linger(): void {
    this.lingering ??= setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  /**
   * Takes what the socket brings; returns what is left of it when the turn is over. Errors of the peer end the
   * connection with a GOAWAY that says why.
   */
  protected read(chunk: Buffer): Buffer {
    if (this.isClosed) return NOTHING;
    this.socket.cork();
    try {
      const taken = this.reader.push(chunk);
      this.openWindow();
      if (taken < chunk.length && !this.isClosed) return chunk.subarray(taken);
    } catch (error) {
      const expected = error instanceof ConnectionError;
      this.fail(expected ? error : new ConnectionError(ErrorCode.INTERNAL_ERROR, 'unexpected error'));
      if (!expected) throw error;
    } finally {
      this.socket.uncork();
    }
    return NOTHING;
  }

  /** What is left of a chunk goes on in a later turn; until then nothing more is read. */
  private received(chunk: Buffer): void {
    const rest = this.read(chunk);
    if (rest.length === 0) return;
    // A copy: the chunk's memory is used again.
    this.pending = Buffer.from(rest);
    this.socket.pause();
    turns.later(() => this.goOnReading());
  }

  private goOnReading(): boolean {
    this.pending = this.read(this.pending);
    if (this.pending.length > 0) return true;
    this.socket.resume();
    return false;
  }

  /** Lets the peer send more of everything, unless it has to wait. */
  protected openWindow(): void {
    if (this.window.isDue && !this.mustWait()) this.sendControl(windowUpdateFrame(CONNECTION, this.window.opening()));
  }

  /** Bytes that are kept of frames and blocks of fields until they are whole. */
  get unfinishedBytes(): number {
    return this.reader.keptCapacity + this.blocks.keptBytes;
  }

  /** Sends control frames, unless the peer has let too many of them wait. */
  protected sendControl(frames: Buffer): void {
    if (this.isClosed) return;
    if (this.writer.isBacklogExceeded)
      this.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'answers are not read'));
    else this.writer.control(frames);
  }

  /** Ends the connection for what the peer did. */
  protected fail(error: ConnectionError): void {
    this.error ??= error;
    this.closeWithGoaway(goawayFrame(this.lastTaken(), error.code, error.message));
  }

  data(streamId: number, chunk: Buffer, flowBytes: number, end: boolean): void {
    this.inOrder(FrameType.DATA);
    if (!this.window.receive(flowBytes))
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the connection');
    this.orReset(() => this.dataOf(streamId, chunk, flowBytes, end));
  }

  frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.inOrder(type, streamId);
    if (streamId === CONNECTION ? STREAM_FRAMES.has(type) : CONNECTION_FRAMES.has(type))
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `a frame of type ${type} has no place on stream ${streamId}`);
    this.orReset(() => this.dispatch(type, flags, streamId, payload));
  }

  begun(type: number, length: number): void {
    const unknown = type > FrameType.CONTINUATION;
    this.spend(unknown ? Cost.frame + length * Cost.unknownOctet : Cost.frame);
    if (unknown) this.inOrder(UNKNOWN_TYPE);
    if (type === FrameType.DATA && length === 0) this.spend(Cost.nothing);
  }

  /** SETTINGS come first of all, and nothing comes between HEADERS and their CONTINUATION. */
  private inOrder(type: number, streamId?: number): void {
    if (!this.settled && type !== FrameType.SETTINGS)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
    const { awaited } = this.blocks;
    const isContinuation = type === FrameType.CONTINUATION;
    if (awaited === undefined ? isContinuation : !isContinuation || streamId !== awaited)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION without its HEADERS, or HEADERS without it');
  }

  private orReset(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.resetOf(error.streamId, error.code, error);
      this.sendControl(resetFrame(error.streamId, error.code));
    }
  }

  private dispatch(type: number, flags: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case FrameType.HEADERS:
        this.block(this.blocks.headers(flags, streamId, payload));
        return;
      case FrameType.CONTINUATION:
        this.block(this.blocks.continuation(flags, payload));
        return;
      case FrameType.RST_STREAM:
        this.peerReset(streamId, payload.readUInt32BE(0));
        return;
      case FrameType.SETTINGS:
        this.settings(flags, payload);
        return;
      case FrameType.PING:
        this.pinged(flags, payload);
        return;
      case FrameType.GOAWAY:
        this.goaway(payload);
        return;
      case FrameType.WINDOW_UPDATE:
        this.opened(streamId, payload.readUInt32BE(0) & 0x7fff_ffff);
        return;
      case FrameType.PRIORITY:
        checkDependency(streamId, dependency(payload) === streamId);
        return;
      default:
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE was not asked for');
    }
  }

  private block(headers: Headers | undefined): void {
    if (!headers) return;
    this.headersOf(headers, this.blocks);
    checkDependency(headers.streamId, headers.selfDependent);
  }

  private settings(flags: number, payload: Buffer): void {
    const isAck = (flags & Flag.ACK) !== 0;
    if (isAck && payload.length > 0)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS with ACK say something');
    if (isAck && !this.settled) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the first SETTINGS are an ACK');
    if (isAck) return;
    this.spend(Cost.settings + payload.length / 6 + this.writer.waiting * Cost.windowOfMessage);
    const before = this.peer.initialWindow;
    this.peer.read(payload);
    this.sendControl(SETTINGS_ACK);
    if (!this.writer.initialWindowChanged(this.peer.initialWindow - before))
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE opens a stream too far');
    const isFirst = !this.settled;
    this.settled = true;
    this.peerSettled(isFirst);
  }

  private pinged(flags: number, payload: Buffer): void {
    if (!(flags & Flag.ACK)) {
      this.spend(Cost.ping);
      this.sendControl(pingFrame(payload, true));
      this.peerPinged();
      return;
    }
    const key = payload.toString('hex');
    const answered = this.pings.get(key);
    this.pings.delete(key);
    answered?.();
  }

  private goaway(payload: Buffer): void {
    if (payload.length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY is too short');
    this.peerGoaway(payload.readUInt32BE(0) & 0x7fff_ffff, payload.readUInt32BE(4));
  }

  private opened(streamId: number, bytes: number): void {
    if (bytes === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a window is opened by nothing');
    this.spend(Cost.windowUpdate);
    if (streamId === CONNECTION) {
      if (!this.writer.openConnection(bytes))
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'the window of the connection is opened too far');
      return;
    }
    this.checkNotIdle(streamId);
    const isUnderway = this.writer.isUnderway(streamId);
    if (isUnderway ? !this.writer.openStream(streamId, bytes) : !this.openedEarly(streamId, bytes))
      throw new StreamError(streamId, ErrorCode.FLOW_CONTROL_ERROR, 'the window is opened too far');
  }

  private finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.writer.dropAll();
    this.pings.clear();
    this.over(this.error);
  }

  /** The peer has ended: nothing more can be asked of it, nor will it listen for long. */
  private peerEnded(): void {
    this.finish();
    this.socket.end();
    this.linger();
  }

  private lost(error: Error): void {
    this.error ??= error;
    this.finish();
  }

  private socketClosed(): void {
    clearTimeout(this.lingering);
    this.finish();
    this.disconnected(this.error);
  }

  /** The peer makes work, in units of `Cost`. Throws `ConnectionError` where it is too much. */
  protected abstract spend(units: number): void;
  /** Others have their turn. */
  abstract get turnOver(): boolean;
  /** There is no room for what the peer could send: its window stays shut until somebody calls `openWindow`. */
  protected abstract mustWait(): boolean;
  /** A block of fields that is complete; `blocks` decodes it, which has to happen whether it is wanted or not. */
  protected abstract headersOf(headers: Headers, blocks: HeaderBlocks): void;
  protected abstract dataOf(streamId: number, chunk: Buffer, flowBytes: number, end: boolean): void;
  /** The peer gave a stream up. */
  protected abstract peerReset(streamId: number, code: number): void;
  /** We give a stream up, for what the peer did with it. */
  protected abstract resetOf(streamId: number, code: number, error: StreamError): void;
  protected abstract peerGoaway(lastStreamId: number, code: number): void;
  protected abstract peerSettled(first: boolean): void;
  protected abstract peerPinged(): void;
  /** The window of a stream is opened that has nothing to send (yet). False: beyond what a window can be. */
  protected abstract openedEarly(streamId: number, bytes: number): boolean;
  /** Throws where a stream has not begun yet. */
  protected abstract checkNotIdle(streamId: number): void;
  /** The last stream of the peer's that anything was done for. */
  protected abstract lastTaken(): number;
  /** Messages had to wait, and the last of them has left. */
  protected abstract writerDrained(): void;
  /** The connection takes no part any more: whatever is open has ended. Called once. */
  protected abstract over(error: Error | undefined): void;
  /** The socket is closed. Called once. */
  protected abstract disconnected(error: Error | undefined): void;
}

function checkDependency(streamId: number, itself: boolean): void {
  if (itself) throw new StreamError(streamId, ErrorCode.PROTOCOL_ERROR, 'the stream depends on itself');
}
