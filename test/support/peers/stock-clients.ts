// Clients of other makes that send the samples to a receiver, over gRPC or HTTP, plain, gzip or with TLS. Each rejects
// unless every answer was a success.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { frameMessage, protobufToJson } from '../../../src/otlp/index.js';
import { SIGNALS, type Signal } from '../../../src/pipeline/index.js';
import { fixture } from '../paths.js';
import { newFolder } from './otlp-services.js';
import { peer, REPOSITORY } from './programs.js';
import { SAMPLES } from './sample-requests.js';
import { exportMethod, grpcSender } from './senders.js';

export type Variant = 'plain' | 'gzip' | 'tls';

export interface StockClient {
  readonly protocol: 'grpc' | 'http';
  /**
   * What arrives: the samples byte for byte, the samples as another encoder writes them, or an item a signal of its own
   * making.
   */
  readonly arrives: 'bytes' | 'items' | 'own';
  /** Why it cannot be had here; false: it can. */
  skip(): false | string;
  send(port: number, variant: Variant): Promise<void>;
}

const run = promisify(execFile);
const CA = fixture('tls/ca.pem');

/** The samples as files, `SIGNAL=PATH` each. */
function sampleFiles(): string[] {
  const folder = newFolder();
  return SIGNALS.map((signal) => {
    const file = join(folder, `${signal}.binpb`);
    writeFileSync(file, SAMPLES[signal]);
    return `${signal}=${file}`;
  });
}

/** A program with the arguments of otlp-go and otlp-peer.py. */
async function sendWith(command: string, args: readonly string[], port: number, variant: Variant): Promise<void> {
  const flags = variant === 'tls' ? ['--ca', CA] : variant === 'gzip' ? ['--gzip'] : [];
  const { stdout } = await run(command, [...args, 'send', ...flags, `127.0.0.1:${port}`, ...sampleFiles()]);
  const codes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ code, details, rejected = 0, answer = '' }) => `${code} ${details}${rejected}${answer}`);
  if (codes.join() !== SIGNALS.map(() => 'OK 0').join()) throw new Error(`answered ${codes.join()}`);
}

/** Asks `find` once, and remembers why it found nothing. In CI it has to find it. */
function findable(find: () => string): { path(): string; skip(): false | string } {
  let found: string | undefined;
  let why: false | string = false;
  const look = (): void => {
    try {
      found ??= find();
      if (found === '') throw new Error('it cannot be installed here');
    } catch (error) {
      if (process.env.CI !== undefined) throw error;
      why = (error as Error).message.split('\n', 1)[0]!;
    }
  };
  return {
    path: () => found ?? '',
    skip: () => {
      if (found === undefined && why === false) look();
      return why;
    },
  };
}

function program(arrives: 'bytes' | 'items', find: () => string, args: readonly string[] = []): StockClient {
  const { path, skip } = findable(find);
  return { protocol: 'grpc', arrives, skip, send: (port, variant) => sendWith(path(), args, port, variant) };
}

const grpcJs: StockClient = {
  protocol: 'grpc',
  arrives: 'bytes',
  skip: () => false,
  async send(port, variant) {
    const sender = grpcSender(port, { gzip: variant === 'gzip', ...(variant === 'tls' && { ca: readFileSync(CA) }) });
    for (const signal of SIGNALS) {
      const answer = await sender.send(signal, SAMPLES[signal]);
      if (answer.length > 0) throw new Error(`${signal}: ${Buffer.from(answer).toString('hex')}`);
    }
    sender.close();
  },
};

const SENDERS = {
  'grpc-java': 'io.opentelemetry.exporter.sender.grpc.managedchannel.internal.UpstreamGrpcSenderProvider',
  okhttp: 'io.opentelemetry.exporter.sender.okhttp.internal.OkHttpGrpcSenderProvider',
} as const;

/** System properties with which a JVM trusts the authority of the tests. */
async function trusting(): Promise<string[]> {
  const store = join(newFolder(), 'trust.p12');
  const secret = 'not a secret';
  await run('keytool', [
    '-importcert',
    '-noprompt',
    '-alias',
    'ca',
    '-file',
    CA,
    '-keystore',
    store,
    '-storepass',
    secret,
  ]);
  return [`-Djavax.net.ssl.trustStore=${store}`, `-Djavax.net.ssl.trustStorePassword=${secret}`];
}

