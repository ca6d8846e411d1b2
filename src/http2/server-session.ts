// The server's end of an HTTP/2 connection: streams that clients open (RFC 9113, 5.1), and a graceful shutdown that
// loses none.
import type { Duplex } from 'node:stream';
import { EndedStreams } from './ended-streams.js';
import {
  ConnectionError,
  ErrorCode,
  goawayFrame,
  MAX_STREAM_ID,
  MAX_WINDOW,
  PREFACE,
  resetFrame,
  Setting,
  StreamError,
  windowUpdateFrame,
} from './frames.js';
import { type HeaderBlocks, type Headers, MAX_HEADER_LIST_BYTES } from './header-block.js';
import { encodeHeaders } from './hpack/encoder.js';
import type { Message } from './outbound-message.js';
import { ReceiveWindow } from './receive-window.js';
import { type RequestReader, ServerStream, type StreamOwner } from './server-stream.js';
import { Session, type Windows } from './session.js';
import { turns } from './turns.js';
import { Cost, WorkBudget } from './work-budget.js';

export interface ServerSessionOptions {
  readonly windows: Windows;
  readonly maxConcurrentStreams: number;
  /** A request has begun. What it gives back takes the body; undefined where it was answered at once. */
  readonly called: (stream: ServerStream) => RequestReader | undefined;
  /** A stream is over, whether answered or given up. */
  readonly streamClosed: () => void;
  /** The client has said by its SETTINGS that it speaks HTTP/2. */
  readonly settled: () => void;
  readonly pinged: () => void;
  /**
   * Asked before the client may send more: true keeps the window of the connection shut until `goOn`. Left out: it
   * never does.
   */
  readonly mustWait?: () => boolean;
  /** What a chunk brought has been read. */
  readonly readSome?: () => void;
  /** The connection is gone; the error, where it was not the wish of either end. */
  readonly closed: (error: Error | undefined) => void;
}

/** A client that does not answer the ping of the graceful shutdown has had so long to hear of it; ms. */
const GRACEFUL_SHUTDOWN_MS = 1000;

/** Units of work of one connection in one turn of the event loop: about half a millisecond. */
const SLICE = 1_500;
/** What a complete request takes of them, and each octet of its body; the largest leaves room for another one. */
const REQUEST_WORK = 300;
const OCTET_WORK = 1 / 512;
/** Of an octet that is made of a compressed body. */
const INFLATED_WORK = 1 / 128;

const HEADERS_TOO_LARGE: Message = { head: encodeHeaders([[':status', '431']]), body: [] };

export class ServerSession extends Session implements StreamOwner {
  private readonly streams = new Map<number, ServerStream>();
  private readonly ended: EndedStreams;
  private readonly budget: WorkBudget = new WorkBudget();
  /** Units of work that are left in this turn of the event loop, and which turn that is. */
  private slice: number = SLICE;
  private turn = 0;
  private lastStreamId = 0;
  private prefaceBytes = 0;
  /** Streams beyond this are not taken any more. */
  private lastAcceptedId: number = MAX_STREAM_ID;
  private leaving: boolean = false;

