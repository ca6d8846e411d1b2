// One unary gRPC call on an HTTP/2 connection: a frame out, a status and perhaps a message back.
import { type Broken, type ClientSession, ErrorCode, type Fields, type ResponseReader } from '../../http2/index.js';
import { Code, decodeMessage, type FrameFault, framePrefix, UnaryMessage } from '../../otlp/index.js';
import { type Cancel, onAbort } from '../../sending/abort.js';
import { type ReplyDecoder, TOO_LARGE, Unreadable } from '../../sending/reply.js';
import { codeOfHttpStatus } from './status.js';

export interface CallOptions {
  /** Header block of the request, pseudo headers included. */
  readonly head: Buffer;
  readonly compressed: boolean;
  /** A longer reply is not read; bytes. */
  readonly maxReplyBytes: number;
  readonly decoder: ReplyDecoder;
  readonly signal: Cancel;
}

export interface Reply {
  readonly code: number;
  readonly message: string;
  /** `grpc-status-details-bin`, decoded from base64. */
  readonly details: Uint8Array | undefined;
  /** The message without its frame, uncompressed; empty where there is none. */
  readonly body: Uint8Array | Unreadable;
}

/** The server certainly did not look at the request: sending it again is safe at once. */
export class UnprocessedError extends Error {}

const NO_BODY = new Uint8Array(0);

/**
 * HTTP/2 error codes that have a meaning of their own in gRPC; the rest is INTERNAL, and a lost connection UNAVAILABLE.
 */
const CODE_OF_RESET: ReadonlyMap<number, number> = new Map<number, number>([
  // gRPC says INTERNAL, "but this might be used to aggressively lameduck": servers that are destroyed end their streams
  // so.
  [ErrorCode.NO_ERROR, Code.UNAVAILABLE],
  [ErrorCode.CANCEL, Code.CANCELLED],
  [ErrorCode.INADEQUATE_SECURITY, Code.PERMISSION_DENIED],
  // gRPC says RESOURCE_EXHAUSTED, which OTLP would not retry; but the request was not judged, the peer only wants calm.
  [ErrorCode.ENHANCE_YOUR_CALM, Code.UNAVAILABLE],
]);

/**
 * Sends `body` and resolves with what the server says, also where that is an error status or the connection broke.
 * Rejects with `UnprocessedError`, or with the reason of `signal` when it aborts. Nobody reads `body` after that.
 */
export function unaryCall(session: ClientSession, body: Uint8Array, options: CallOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { signal, head } = options;
    if (signal.aborted) return reject(signal.reason as Error);
    if (!session.available) return reject(new UnprocessedError('the connection is closing'));
    const answer = new CallAnswer(options, (reply) => {
      unsubscribe();
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });
    const message = { head, body: [framePrefix(body.byteLength, options.compressed), body] };
    const stream = session.request(message, answer);
    answer.unwanted = () => stream.cancel();
    const unsubscribe = onAbort(signal, () => {
      stream.cancel();
      reject(signal.reason as Error);
    });
  });
}

/** What a response is that is no message. */
const FAULTS: Readonly<Record<Exclude<FrameFault, 'none'>, Unreadable>> = {
  too_large: TOO_LARGE,
  bad_flag: new Unreadable('is not gRPC'),
  several: new Unreadable('has more than one message'),
  cut_short: new Unreadable('is cut short'),
};

/** So many times the largest reply is skipped in wait for a status, before the call ends without one. */
const SKIPPED_REPLIES = 4;

const CONTENT_TYPE = /^application\/grpc($|[+; ])/;

/** Gathers the parts of a response. */
class CallAnswer implements ResponseReader {
  /** Ends the stream of a response that goes on and is not wanted. */
  unwanted: () => void = () => {};
  private head: Fields = {};
  private status: Fields | undefined;
  private httpStatus = 0;
  private fault: FrameFault | undefined;
  private skipped = 0;
  private readonly message: UnaryMessage;

