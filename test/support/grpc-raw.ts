// gRPC calls made by hand on node:http2, for everything that a well-behaved client never sends.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { decodeMessage } from '../../src/otlp/grpc-frame.js';
import { NAMES } from '../../src/otlp/messages.js';
import { decodeStatus } from '../../src/otlp/status.js';
import { atEnd } from './peers/processes.js';

export interface RawAnswer {
  /** Response headers and trailers together. */
  readonly headers: IncomingHttpHeaders;
  /** The status came in the first and only block of headers. */
  readonly trailersOnly: boolean;
  readonly data: Buffer;
  /** Error code of RST_STREAM, 0 where there was none. */
  readonly resetCode: number;
  /** `grpc-status`, NaN where there is none. */
  readonly status: number;
  /** `grpc-message`, decoded. */
  readonly message: string;
  /** Delay of RetryInfo in `grpc-status-details-bin`, ms. */
  readonly retryAfterMs: number | undefined;
}

export interface RawCall {
  readonly headers?: OutgoingHttpHeaders;
  /** DATA frames, each written by itself. */
  readonly chunks?: readonly Uint8Array[];
  /** False: the stream stays half open. */
  readonly end?: boolean;
}

/** A connection of our own; it is closed by the next `endAll`. */
export function rawSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  atEnd(async () => session.destroy());
  return session;
}

/** One call to metrics Export unless `:path` says otherwise. */
export function rawCall(
  session: ClientHttp2Session,
  { headers, chunks = [], end = true }: RawCall,
): Promise<RawAnswer> {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': NAMES.metrics.grpcPath,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    },
    { endStream: end && chunks.length === 0 },
  );
  const answered = gathered(stream);
  for (const chunk of chunks) stream.write(chunk);
  if (end) stream.end();
  return answered.then(({ headers: first, trailers, data, resetCode }) => {
    const all = { ...first, ...trailers };
    return {
      headers: all,
      trailersOnly: trailers === undefined,
      data,
      resetCode,
      status: Number(all['grpc-status'] ?? Number.NaN),
      message: decodeMessage(String(all['grpc-message'] ?? '')),
      retryAfterMs: delayOf(all['grpc-status-details-bin'] as string | undefined),
    };
  });
}

/** What came on a stream of node:http2 until it closed. */
export interface Gathered {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly data: Buffer;
  /** Error code of RST_STREAM, 0 where there was none. */
  readonly resetCode: number;
}

/** Gathers a response; resolves when the stream has closed, however. */
export function gathered(stream: ClientHttp2Stream): Promise<Gathered> {
  const data: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | undefined;
  stream.on('response', (received) => {
    headers = received;
  });
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.on('data', (chunk: Buffer) => data.push(chunk));
  stream.on('error', () => {});
  return new Promise((resolve) => {
    stream.on('close', () => resolve({ headers, trailers, data: Buffer.concat(data), resetCode: stream.rstCode ?? 0 }));
  });
}

function delayOf(details: string | undefined): number | undefined {
  return details === undefined ? undefined : decodeStatus(Buffer.from(details, 'base64')).retryAfterMs;
}
