// The client's end of an HTTP/2 connection (RFC 9113): requests in the order of their streams, and what becomes of
// each.
import type { Duplex } from 'node:stream';
import type { Broken, ClientStream, ResponseReader } from './client-stream.js';
import {
  ConnectionError,
  DEFAULT_WINDOW,
  ErrorCode,
  goawayFrame,
  MAX_STREAM_ID,
  MIN_FRAME_BYTES,
  nameOf,
  PREFACE,
  resetFrame,
  Setting,
  type StreamError,
  windowUpdateFrame,
} from './frames.js';
import { type HeaderBlocks, type Headers, MAX_HEADER_LIST_BYTES } from './header-block.js';
import { OpenResponse, unprocessed } from './open-response.js';
import type { Message } from './outbound-message.js';
import { Session } from './session.js';

export interface ClientSessionOptions {
  /** The server has said by its SETTINGS that it speaks HTTP/2. */
  readonly settled: () => void;
  /** The server asks for no more requests. */
  readonly goaway: (code: number) => void;
  /** The connection is gone; the error, where it was not the wish of either end. */
  readonly closed: (error: Error | undefined) => void;
}

/** Responses are small: what HTTP/2 gives without asking, twice of it for all. */
const WINDOWS = { stream: DEFAULT_WINDOW, connection: 1 << 20, frame: MIN_FRAME_BYTES };

/** A request that waits for its turn (SETTINGS_MAX_CONCURRENT_STREAMS). */
interface Waiting {
  readonly message: Message;
  readonly reader: ResponseReader;
}

export class ClientSession extends Session {
  private readonly open = new Map<number, OpenResponse>();
  private readonly waiting = new Set<Waiting>();
  private nextStreamId = 1;
  private closing: boolean = false;

