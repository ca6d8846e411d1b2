// What receiving a request costs: our HTTP/2 beside node:http2 and @grpc/grpc-js, bodies put together and dropped.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { encodeHeaders, ServerSession, shareReads } from '../../src/http2/index.js';
import { NAMES, UnaryMessage } from '../../src/otlp/index.js';
import type { Result } from '../result.js';
import { spread } from '../spread.js';
import type { SourceOrder } from './grpc-source.js';

/** A request of 1,000 rows of four points as Pixie lays them out, and one of 100 rows alone on its connection. */
const CASES = [
  { name: '1,000 rows a request', points: 4000, order: { bodyBytes: 914_000, requests: 200, inFlight: 4 } },
  { name: '100 rows a request, one at a time', points: 400, order: { bodyBytes: 91_400, requests: 1000, inFlight: 1 } },
] as const;

const WINDOWS = { stream: 16 << 20, connection: 64 << 20, frame: 1 << 20 };
const LIMIT = 64 << 20;
const EMPTY = Buffer.alloc(5);

const ANSWER = {
  head: encodeHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ]),
  body: [EMPTY],
  trailers: encodeHeaders([['grpc-status', '0']]),
};

function own(): Server {
  return createServer({ noDelay: true }, (socket) => {
    shareReads(socket);
    new ServerSession(socket, {
      windows: WINDOWS,
      maxConcurrentStreams: 100,
      called: (stream) => {
        const message = new UnaryMessage(LIMIT);
        const end = (): void => {
          message.end();
          stream.respond(ANSWER);
        };
        return { data: (chunk) => void message.push(chunk), end };
      },
      streamClosed: () => {},
      settled: () => {},
      pinged: () => {},
      closed: () => {},
    });
  });
}

function nodeHttp2(): Server {
  const settings = { initialWindowSize: WINDOWS.stream, maxFrameSize: WINDOWS.frame };
  const server = createHttp2Server({ settings });
  server.on('session', (session) => session.setLocalWindowSize(WINDOWS.connection));
  server.on('stream', (stream) => {
    const message = new UnaryMessage(LIMIT);
    stream.on('data', (chunk: Buffer) => void message.push(chunk));
    stream.on('end', () => {
      message.end();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(EMPTY);
    });
  });
  return server;
}

async function listening(server: Server): Promise<{ port: number; close: () => void }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

async function grpcJs(): Promise<{ port: number; close: () => void }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': LIMIT });
  const same = (bytes: Buffer): Buffer => bytes;
  const method = {
    path: NAMES.metrics.grpcPath,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService(
    { Export: method },
    { Export: (_call: unknown, done: grpc.sendUnaryData<Buffer>) => done(null, Buffer.alloc(0)) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

/** CPU of this process, ns a point, for all calls of a case; the sender is a process of its own. */
async function measured(source: ChildProcess, order: SourceOrder, points: number): Promise<number> {
  const begin = process.cpuUsage();
  source.send(order);
  await once(source, 'message');
  const { user, system } = process.cpuUsage(begin);
  return ((user + system) * 1e3) / (order.requests * points);
}

/** Contenders take turns in every round; the first round warms up. */
export async function grpcServerResults(rounds: number): Promise<Result[]> {
  const source = fork(fileURLToPath(new URL('./grpc-source.js', import.meta.url)));
  const servers = {
    'ours (otlp)': await listening(own()),
    'node:http2': await listening(nodeHttp2()),
    '@grpc/grpc-js': await grpcJs(),
  };
  const values = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round++)
    for (const { name, points, order } of CASES)
      for (const [server, { port }] of Object.entries(servers)) {
        const key = `${server}, ${name}`;
        values.set(key, [...(values.get(key) ?? []), await measured(source, { ...order, port }, points)]);
      }
  for (const { close } of Object.values(servers)) close();
  source.kill();
  const suite = 'receiving over gRPC';
  return [...values].map(([name, all]) => ({ suite, name, unit: 'ns a point', value: spread(all.slice(1)) }));
}
