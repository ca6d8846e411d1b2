// A gateway or a Collector under probes: a receiver for each question, and next hops whose answers the probes decide.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { SIGNALS } from '../../../src/pipeline/index.js';
import { ok, status } from '../grpc-server.js';
import type { OtlpService, Setup } from '../peers/otlp-services.js';
import { atEnd, freePorts } from '../peers/processes.js';

/** What a next hop does with a request: a gRPC code, an HTTP status, or a hand on the answer. */
export type HopAnswer = (answer: { grpc?: http2.ServerHttp2Stream; http?: http.ServerResponse }) => void;

export interface Hop {
  readonly port: number;
  /** Headers and body of each request so far. */
  readonly seen: { readonly headers: http.IncomingHttpHeaders; readonly body: Buffer; readonly atMs: number }[];
  /** Answers in turn; beyond the last: success. */
  answers: HopAnswer[];
  connections: number;
  /** Requests that are being answered, and the most there were. */
  open: number;
  most: number;
}

const success: HopAnswer = ({ grpc, http: response }) => {
  if (grpc) ok()({ stream: grpc } as never);
  response?.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
};

function newHop(port: number): Hop {
  return { port, seen: [], answers: [], connections: 0, open: 0, most: 0 };
}

async function bodyOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function take(hop: Hop, headers: http.IncomingHttpHeaders, body: Buffer): HopAnswer {
  hop.seen.push({ headers, body, atMs: performance.now() });
  hop.most = Math.max(hop.most, ++hop.open);
  return hop.answers.shift() ?? success;
}

async function grpcHop(): Promise<Hop> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const hop = newHop((server.address() as AddressInfo).port);
  server.on('session', (session) => {
    hop.connections++;
    sessions.add(session);
    session.on('error', () => {});
  });
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => {});
    stream.on('close', () => hop.open--);
    take(hop, headers, (await bodyOf(stream)).subarray(5))({ grpc: stream });
  });
  atEnd(async () => {
    for (const session of sessions) session.destroy();
    await new Promise((done) => server.close(done));
  });
  return hop;
}

async function httpHop(): Promise<Hop> {
  const server = http.createServer(async (request, response) => {
    response.on('close', () => hop.open--);
    take(hop, request.headers, await bodyOf(request))({ http: response });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const hop = newHop((server.address() as AddressInfo).port);
  server.on('connection', () => hop.connections++);
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return hop;
}

/** Ports of one receiver. */
export interface Ports {
  readonly grpc: number;
  readonly http: number;
}

export interface Bench {
  /** Takes everything. */
  readonly plain: Ports;
  /** Takes a mebibyte. */
  readonly small: Ports;
  /** Its queue holds one request, and its next hop answers nobody. */
  readonly full: Ports;
  /** Sends on over gRPC, HTTP and HTTP with JSON, without a queue: the sender's answer is the next hop's. */
  readonly toGrpc: Ports;
  readonly toHttp: Ports;
  readonly toJson: Ports;
  readonly grpcHop: Hop;
  readonly httpHop: Hop;
}

const RECEIVERS = ['plain', 'small', 'full', 'toGrpc', 'toHttp', 'toJson'] as const;
const RETRY = { initial_interval: '10ms', max_interval: '10ms', max_elapsed_time: '20s' };
const DIRECT = { sending_queue: { enabled: false }, retry_on_failure: RETRY, timeout: '15s' };

/** Starts what `starter` starts with a receiver for each kind of question. */
export async function startBench(starter: (setup: Setup) => Promise<OtlpService>): Promise<Bench> {
  const hops = { grpc: await grpcHop(), http: await httpHop() };
  const numbers = await freePorts(2 * RECEIVERS.length);
  const ports = Object.fromEntries(
    RECEIVERS.map((name, i) => [name, { grpc: numbers[2 * i]!, http: numbers[2 * i + 1]! }]),
  ) as Record<(typeof RECEIVERS)[number], Ports>;
  const deaf = await deafPort();
  const url = `http://127.0.0.1:${hops.http.port}`;
  const exporters: Record<(typeof RECEIVERS)[number], readonly [string, object]> = {
    plain: ['debug', {}],
    small: ['debug/small', {}],
    full: [
      'otlp_grpc/full',
      {
        endpoint: `127.0.0.1:${deaf}`,
        tls: { insecure: true },
        timeout: '8s',
        retry_on_failure: { enabled: false },
        sending_queue: { queue_size: 1, num_consumers: 1 },
      },
    ],
    toGrpc: [
      'otlp_grpc/out',
      { endpoint: `127.0.0.1:${hops.grpc.port}`, tls: { insecure: true }, compression: 'none', ...DIRECT },
    ],
    toHttp: ['otlp_http/out', { endpoint: url, compression: 'none', ...DIRECT }],
    toJson: ['otlp_http/json', { endpoint: url, compression: 'none', encoding: 'json', ...DIRECT }],
  };
  const limits = { grpc: { max_recv_msg_size_mib: 1 }, http: { max_request_body_size: 1 << 20 } };
  await starter({
    receivers: Object.fromEntries(
      RECEIVERS.map((name) => {
        const bounds = name === 'small' ? limits : { grpc: {}, http: {} };
        const grpc = { endpoint: `127.0.0.1:${ports[name].grpc}`, ...bounds.grpc };
        return [
          `otlp/${name}`,
          { protocols: { grpc, http: { endpoint: `127.0.0.1:${ports[name].http}`, ...bounds.http } } },
        ];
      }),
    ),
    exporters: Object.fromEntries(Object.values(exporters)),
    pipelines: Object.fromEntries(
      RECEIVERS.flatMap((name) =>
        SIGNALS.map((signal) => [
          `${signal}/${name}`,
          { receivers: [`otlp/${name}`], exporters: [exporters[name][0]] },
        ]),
      ),
    ),
  });
  return { ...ports, grpcHop: hops.grpc, httpHop: hops.http };
}

/** A server that takes connections and never answers. */
async function deafPort(): Promise<number> {
  const server = http2.createServer();
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream) => void stream.on('error', () => {}).resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const sockets = new Set<import('node:net').Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return (server.address() as AddressInfo).port;
}

/** A gRPC code, perhaps with RetryInfo. */
export const code =
  (number: number, retryAfterMs?: number): HopAnswer =>
  ({ grpc }) =>
    status(number, 'as asked', retryAfterMs)({ stream: grpc } as never);

/** An HTTP status, perhaps with Retry-After. */
export const httpStatus =
  (number: number, retryAfter?: string): HopAnswer =>
  ({ http: response }) =>
    response!.writeHead(number, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();

export { success };
