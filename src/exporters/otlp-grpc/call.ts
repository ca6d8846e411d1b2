// One unary gRPC call on an HTTP/2 connection: a frame out, a status and perhaps a message back.
import { type Broken, type ClientSession, ErrorCode, type Fields, type ResponseReader } from '../../http2/index.js';
import { Code, decodeMessage, type FrameFault, framePrefix, UnaryMessage } from '../../otlp/index.js';
import { type Cancel, onAbort } from '../../sending/abort.js';
import { codeOfHttpStatus } from './status.js';

export interface CallOptions {
  /** Header block of the request, pseudo headers included. */
  readonly head: Buffer;
  readonly compressed: boolean;
  /** A longer reply ends the call; bytes. */
  readonly maxReplyBytes: number;
  readonly signal: Cancel;
}

export interface Reply {
  readonly code: number;
  readonly message: string;
  /** `grpc-status-details-bin`, decoded from base64. */
  readonly details: Uint8Array | undefined;
  /** The message without its frame; empty where there is none. */
  readonly body: Uint8Array;
}

/** The server certainly did not look at the request: sending it again is safe at once. */
export class UnprocessedError extends Error {}

const NO_BODY = new Uint8Array(0);

/** HTTP/2 error codes that have a meaning of their own in gRPC; the rest is INTERNAL, and a lost connection UNAVAILABLE. */
const CODE_OF_RESET: ReadonlyMap<number, number> = new Map<number, number>([
  // gRPC says INTERNAL, "but this might be used to aggressively lameduck": servers that are destroyed end their streams so.
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
    const answer = new Answer(options.maxReplyBytes, (reply) => {
      deaf();
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });
    const message = { head, body: [framePrefix(body.byteLength, options.compressed), body] };
    const stream = session.request(message, answer);
    answer.unwanted = () => stream.cancel();
    const deaf = onAbort(signal, () => {
      stream.cancel();
      reject(signal.reason as Error);
    });
  });
}

/** Why a response is not a message, in words. */
const FAULTS: Readonly<Record<FrameFault, string>> = {
  too_large: 'response is larger than allowed',
  bad_flag: 'response is not gRPC',
  several: 'response has more than one message',
  none: 'response has no message',
  cut_short: 'response is cut short',
};

/** Gathers the parts of a response. */
class Answer implements ResponseReader {
  /** Ends the stream of a response that goes on and is not wanted. */
  unwanted: () => void = () => {};
  private status: Fields | undefined;
  private httpStatus = 0;
  private readonly message: UnaryMessage;

  constructor(
    maxBytes: number,
    private readonly done: (reply: Reply | UnprocessedError) => void,
  ) {
    this.message = new UnaryMessage(maxBytes);
  }

  headers(fields: Fields): void {
    this.httpStatus = Number(fields[':status']);
    if (fields['grpc-status'] !== undefined) this.status = fields;
  }

  trailers(fields: Fields): void {
    if (fields['grpc-status'] !== undefined) this.status = fields;
  }

  /** The body of another HTTP status is no message. */
  data(chunk: Buffer): void {
    const fault = this.httpStatus === 200 ? this.message.push(chunk) : undefined;
    if (!fault) return;
    this.unwanted();
    this.done(faulty(fault));
  }

  /** What the closed stream amounts to. A status that has come holds, whatever happens to the stream behind it. */
  closed(broken: Broken | undefined): void {
    if (this.status) this.done(this.fromStatus(this.status));
    else if (this.httpStatus !== 0 && this.httpStatus !== 200)
      this.done(plain(codeOfHttpStatus(this.httpStatus), `server answered HTTP ${this.httpStatus}`));
    else if (broken?.unprocessed) this.done(new UnprocessedError(broken.why));
    else if (broken) this.done(plain(codeOfBreak(broken), broken.why));
    else this.done(plain(Code.UNAVAILABLE, 'server ended the call without a status'));
  }

  private fromStatus(status: Fields): Reply {
    const code = Number(status['grpc-status']);
    if (code === Code.OK) return this.success();
    const details = status['grpc-status-details-bin'];
    return {
      code: Number.isInteger(code) ? code : Code.UNKNOWN,
      message: decodeMessage(status['grpc-message'] ?? ''),
      details: details === undefined ? undefined : Buffer.from(details, 'base64'),
      body: NO_BODY,
    };
  }

  private success(): Reply {
    const message = this.message.end();
    // The server says that it took the request; that it owes a message does not undo this.
    if (message === 'none') return plain(Code.OK, '');
    if (typeof message === 'string') return faulty(message);
    if (message.compressed) return plain(Code.INTERNAL, 'response is compressed although nothing was offered');
    return { ...plain(Code.OK, ''), body: message.bytes };
  }
}

/** A stream that the server reset is its doing; anything else is the connection itself. */
function codeOfBreak({ resetCode }: Broken): number {
  if (resetCode === undefined) return Code.UNAVAILABLE;
  return CODE_OF_RESET.get(resetCode) ?? Code.INTERNAL;
}

function plain(code: number, message: string): Reply {
  return { code, message, details: undefined, body: NO_BODY };
}

function faulty(fault: FrameFault): Reply {
  return plain(fault === 'too_large' ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL, FAULTS[fault]);
}