  constructor(
    socket: Duplex,
    private readonly options: ClientSessionOptions,
  ) {
    super(socket, WINDOWS);
    this.sendPreface(PREFACE, [
      [Setting.ENABLE_PUSH, 0],
      [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
    ]);
  }

  /** Whether requests may begin here. */
  get available(): boolean {
    return !this.isClosed && !this.closing && this.nextStreamId <= MAX_STREAM_ID;
  }

  /**
   * Sends a request, or lets it wait while the server has as many as it takes. `message.head` has the pseudo headers;
   * its body is read until the response is complete or `cancel` is called. Must not be called unless `available`.
   */
  request(message: Message, reader: ResponseReader): ClientStream {
    if (this.open.size >= this.peer.maxConcurrentStreams) {
      const waiting = { message, reader };
      this.waiting.add(waiting);
      return { cancel: () => this.giveUp(waiting) };
    }
    return this.begin({ message, reader });
  }

  private begin({ message, reader }: Waiting): ClientStream {
    const id = this.nextStreamId;
    this.nextStreamId += 2;
    this.open.set(id, new OpenResponse(id, reader, this.windows.stream));
    this.writer.send(id, message);
    return { cancel: () => this.cancel(id) };
  }

  /** Only those that wait have a way to be given up that is not a frame; once begun, they are like the others. */
  private giveUp(waiting: Waiting): void {
    if (this.waiting.delete(waiting)) return;
    for (const { id, reader } of this.open.values()) if (reader === waiting.reader) this.cancel(id);
  }

  private cancel(id: number): void {
    if (!this.forget(id)) return;
    this.sendControl(resetFrame(id, ErrorCode.CANCEL));
    this.next();
  }

  /** Ends the connection when the requests under way have ended. */
  close(): void {
    this.closing = true;
    this.endWhenDone();
  }

  private endWhenDone(): void {
    if (this.closing && this.open.size === 0 && this.waiting.size === 0 && !this.isClosed)
      this.closeWithGoaway(goawayFrame(0, ErrorCode.NO_ERROR));
  }

  /** A stream has ended: others may begin. */
  private next(): void {
    for (const waiting of this.waiting) {
      if (this.open.size >= this.peer.maxConcurrentStreams || this.isClosed) break;
      this.waiting.delete(waiting);
      if (this.nextStreamId <= MAX_STREAM_ID) this.begin(waiting);
      else waiting.reader.closed(unprocessed('the connection has no more streams'));
    }
    this.endWhenDone();
  }

  private forget(id: number): OpenResponse | undefined {
    const stream = this.open.get(id);
    this.open.delete(id);
    this.writer.drop(id);
    return stream;
  }

  private finishStream(id: number, broken: Broken | undefined): void {
    const stream = this.forget(id);
    if (!stream) return;
    stream.reader.closed(broken);
    this.next();
  }

  protected mustWait(): boolean {
    return false;
  }

  /** Servers are chosen by whoever configured them. */
  protected spend(): void {
    // They may send what they like.
  }

  get turnOver(): boolean {
    return false;
  }

  protected headersOf({ streamId, endStream, block }: Headers, blocks: HeaderBlocks): void {
    this.checkNotIdle(streamId);
    const stream = this.open.get(streamId);
    const { fields, malformed } = blocks.decode(block, stream?.section ?? 'response');
    if (!stream) return;
    stream.takeFields(fields, malformed, endStream);
    if (endStream) this.ended(stream);
  }

  protected dataOf(streamId: number, chunk: Buffer, flowBytes: number, end: boolean): void {
    this.checkNotIdle(streamId);
    const stream = this.open.get(streamId);
    // Of a stream that was given up here; the server may not have heard of it yet.
    if (!stream) return;
    stream.takeData(chunk, flowBytes);
    if (end) this.ended(stream);
    else if (this.open.has(streamId)) this.openStream(stream);
  }

  private openStream({ id, window }: OpenResponse): void {
    const opening = window.opening();
    if (opening > 0) this.sendControl(windowUpdateFrame(id, opening));
  }

  /** The server has said all. */
  private ended(stream: OpenResponse): void {
    stream.end();
    this.answered(stream.id);
  }

  /** The response is complete. What is left of the request is not wanted then. */
  private answered(id: number): void {
    if (this.writer.isUnderway(id)) this.sendControl(resetFrame(id, ErrorCode.CANCEL));
    this.finishStream(id, undefined);
  }

  protected peerReset(id: number, code: number): void {
    this.checkNotIdle(id);
    const why = `the server reset the stream: ${nameOf(code)}`;
    this.finishStream(id, { resetCode: code, unprocessed: code === ErrorCode.REFUSED_STREAM, why });
  }

  protected resetOf(id: number, code: number, error: StreamError): void {
    this.finishStream(id, { resetCode: code, unprocessed: false, why: error.message });
  }

  protected peerGoaway(lastStreamId: number, code: number): void {
    this.closing = true;
    this.options.goaway(code);
    const why = unprocessed(`the server goes away: ${nameOf(code)}`);
    // Those first: none of them may take the place of a stream that ends here.
    this.endWaiting(why);
    for (const id of this.open.keys()) if (id > lastStreamId) this.finishStream(id, why);
    this.endWhenDone();
  }

  private endWaiting(why: Broken): void {
    for (const waiting of this.waiting) {
      this.waiting.delete(waiting);
      waiting.reader.closed(why);
    }
  }

  protected peerSettled(first: boolean): void {
    if (first) this.options.settled();
    else this.next();
  }

  protected peerPinged(): void {
    // Answered already.
  }

  protected openedEarly(): boolean {
    return true;
  }

  protected writerDrained(): void {
    // Nobody waits for it: requests end with their responses.
  }

  protected checkNotIdle(streamId: number): void {
    if (streamId % 2 === 0 || streamId >= this.nextStreamId)
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `stream ${streamId} was not begun`);
  }

  protected lastTaken(): number {
    return 0;
  }

  protected over(error: Error | undefined): void {
    const why = error?.message ?? 'the connection was closed before the server answered';
    const broken = { resetCode: undefined, unprocessed: false, why };
    for (const [id, { reader }] of this.open) {
      this.open.delete(id);
      reader.closed(broken);
    }
    this.endWaiting(unprocessed(why));
  }

  protected disconnected(error: Error | undefined): void {
    this.options.closed(error);
  }
}
