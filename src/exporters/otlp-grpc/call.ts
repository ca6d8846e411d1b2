// One unary gRPC call on an HTTP/2 session: a frame out, a status and perhaps a message back.
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { Code, decodeMessage, type FrameFault, framePrefix, UnaryMessage } from '../../otlp/index.js';
import { onAbort } from '../../sending/abort.js';
import { codeOfHttpStatus } from './status.js';

export interface CallOptions {
  /** Headers of the request, pseudo headers included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compressed: boolean;
  /** A longer reply ends the call; bytes. */
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal;
  /** Called when the call ends although its bytes are not all with the operating system: they may be read at any time. */
  readonly cutShort?: () => void;
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
  [constants.NGHTTP2_CANCEL, Code.CANCELLED],
  [constants.NGHTTP2_INADEQUATE_SECURITY, Code.PERMISSION_DENIED],
  // gRPC says RESOURCE_EXHAUSTED, which OTLP would not retry; but the request was not judged, the peer only wants calm.
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.UNAVAILABLE],
]);

/** Opens the stream; a session that is closing refuses synchronously. */
function open(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): ClientHttp2Stream {
  try {
    return session.request(headers, { endStream: false });
  } catch (error) {
    throw new UnprocessedError((error as Error).message, { cause: error });
  }
}

/**
 * Sends `body` and resolves with what the server says, also where that is an error status or the connection broke.
 * Rejects with `UnprocessedError`, or with the reason of `signal` when it aborts.
 */
export function unaryCall(session: ClientHttp2Session, body: Uint8Array, options: CallOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal.aborted) return reject(signal.reason as Error);
    const stream = open(session, options.headers);
    const answer = new Answer(options.maxReplyBytes);
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    const abort = (): void => {
      cancel();
      options.cutShort?.();
      reject(signal.reason as Error);
    };
    const deaf = onAbort(signal, abort);

    stream.on('response', (headers) => answer.headers(headers));
    stream.on('trailers', (trailers) => answer.trailers(trailers));
    stream.on('data', (chunk: Buffer) => {
      if (!answer.data(chunk)) cancel();
    });
    stream.on('error', (error) => answer.failed(error));
    stream.on('close', () => {
      deaf();
      if (!stream.writableFinished) options.cutShort?.();
      const reply = answer.reply(stream.rstCode);
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });

    // Prefix and body leave in one write, the body uncopied.
    stream.cork();
    stream.write(framePrefix(body.byteLength, options.compressed));
    stream.end(body);
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
class Answer {
  private status: IncomingHttpHeaders | undefined;
  private httpStatus: number | undefined;
  private readonly message: UnaryMessage;
  private fault: FrameFault | undefined;
  private error: Error | undefined;

  constructor(maxBytes: number) {
    this.message = new UnaryMessage(maxBytes);
  }

  headers(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): void {
    this.httpStatus = headers[':status'];
    if (headers['grpc-status'] !== undefined) this.status = headers;
  }

  trailers(trailers: IncomingHttpHeaders): void {
    if (trailers['grpc-status'] !== undefined) this.status = trailers;
  }

  /** False: no more of it is wanted. The body of another HTTP status is no message. */
  data(chunk: Buffer): boolean {
    if (this.httpStatus === 200) this.fault ??= this.message.push(chunk);
    return this.fault === undefined;
  }

  failed(error: Error): void {
    this.error = error;
  }

  /** What the closed stream amounts to. */
  reply(resetCode: number | undefined): Reply | UnprocessedError {
    if (this.fault) return faulty(this.fault);
    if (this.status) return this.fromStatus(this.status);
    if (this.httpStatus !== undefined && this.httpStatus !== 200)
      return plain(codeOfHttpStatus(this.httpStatus), `server answered HTTP ${this.httpStatus}`);
    if (resetCode === constants.NGHTTP2_REFUSED_STREAM) return new UnprocessedError('server refused the stream');
    return plain(this.codeOfBreak(resetCode), this.error?.message ?? 'connection closed before the server answered');
  }

  private fromStatus(status: IncomingHttpHeaders): Reply {
    const code = Number(status['grpc-status']);
    if (code === Code.OK) return this.success();
    const details = status['grpc-status-details-bin'];
    return {
      code: Number.isInteger(code) ? code : Code.UNKNOWN,
      message: decodeMessage(String(status['grpc-message'] ?? '')),
      details: typeof details === 'string' ? Buffer.from(details, 'base64') : undefined,
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

  private codeOfBreak(resetCode: number | undefined): number {
    const known = CODE_OF_RESET.get(resetCode ?? 0);
    if (known !== undefined) return known;
    // A reset stream of a living connection is the server's doing; anything else is the connection itself.
    const reset = (this.error as NodeJS.ErrnoException | undefined)?.code === 'ERR_HTTP2_STREAM_ERROR';
    return reset ? Code.INTERNAL : Code.UNAVAILABLE;
  }
}

function plain(code: number, message: string): Reply {
  return { code, message, details: undefined, body: NO_BODY };
}

function faulty(fault: FrameFault): Reply {
  return plain(fault === 'too_large' ? Code.RESOURCE_EXHAUSTED : Code.INTERNAL, FAULTS[fault]);
}