  constructor(
    private readonly options: Pick<CallOptions, 'maxReplyBytes' | 'decoder'>,
    private readonly done: (reply: Reply | UnprocessedError) => void,
  ) {
    this.message = new UnaryMessage(options.maxReplyBytes);
  }

  headers(fields: Fields): void {
    this.head = fields;
    this.httpStatus = Number(fields[':status']);
    if (fields['grpc-status'] !== undefined) this.status = fields;
  }

  trailers(fields: Fields): void {
    if (fields['grpc-status'] !== undefined) this.status = fields;
  }

  /**
   * The body of another HTTP status is no message. What cannot be read is skipped: the status behind it says what it
   * was worth.
   */
  data(chunk: Buffer): void {
    if (this.httpStatus === 200 && this.fault === undefined) this.fault = this.message.push(chunk);
    if (this.fault === undefined || this.fault === 'none') return;
    this.skipped += chunk.length;
    if (this.skipped <= SKIPPED_REPLIES * this.options.maxReplyBytes) return;
    this.unwanted();
    this.done(faulty(this.fault));
  }

  /** What the closed stream amounts to. A status that has come holds, whatever happens to the stream behind it. */
  closed(broken: Broken | undefined): void {
    if (this.status) this.done(this.fromStatus(this.status));
    else if (this.httpStatus !== 0 && this.httpStatus !== 200)
      this.done(plain(codeOfHttpStatus(this.httpStatus), `server answered HTTP ${this.httpStatus}`));
    else if (broken?.unprocessed) this.done(new UnprocessedError(broken.why));
    else if (broken) this.done(plain(codeOfBreak(broken), broken.why));
    else this.done(this.withoutStatus());
  }

  /** A web server's page, say, or a gRPC server that went away in the middle. */
  private withoutStatus(): Reply {
    const type = this.head['content-type'] ?? 'without a content type';
    if (!CONTENT_TYPE.test(type))
      return plain(Code.UNKNOWN, `the answer is ${type.slice(0, MAX_TYPE)}, not gRPC: is the endpoint a gRPC port?`);
    if (this.fault !== undefined && this.fault !== 'none') return faulty(this.fault);
    return plain(Code.UNAVAILABLE, 'server ended the call without a status');
  }

  private fromStatus(status: Fields): Reply {
    const code = codeOf(status['grpc-status'] ?? '');
    if (code === Code.OK) return { ...plain(Code.OK, ''), body: this.body() };
    const details = status['grpc-status-details-bin'];
    return {
      code,
      message: decodeMessage(status['grpc-message'] ?? ''),
      details: details === undefined ? undefined : Buffer.from(details, 'base64'),
      body: NO_BODY,
    };
  }

  /** The server says that it took the request: no fault of the message, not even that there is none, undoes this. */
  private body(): Uint8Array | Unreadable {
    const message = this.fault ?? this.message.end();
    if (message === 'none') return NO_BODY;
    if (typeof message === 'string') return FAULTS[message];
    if (!message.compressed) return message.bytes;
    const encoding = this.head['grpc-encoding'] ?? 'identity';
    if (encoding === 'identity') return new Unreadable('is compressed, but grpc-encoding does not say how');
    return this.options.decoder.decode(encoding, message.bytes);
  }
}

/** Much of a content type that goes into an error; characters. */
const MAX_TYPE = 80;

function codeOf(status: string): number {
  return /^\d{1,9}$/.test(status) ? Number(status) : Code.UNKNOWN;
}

/** A stream that the server reset is its doing; anything else is the connection itself. */
function codeOfBreak({ resetCode }: Broken): number {
  if (resetCode === undefined) return Code.UNAVAILABLE;
  return CODE_OF_RESET.get(resetCode) ?? Code.INTERNAL;
}

function plain(code: number, message: string): Reply {
  return { code, message, details: undefined, body: NO_BODY };
}

/** A response that is no message and has no status either. */
function faulty(fault: Exclude<FrameFault, 'none'>): Reply {
  return plain(fault === 'too_large' ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL, `response ${FAULTS[fault].why}`);
}
