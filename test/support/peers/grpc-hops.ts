// gRPC servers of other makes as next hops, each without and with TLS. They say which row (the header `x-row`) sent
// them how much.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { SIGNALS, type Signal } from '../../../src/pipeline/index.js';
import { fixture } from '../paths.js';
import { itemsOfBytes } from './item-counts.js';
import type { Json } from './otlp-files.js';
import { atEnd, freePorts, type Running, start } from './processes.js';
import { peer, REPOSITORY } from './programs.js';
import { exportMethod } from './senders.js';

/** A next hop; `arrived` is how many items of a signal came from a row. */
export interface Hop {
  readonly port: number;
  readonly tlsPort: number;
  arrived(row: string, signal: Signal): number;
}

const CERTIFICATE = fixture('tls/server.pem');
const KEY = fixture('tls/server.key');

/** Whether somebody listens there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** What a line of a peer says: items, or the body to count them in. */
function itemsIn({ items, signal, body }: Json): number {
  return items ?? itemsOfBytes(signal, Buffer.from(body, 'hex'));
}

async function programHop(command: string, args: readonly string[]): Promise<Hop> {
  const [port, tlsPort] = (await freePorts(2)) as [number, number];
  const run = (at: number, ...more: string[]): Promise<Running> =>
    start(command, [...args, 'serve', ...more, `127.0.0.1:${at}`], { ready: () => listens(at) });
  const running = await Promise.all([run(port), run(tlsPort, '--cert', CERTIFICATE, '--key', KEY)]);
  const lines = (): Json[] =>
    running.flatMap((one) =>
      one
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line)),
    );
  return { port, tlsPort, arrived: (row, signal) => counted(lines(), row, signal) };
}

function counted(arrivals: readonly Json[], row: string, signal: Signal): number {
  return arrivals
    .filter((arrival) => arrival.row === row && arrival.signal === signal)
    .reduce((total, arrival) => total + itemsIn(arrival), 0);
}

/** grpc-go with typed messages; answers in the encoding of the request, as every server made of it. */
export function startGrpcGo(): Promise<Hop> {
  return programHop(peer('otlp-go.sh'), []);
}

/** gRPC's C core; answers in gzip. */
export function startGrpcio(): Promise<Hop> {
  return programHop(peer('python.sh', 'grpc'), [`${REPOSITORY}/test/peers/otlp-peer.py`]);
}

/** `partial_success` empty, as the Collector has it, and a field of the future. */
const ANSWER = Buffer.concat([Buffer.from([0x0a, 0, 0x7a, 0xc8, 0x01]), Buffer.alloc(200)]);

/** grpc-js; answers in gzip. */
export async function startGrpcJs(): Promise<Hop> {
  const arrivals: { row: string; signal: Signal; items: number }[] = [];
  const asIs = (bytes: Buffer): Buffer => bytes;
  const listen = (credentials: ServerCredentials): Promise<number> => {
    const server = new Server({ 'grpc.default_compression_algorithm': 2 });
    for (const signal of SIGNALS) {
      const definition: ServiceDefinition = {
        Export: {
          path: exportMethod(signal),
          requestStream: false,
          responseStream: false,
          requestSerialize: asIs,
          requestDeserialize: asIs,
          responseSerialize: asIs,
          responseDeserialize: asIs,
        },
      };
      server.addService(definition, {
        // biome-ignore lint/suspicious/noExplicitAny: the types of a service that is not generated.
        Export: (call: any, callback: any) => {
          const row = String(call.metadata.get('x-row')[0] ?? '');
          arrivals.push({ row, signal, items: itemsOfBytes(signal, call.request) });
          callback(null, ANSWER);
        },
      });
    }
    atEnd(async () => server.forceShutdown());
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
    });
  };
  const pair = { private_key: readFileSync(KEY), cert_chain: readFileSync(CERTIFICATE) };
  return {
    port: await listen(ServerCredentials.createInsecure()),
    tlsPort: await listen(ServerCredentials.createSsl(null, [pair])),
    arrived: (row, signal) => counted(arrivals, row, signal),
  };
}