/** OpenTelemetry's Java SDK over gRPC with one of its two clients, or over HTTP. */
function java(protocol: 'grpc' | 'http', sender: keyof typeof SENDERS = 'okhttp'): StockClient {
  const { path, skip } = findable(() => peer('otlp-java.sh'));
  return {
    protocol,
    arrives: 'own',
    skip,
    async send(port, variant) {
      const properties = [
        `-Dio.opentelemetry.sdk.common.export.GrpcSenderProvider=${SENDERS[sender]}`,
        ...(variant === 'tls' ? await trusting() : []),
      ];
      const url = `${variant === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}`;
      const what = [protocol, url, variant === 'gzip' ? 'gzip' : 'none'];
      await run('java', ['-XX:TieredStopAtLevel=1', ...properties, '-cp', path(), 'OtlpJava', ...what]);
    },
  };
}

interface CurlRequest {
  readonly path: (signal: Signal) => string;
  readonly headers: (gzip: boolean) => readonly string[];
  readonly body: (signal: Signal, gzip: boolean) => Uint8Array;
  /** Options that choose the version of HTTP. */
  readonly version: (tls: boolean) => string;
  /** What has to be in status line, headers and trailers of the answer. */
  readonly expected: RegExp;
}

/** curl sends the body of each signal, and has to see the answer that a success is. */
function curl(protocol: 'grpc' | 'http', arrives: 'bytes' | 'items', request: CurlRequest): StockClient {
  const { path, skip } = findable(() => 'curl');
  return {
    protocol,
    arrives,
    skip,
    async send(port, variant) {
      const [tls, gzip] = [variant === 'tls', variant === 'gzip'];
      const file = join(newFolder(), 'body');
      for (const signal of SIGNALS) {
        writeFileSync(file, request.body(signal, gzip));
        const headers = request.headers(gzip).flatMap((header) => ['-H', header]);
        const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}${request.path(signal)}`;
        const flags = ['-sS', '-v', '-m', '10', '--cacert', CA, request.version(tls), '--data-binary', `@${file}`];
        const { stderr } = await run(path(), [...flags, ...headers, '-o', '/dev/null', url]);
        if (!request.expected.test(stderr)) throw new Error(`${signal}: ${stderr}`);
      }
    },
  };
}

const squeezed = (gzip: boolean, body: Uint8Array): Uint8Array => (gzip ? gzipSync(body) : body);

function curlHttp(type: string, body: (signal: Signal) => Uint8Array, version = '--http1.1'): CurlRequest {
  return {
    path: (signal) => `/v1/${signal}`,
    headers: (gzip) => [`content-type: ${type}`, ...(gzip ? ['content-encoding: gzip'] : [])],
    body: (signal, gzip) => squeezed(gzip, body(signal)),
    version: () => version,
    expected: /^< HTTP\/(1\.1|2) 200\b/m,
  };
}

const curlGrpc: CurlRequest = {
  path: exportMethod,
  headers: (gzip) => ['content-type: application/grpc', 'te: trailers', ...(gzip ? ['grpc-encoding: gzip'] : [])],
  body: (signal, gzip) => frameMessage(squeezed(gzip, SAMPLES[signal]), gzip),
  version: (tls) => (tls ? '--http2' : '--http2-prior-knowledge'),
  expected: /^< grpc-status: 0\b/m,
};

const json = (signal: Signal): Uint8Array => Buffer.from(protobufToJson(signal, SAMPLES[signal]));

/** By the name that a test gives them. */
export const STOCK_CLIENTS: Readonly<Record<string, StockClient>> = {
  grpcio: program('bytes', () => peer('python.sh', 'grpc'), [join(REPOSITORY, 'test/peers/otlp-peer.py')]),
  'grpc-go': program('items', () => peer('otlp-go.sh')),
  'grpc-js': grpcJs,
  'grpc-java': java('grpc', 'grpc-java'),
  'the Java SDK over gRPC': java('grpc', 'okhttp'),
  'the Java SDK over HTTP': java('http'),
  'curl over h2c to the gRPC port': curl('grpc', 'bytes', curlGrpc),
  'curl over HTTP/1.1, protobuf': curl(
    'http',
    'bytes',
    curlHttp('application/x-protobuf', (signal) => SAMPLES[signal]),
  ),
  'curl over HTTP/1.1, JSON': curl('http', 'items', curlHttp('application/json', json)),
};
