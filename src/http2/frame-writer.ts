// Everything that leaves on a connection: control frames at once, bodies as the windows of the peer allow (RFC 9113,
// 5.2).
//
//   send ──▶ underway ──windows, room──▶ block ──one write──▶ socket
//             (by stream)                 HEADERS DATA DATA … [trailers]
//
// A body is copied into blocks between its frame headers: one write call for all frames of a request is no slower than
// a vector of thirty pieces, and from then on nobody reads the body's own memory.
import type { Duplex } from 'node:stream';
import { DEFAULT_WINDOW, FRAME_HEADER_BYTES, headerFrames, MAX_WINDOW } from './frames.js';
import { NO_TABLE } from './hpack/encoder.js';
import { framedBytes, type Message, OutboundMessage } from './outbound-message.js';
import type { PeerSettings } from './peer-settings.js';

/** A request of a thousand rows fits in one. Bytes. */
const BLOCK_BYTES = 1 << 18;
/** Blocks that are with the socket; as many are kept for the next time. */
const MOST_BLOCKS = 3;
/** What is not longer comes out of Node's own pool, or is not worth a block. */
const SMALL_BYTES = 1 << 12;
/**
 * What may wait for a peer that does not read, beside blocks; a well-behaved one lets no more than a few
 * acknowledgements wait.
 */
const MOST_WAITING_BYTES = 1 << 20;

export class FrameWriter {
  /** What the connection's window still allows. */
  private window: number = DEFAULT_WINDOW;
  private readonly underway = new Map<number, OutboundMessage>();
  private readonly spare: Buffer[] = [];
  private blocksOut = 0;
  private saidNoTable: boolean = false;

  constructor(
    private readonly socket: Duplex,
    private readonly peer: PeerSettings,
    /** The last message that had to wait has left. */
    private readonly drained: () => void,
  ) {}

  /** Writes whole frames as soon as possible. */
  control(frames: Buffer): void {
    if (frames.length > 0) this.socket.write(frames);
  }

  /** The peer makes work and does not read the answers. */
  get isBacklogExceeded(): boolean {
    return this.socket.writableLength > MOST_BLOCKS * BLOCK_BYTES + MOST_WAITING_BYTES;
  }

  /**
   * The first block says that we keep no table: the peer may make its own smaller at any time, and need not hear of it
   * again.
   */
  private fields(streamId: number, block: Buffer, endStream: boolean): Buffer {
    const whole = this.saidNoTable ? block : Buffer.concat([NO_TABLE, block]);
    this.saidNoTable = true;
    return headerFrames(streamId, whole, endStream, this.peer.maxFrameBytes);
  }

  /**
   * Sends a message; what the windows do not allow now follows later. `opened`: what the peer has opened the stream's
   * window by before; `after`: frames that follow when the message has left.
   */
  send(streamId: number, { head, body, trailers }: Message, opened = 0, after?: Buffer): void {
    const endsWithBody = trailers === undefined;
    const last = trailers && headerFrames(streamId, trailers, true, this.peer.maxFrameBytes);
    const behind = last && after ? Buffer.concat([last, after]) : (last ?? after);
    const outgoing = new OutboundMessage(streamId, body, behind, endsWithBody, this.peer.initialWindow + opened);
    const isEmpty = outgoing.left === 0;
    const front = this.fields(streamId, head, isEmpty && endsWithBody);
    if (isEmpty) this.control(behind ? Buffer.concat([front, behind]) : front);
    else if (this.isFree() && front.length <= SMALL_BYTES) this.advance(outgoing, front);
    else {
      this.control(front);
      this.underway.set(streamId, outgoing);
      this.pump();
    }
  }

  /** Whether the message of a stream has not left completely. */
  isUnderway(streamId: number): boolean {
    return this.underway.has(streamId);
  }

  /** Messages that have not left completely. */
  get waiting(): number {
    return this.underway.size;
  }

  /** Sends no more of a message; its memory is not read from here on. */
  drop(streamId: number): void {
    this.underway.delete(streamId);
  }

  dropAll(): void {
    this.underway.clear();
  }

  /** WINDOW_UPDATE of the connection. False: beyond what a window can be. */
  openConnection(bytes: number): boolean {
    this.window += bytes;
    this.pump();
    return this.window <= MAX_WINDOW;
  }

  /** WINDOW_UPDATE of a stream whose message is under way. False: beyond what a window can be. */
  openStream(streamId: number, bytes: number): boolean {
    const outgoing = this.underway.get(streamId)!;
    outgoing.window += bytes;
    if (outgoing.window > MAX_WINDOW) return false;
    this.pump();
    return true;
  }

  /**
   * The peer changed the window that streams begin with: open ones change by the difference (6.9.2). False: beyond what
   * one can be.
   */
  initialWindowChanged(difference: number): boolean {
    let possible = true;
    for (const outgoing of this.underway.values()) {
      outgoing.window += difference;
      possible &&= outgoing.window <= MAX_WINDOW;
    }
    if (possible && difference > 0) this.pump();
    return possible;
  }

  private isFree(): boolean {
    return this.underway.size === 0 && this.blocksOut < MOST_BLOCKS;
  }

  /** Lets each message have a block in turn while there are windows and blocks. */
  private pump(): void {
    if (this.waiting === 0) return;
    this.advanceAll();
    if (this.waiting === 0) this.drained();
  }

  private advanceAll(): void {
    for (const outgoing of this.underway.values()) {
      if (this.blocksOut >= MOST_BLOCKS || this.window <= 0) return;
      if (outgoing.window <= 0) continue;
      this.underway.delete(outgoing.streamId);
      this.advance(outgoing, undefined);
    }
  }

  /** Writes as much of a message as windows and a block allow; what is left goes to the end of the line. */
  private advance(outgoing: OutboundMessage, front: Buffer | undefined): void {
    const { maxFrameBytes } = this.peer;
    const allowed = Math.max(0, Math.min(outgoing.left, outgoing.window, this.window));
    const around = (front?.length ?? 0) + (outgoing.behind?.length ?? 0);
    const block = this.take(around + framedBytes(allowed, maxFrameBytes));
    const room = block.length - around;
    const bytes = Math.min(allowed, room - Math.ceil(room / (maxFrameBytes + FRAME_HEADER_BYTES)) * FRAME_HEADER_BYTES);
    this.window -= bytes;
    let end = front ? front.copy(block) : 0;
    end = outgoing.writeFrames(block, end, bytes, maxFrameBytes);
    if (outgoing.left > 0) this.underway.set(outgoing.streamId, outgoing);
    else if (outgoing.behind) end += outgoing.behind.copy(block, end);
    // One that goes on counts however small: windows opened byte by byte would make more writes than a socket should
    // hold.
    if (front && block.length !== BLOCK_BYTES) this.control(block.subarray(0, end));
    else this.writeBlock(block, end);
  }

  /** Memory for so many bytes, or for less of them. */
  private take(bytes: number): Buffer {
    if (bytes <= SMALL_BYTES) return Buffer.allocUnsafe(bytes);
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  private writeBlock(block: Buffer, end: number): void {
    this.blocksOut++;
    this.socket.write(block.subarray(0, end), (error) => {
      this.blocksOut--;
      if (block.length === BLOCK_BYTES && this.spare.length < MOST_BLOCKS) this.spare.push(block);
      if (!error) this.pump();
    });
  }
}
