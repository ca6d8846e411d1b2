// A next hop that keeps every OTLP request as it came over the wire, over gRPC (prior-knowledge HTTP/2) and HTTP.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Signal } from '../../../src/pipeline/index.js';
import { atEnd } from './processes.js';

/** One request as it came. */
export interface Arrival {
  readonly transport: 'grpc' | 'http';
  readonly signal: Signal;
  readonly headers: Readonly<Record<string, string>>;
  /** The message as sent: still compressed where the sender compressed it, without gRPC's five bytes of framing. */
  readonly sent: Buffer;
  /** The message uncompressed. */
  readonly body: Buffer;
}

export interface NextHop {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly arrivals: readonly Arrival[];
  of(signal: Signal): Arrival[];
}

const WORDS: readonly (readonly [string, Signal])[] = [
  ['metrics', 'metrics'],
  ['trace', 'traces'],
  ['logs', 'logs'],
];

/** The signal that a gRPC or HTTP path names. */
function signalOf(path: string): Signal {
  const found = WORDS.find(([word]) => path.toLowerCase().includes(word));
  if (!found) throw new Error(`not an OTLP path: ${path}`);
  return found[1];
}

/** Starts a next hop that answers every request with success; `endAll` closes it. */
export async function startNextHop(): Promise<NextHop> {
  const arrivals: Arrival[] = [];
  const grpc = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  grpc.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  grpc.on('stream', (stream, headers) => {
    read(stream, (framed) => {
      arrivals.push(fromGrpc(headers, framed));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
  });
  const plain = http.createServer((request, response) => {
    read(request, (sent) => {
      arrivals.push(fromHttp(request, sent));
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/x-protobuf' }).end();
    });
  });
  for (const server of [grpc, plain]) await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(async () => {
    for (const session of sessions) session.destroy();
    plain.closeAllConnections();
    await Promise.all([grpc, plain].map((server) => new Promise((done) => server.close(done))));
  });
  return {
    grpcPort: (grpc.address() as AddressInfo).port,
    httpPort: (plain.address() as AddressInfo).port,
    arrivals,
    of: (signal) => arrivals.filter((arrival) => arrival.signal === signal),
  };
}

function read(stream: NodeJS.ReadableStream, then: (all: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => then(Buffer.concat(chunks)));
}

function fromGrpc(headers: http2.IncomingHttpHeaders, framed: Buffer): Arrival {
  const sent = framed.subarray(5);
  if (framed.readUInt32BE(1) !== sent.length) throw new Error('more or less than one message in a unary call');
  const body = framed[0] === 1 ? gunzipSync(sent) : sent;
  return { transport: 'grpc', signal: signalOf(headers[':path'] ?? ''), headers: flat(headers), sent, body };
}

function fromHttp(request: http.IncomingMessage, sent: Buffer): Arrival {
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  return { transport: 'http', signal: signalOf(request.url ?? ''), headers: flat(request.headers), sent, body };
}

function flat(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
