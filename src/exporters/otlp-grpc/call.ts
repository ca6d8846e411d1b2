// One unary gRPC call on an HTTP/2 session: a frame out, a status and perhaps a message back.
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { Code, codeOfHttpStatus } from './status.js';

export interface CallOptions {
  /** Headers of the request, pseudo headers included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compressed: boolean;
  /** A longer reply ends the call; bytes. */
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly code: Code;
  readonly message: string;
  /** `grpc-status-details-bin`, decoded from base64. */
  readonly details: Uint8Array | undefined;
  /** The message without its frame; empty where there is none. */
  readonly body: Uint8Array;
}

/** The server certainly did not look at the request: sending it again is safe at once. */
export class UnprocessedError extends Error {}

const FRAME_HEADER_BYTES = 5;
const NO_BODY = new Uint8Array(0);

/** HTTP/2 error codes that have a meaning of their own in gRPC; the rest is INTERNAL, and a lost connection UNAVAILABLE. */
const CODE_OF_RESET: ReadonlyMap<number, Code> = new Map([
  [constants.NGHTTP2_CANCEL, Code.CANCELLED],
  [constants.NGHTTP2_INADEQUATE_SECURITY, Code.PERMISSION_DENIED],
  // gRPC says RESOURCE_EXHAUSTED, which OTLP would not retry; but the request was not judged, the peer only wants calm.
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.UNAVAILABLE],
]);

function frameHeader(length: number, compressed: boolean): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  header[0] = compressed ? 1 : 0;
  header.writeUInt32BE(length, 1);
  return header;
}

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
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);

    stream.on('response', (headers) => answer.headers(headers));
    stream.on('trailers', (trailers) => answer.trailers(trailers));
    stream.on('data', (chunk: Buffer) => {
      if (!answer.data(chunk)) cancel();
    });
    stream.on('error', (error) => answer.failed(error));
    stream.on('close', () => {
      signal.removeEventListener('abort', abort);
      const reply = answer.reply(stream.rstCode);
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    });

    // Header and body leave in one write, the body uncopied.
    stream.cork();
    stream.write(frameHeader(body.byteLength, options.compressed));
    stream.end(body);
  });
}

/** Gathers the parts of a response. */
class Answer {
  private status: IncomingHttpHeaders | undefined;
  private httpStatus: number | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private error: Error | undefined;

  constructor(private readonly maxBytes: number) {}

  headers(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): void {
    this.httpStatus = headers[':status'];
    if (headers['grpc-status'] !== undefined) this.status = headers;
  }

  trailers(trailers: IncomingHttpHeaders): void {
    if (trailers['grpc-status'] !== undefined) this.status = trailers;
  }

  /** False: longer than allowed. */
  data(chunk: Buffer): boolean {
    this.bytes += chunk.byteLength;
    if (this.bytes > this.maxBytes + FRAME_HEADER_BYTES) return false;
    this.chunks.push(chunk);
    return true;
  }

  failed(error: Error): void {
    this.error = error;
  }

  /** What the closed stream amounts to. */
  reply(resetCode: number | undefined): Reply | UnprocessedError {
    if (this.bytes > this.maxBytes + FRAME_HEADER_BYTES)
      return plain(Code.RESOURCE_EXHAUSTED, `response is larger than ${this.maxBytes} bytes`);
    if (this.status) return this.fromStatus(this.status);
    if (this.httpStatus !== undefined && this.httpStatus !== 200)
      return plain(codeOfHttpStatus(this.httpStatus), `server answered HTTP ${this.httpStatus}`);
    if (resetCode === constants.NGHTTP2_REFUSED_STREAM) return new UnprocessedError('server refused the stream');
    return plain(this.codeOfBreak(resetCode), this.error?.message ?? 'connection closed before the server answered');
  }

  private fromStatus(status: IncomingHttpHeaders): Reply {
    const code = Number(status['grpc-status']);
    const details = status['grpc-status-details-bin'];
    const message = percentDecoded(String(status['grpc-message'] ?? ''));
    const body = code === Code.OK ? this.message() : NO_BODY;
    if (typeof body === 'string') return plain(Code.INTERNAL, body);
    return {
      code: Number.isInteger(code) ? code : Code.UNKNOWN,
      message,
      details: typeof details === 'string' ? Buffer.from(details, 'base64') : undefined,
      body,
    };
  }

  /** The single message of the reply, or what is wrong with it. */
  private message(): Uint8Array | string {
    const frame = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    if (frame.byteLength === 0) return NO_BODY;
    if (frame.byteLength < FRAME_HEADER_BYTES) return 'response has no whole message';
    if (frame[0] !== 0) return 'response is compressed although nothing was offered';
    if (frame.readUInt32BE(1) !== frame.byteLength - FRAME_HEADER_BYTES) return 'response is not exactly one message';
    return frame.subarray(FRAME_HEADER_BYTES);
  }

  private codeOfBreak(resetCode: number | undefined): Code {
    const known = CODE_OF_RESET.get(resetCode ?? 0);
    if (known !== undefined) return known;
    // A reset stream of a living connection is the server's doing; anything else is the connection itself.
    const reset = (this.error as NodeJS.ErrnoException | undefined)?.code === 'ERR_HTTP2_STREAM_ERROR';
    return reset ? Code.INTERNAL : Code.UNAVAILABLE;
  }
}

function plain(code: Code, message: string): Reply {
  return { code, message, details: undefined, body: NO_BODY };
}

/** `grpc-message` is percent-encoded UTF-8; what is not stays as it came. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