  constructor(
    socket: Duplex,
    private readonly options: ServerSessionOptions,
  ) {
    super(socket, options.windows);
    this.ended = new EndedStreams(options.maxConcurrentStreams);
    this.sendPreface(undefined, [
      [Setting.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams],
      [Setting.INITIAL_WINDOW_SIZE, options.windows.stream],
      [Setting.MAX_FRAME_SIZE, options.windows.frame],
      [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
    ]);
  }

  /**
   * Lets calls under way finish, and loses none that crosses the GOAWAY: a first GOAWAY asks for no more, and only
   * when a ping behind it was answered a second one says which stream was the last (RFC 9113, 6.8).
   */
  drain(): void {
    if (this.isClosed || this.leaving) return;
    this.leaving = true;
    this.sendControl(goawayFrame(MAX_STREAM_ID, ErrorCode.NO_ERROR));
    const overdue = setTimeout(() => this.sendLastStreamId(), GRACEFUL_SHUTDOWN_MS).unref();
    this.ping(() => {
      clearTimeout(overdue);
      this.sendLastStreamId();
    });
  }

  /** Sends a client away that is a nuisance, with what gRPC calls the reason. */
  enhanceYourCalm(reason: string): void {
    this.closeWithGoaway(goawayFrame(this.lastStreamId, ErrorCode.ENHANCE_YOUR_CALM, reason));
  }

  /** Those who had to wait may send again. */
  goOn(): void {
    this.openWindow();
  }

  protected mustWait(): boolean {
    return this.options.mustWait?.() === true;
  }

  private sendLastStreamId(): void {
    if (this.isClosed || this.lastAcceptedId !== MAX_STREAM_ID) return;
    this.lastAcceptedId = this.lastStreamId;
    this.sendControl(goawayFrame(this.lastAcceptedId, ErrorCode.NO_ERROR));
    this.endWhenDone();
  }

  private endWhenDone(): void {
    if (this.lastAcceptedId !== MAX_STREAM_ID && this.unfinished === 0)
      this.closeWithGoaway(goawayFrame(this.lastStreamId, ErrorCode.NO_ERROR));
  }

  /** Streams that the client sees open: those without an answer, and answers that have not left. */
  private get unfinished(): number {
    return this.streams.size + this.writer.waiting;
  }

  answer(stream: ServerStream, message: Message, wrong: boolean): void {
    if (!wrong) this.budget.request(stream.cost);
    // RST_STREAM with NO_ERROR asks the client to stop, without taking back the answer (8.1).
    const stop = stream.complete ? undefined : resetFrame(stream.id, ErrorCode.NO_ERROR);
    this.writer.send(stream.id, message, stream.opened, stop);
    this.close(stream);
  }

  reset(stream: ServerStream, code: number): void {
    this.sendControl(resetFrame(stream.id, code));
    this.close(stream);
  }

  worked(octets: number): void {
    this.slice -= octets * INFLATED_WORK;
  }

  private close(stream: ServerStream): void {
    if (!this.streams.delete(stream.id)) return;
    stream.close();
    this.ended.add(stream.id, stream.complete ? 'complete' : 'abandoned');
    this.options.streamClosed();
    this.endWhenDone();
  }

  protected spend(units: number): void {
    this.slice -= units;
    this.budget.spend(units);
  }

  get turnOver(): boolean {
    return this.slice <= 0;
  }

  protected override read(chunk: Buffer): Buffer {
    this.renewSlice();
    const rest = this.prefaceBytes === PREFACE.length ? chunk : this.readPreface(chunk);
    const left = rest.length > 0 ? super.read(rest) : rest;
    this.options.readSome?.();
    return left;
  }

  /**
   * To ask for the turn costs an immediate, and the event loop a round without rest: a client that has used little of
   * its slice goes on with it. What it used in earlier turns only makes it wait the sooner.
   */
  private renewSlice(): void {
    if (this.slice > SLICE / 2) return;
    const turn = turns.current;
    if (turn !== this.turn) this.slice = SLICE;
    this.turn = turn;
  }

  /** What follows the preface in this chunk. */
  private readPreface(chunk: Buffer): Buffer {
    if (this.isClosed) return chunk.subarray(chunk.length);
    const length = Math.min(PREFACE.length - this.prefaceBytes, chunk.length);
    const expected = PREFACE.subarray(this.prefaceBytes, this.prefaceBytes + length);
    this.prefaceBytes += length;
    if (expected.equals(chunk.subarray(0, length))) return chunk.subarray(length);
    this.fail(new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the client does not speak HTTP/2'));
    return chunk.subarray(chunk.length);
  }

  protected headersOf(headers: Headers, blocks: HeaderBlocks): void {
    this.spend(costOf(headers));
    const stream = this.streams.get(headers.streamId);
    if (stream) this.trailersOf(stream, headers, blocks);
    else if (headers.streamId > this.lastStreamId) this.begin(headers, blocks);
    else {
      blocks.decode(headers.block, 'trailers');
      this.late(headers.streamId, ErrorCode.PROTOCOL_ERROR);
    }
  }

  private begin(headers: Headers, blocks: HeaderBlocks): void {
    const { streamId: id, endStream } = headers;
    if (id % 2 === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a client opens streams of odd numbers');
    const { fields, malformed, tooLarge } = blocks.decode(headers.block, 'request');
    if (id > this.lastAcceptedId) return;
    this.lastStreamId = id;
    if (malformed !== undefined && !tooLarge) throw new StreamError(id, ErrorCode.PROTOCOL_ERROR, malformed);
    this.checkRoom(id);
    if (tooLarge) this.refuseFields(id, endStream);
    else
      this.call(new ServerStream(id, fields, new ReceiveWindow(this.windows.stream), this, costOf(headers)), endStream);
  }

  /** A client that does not read makes answers wait: those count like streams, and what is in the socket is bounded. */
  private checkRoom(id: number): void {
    if (this.unfinished >= this.options.maxConcurrentStreams)
      throw new StreamError(id, ErrorCode.REFUSED_STREAM, 'too many streams at once');
    if (this.writer.isBacklogExceeded) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'answers are not read');
  }

  private refuseFields(id: number, endStream: boolean): void {
    this.writer.send(id, HEADERS_TOO_LARGE, 0, endStream ? undefined : resetFrame(id, ErrorCode.NO_ERROR));
    this.ended.add(id, endStream ? 'complete' : 'abandoned');
  }

  private call(stream: ServerStream, endStream: boolean): void {
    this.streams.set(stream.id, stream);
    if (endStream) stream.complete = true;
    stream.reader = this.options.called(stream);
    if (endStream) stream.receive(NO_BYTES, true);
  }

  /** Fields behind a body: they end the request, and say nothing that anybody here wants to know. */
  private trailersOf(stream: ServerStream, { endStream, block }: Headers, blocks: HeaderBlocks): void {
    const { malformed } = blocks.decode(block, 'trailers');
    if (stream.complete) throw new StreamError(stream.id, ErrorCode.STREAM_CLOSED, 'HEADERS behind the end');
    if (malformed !== undefined) throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, malformed);
    if (!endStream) throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'trailers that do not end the stream');
    stream.receive(NO_BYTES, true);
  }

