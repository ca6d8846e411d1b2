// A gRPC server made of raw HTTP/2 frames, whose every answer the test decides; it also breaks the rules on request.
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { google } from '#proto';

export interface GrpcCall {
  readonly path: string;
  readonly headers: http2.IncomingHttpHeaders;
  /** First byte of the frame. */
  readonly compressed: boolean;
  /** The message without its frame. */
  readonly message: Buffer;
  readonly stream: http2.ServerHttp2Stream;
  /** Number of the connection, from 1. */
  readonly connection: number;
}

export type Answer = (call: GrpcCall) => void;

export interface GrpcServer {
  readonly port: number;
  readonly calls: GrpcCall[];
  readonly sessions: Set<http2.ServerHttp2Session>;
  /** How the following calls are answered. */
  answer: Answer;
  close(): Promise<void>;
}

/** One frame around a message. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const header = Buffer.alloc(5);
  header[0] = flag;
  header.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([header, message]);
}

/** OK with a response message. */
export function ok(message: Uint8Array = new Uint8Array(0)): Answer {
  return ({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame(message));
  };
}

/** An error status in a trailers-only response, with RetryInfo where a delay is given. */
export function status(code: number, message = '', retryAfterMs?: number): Answer {
  const details = retryAfterMs === undefined ? undefined : statusDetails(code, message, retryAfterMs);
  return ({ stream }) =>
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': String(code),
        'grpc-message': encodeURIComponent(message),
        ...(details && { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
      },
      { endStream: true },
    );
}

/** A serialised google.rpc.Status with RetryInfo. */
export function statusDetails(code: number, message: string, retryAfterMs: number): Uint8Array {
  const retryDelay = google.rpc.Duration.fromObject({
    seconds: Math.floor(retryAfterMs / 1_000),
    nanos: (retryAfterMs % 1_000) * 1e6,
  });
  const value = google.rpc.RetryInfo.encode({ retryDelay }).finish();
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }];
  return google.rpc.Status.encode({ code, message, details }).finish();
}

export interface ServerOptions {
  readonly port?: number;
  readonly tls?: http2.SecureServerOptions;
  readonly settings?: http2.Settings;
}

/** Starts a server on a free port (or the one given) and closes it after the test. */
export async function grpcServer(context: TestContext, options: ServerOptions = {}): Promise<GrpcServer> {
  const settings = { initialWindowSize: 1 << 24, maxFrameSize: 1 << 20, ...options.settings };
  const server = options.tls
    ? http2.createSecureServer({ ...options.tls, settings })
    : http2.createServer({ settings });
  const sessions = new Set<http2.ServerHttp2Session>();
  const calls: GrpcCall[] = [];
  let connections = 0;
  server.on('sessionError', () => {});
  server.on('session', (session) => {
    const connection = ++connections;
    sessions.add(session);
    session.setLocalWindowSize(1 << 26);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
    session.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const framed = Buffer.concat(chunks);
        const path = headers[':path'] ?? '';
        const call = { path, headers, compressed: framed[0] === 1, message: framed.subarray(5), stream, connection };
        calls.push(call);
        running.answer(call);
      });
    });
  });
  await once(server.listen(options.port ?? 0, '127.0.0.1'), 'listening');
  const close = async (): Promise<void> => {
    // A session destroyed while it reads is freed under its parser: never from one of its events.
    await setImmediate();
    for (const session of sessions) session.destroy();
    if (server.listening) await new Promise((done) => server.close(done));
  };
  context.after(close);
  const running: GrpcServer = { port: (server.address() as AddressInfo).port, calls, sessions, answer: ok(), close };
  return running;
}