  protected dataOf(streamId: number, chunk: Buffer, flowBytes: number, end: boolean): void {
    const stream = this.streams.get(streamId);
    if (!stream) {
      this.checkNotIdle(streamId);
      this.late(streamId, ErrorCode.STREAM_CLOSED);
      return;
    }
    if (stream.complete) throw new StreamError(streamId, ErrorCode.STREAM_CLOSED, 'DATA behind the end');
    if (!stream.window.receive(flowBytes))
      throw new StreamError(streamId, ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the stream');
    this.budget.body(chunk.length);
    if (end) this.slice -= Math.min(SLICE / 2, REQUEST_WORK + stream.bodyBytes * OCTET_WORK);
    stream.receive(chunk, end);
    const opening = stream.complete || !stream.open ? 0 : stream.window.opening();
    if (opening > 0) this.sendControl(windowUpdateFrame(streamId, opening));
  }

  /** Frames of a stream that is over: in order where we ended it and the client may not have known. */
  private late(streamId: number, never: number): void {
    const how = this.ended.of(streamId);
    if (how === 'abandoned' || streamId > this.lastAcceptedId) return;
    throw new ConnectionError(how ? ErrorCode.STREAM_CLOSED : never, `stream ${streamId} is over, or was passed by`);
  }

  protected peerReset(streamId: number): void {
    this.checkNotIdle(streamId);
    this.spend(Cost.waste);
    this.writer.drop(streamId);
    const stream = this.streams.get(streamId);
    if (stream) stream.complete = true;
    this.abandon(stream);
  }

  protected resetOf(streamId: number): void {
    this.writer.drop(streamId);
    const stream = this.streams.get(streamId);
    this.abandon(stream);
    // What the client still sends may have crossed our RST_STREAM.
    this.ended.add(streamId, 'abandoned');
    // To have us reset them is but another way to give streams up (CVE-2025-8671).
    this.spend(Cost.waste);
  }

  private abandon(stream: ServerStream | undefined): void {
    if (stream) this.close(stream);
    else this.endWhenDone();
  }

  protected peerGoaway(): void {
    // The client opens no more streams; those that are open end as always.
  }

  protected peerSettled(first: boolean): void {
    if (first) this.options.settled();
  }

  protected openedEarly(streamId: number, bytes: number): boolean {
    const stream = this.streams.get(streamId);
    if (!stream) return true;
    stream.opened += bytes;
    return this.peer.initialWindow + stream.opened <= MAX_WINDOW;
  }

  protected writerDrained(): void {
    this.endWhenDone();
  }

  protected peerPinged(): void {
    this.options.pinged();
  }

  protected checkNotIdle(streamId: number): void {
    // We push nothing: streams of even numbers, which are ours to open, never begin.
    const isIdle = streamId % 2 === 0 || (streamId > this.lastStreamId && streamId <= this.lastAcceptedId);
    if (isIdle) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `stream ${streamId} has not begun`);
  }

  protected lastTaken(): number {
    return this.lastStreamId;
  }

  protected over(): void {
    for (const stream of this.streams.values()) {
      stream.close();
      this.options.streamClosed();
    }
    this.streams.clear();
  }

  protected disconnected(error: Error | undefined): void {
    this.options.closed(error);
  }
}

/** What the fields of a request cost. */
function costOf({ block }: Headers): number {
  return Cost.headers + block.length * Cost.headerOctet;
}

const NO_BYTES: Buffer = Buffer.alloc(0);
