// What sending a request costs: our gRPC client beside node:http2 and @grpc/grpc-js, and what compressing adds.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { opentelemetry } from '#proto';
import { schema } from '../../src/exporters/otlp-grpc/config.js';
import { grpcPush } from '../../src/exporters/otlp-grpc/exporter.js';
import { framePrefix, NAMES } from '../../src/otlp/index.js';
import { type Batch, Ledger, ledgerLimits, ownBatch } from '../../src/pipeline/index.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import type { Result } from '../result.js';
import { spread } from '../spread.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

/** Pixie's layout: a resource a row, six attributes on it, four gauges of one point with four attributes each. */
const ROWS = 1_000;
const POINTS = ROWS * 4;
const REQUESTS = 50;
const IN_FLIGHT = 4;

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });

function row(i: number): object {
  const edge = [`svc-${i % 97}`, `svc-${(i * 7) % 89}`, `ns-${i % 5}`];
  const ends = ['source.service.name', 'destination.service.name', 'destination.namespace.name'];
  const attributes = [...ends.map((key, k) => text(key, edge[k] ?? '')), text('protocol', 'http')];
  const gauges = ['latency', 'requests', 'errors', 'bytes'].map((name, k) => ({
    name: `http.edge.${name}`,
    gauge: { dataPoints: [{ timeUnixNano: 1_700_000_000_000_000_000, asDouble: i * 1.37 + k, attributes }] },
  }));
  const keys = [
    'service.name',
    'service.instance.id',
    'k8s.namespace.name',
    'k8s.pod.name',
    'k8s.node.name',
    'px.cluster.id',
  ];
  const resource = { attributes: keys.map((key, k) => text(key, `${edge[k % 3]}-${(i * 31 + k) % 211}`)) };
  return { resource, scopeMetrics: [{ metrics: gauges }] };
}

/** The body of one request of 4,000 points, about 900 kB. */
function pixieBody(): Uint8Array {
  const request = { resourceMetrics: Array.from({ length: ROWS }, (_, i) => row(i)) };
  return ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(request)).finish();
}

type Send = (batch: Batch) => Promise<unknown>;

/** CPU of all requests of a round, ns a point. */
async function round(send: Send, batches: readonly Batch[]): Promise<number> {
  const begin = process.cpuUsage();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) await send(batch);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const { user, system } = process.cpuUsage(begin);
  return ((user + system) * 1e3) / (batches.length * POINTS);
}

function ours(port: number, compression: string): { send: Send; close: () => Promise<void> } {
  const config = schema.parse({ endpoint: `127.0.0.1:${port}`, tls: { insecure: true }, compression });
  const id = { type: 'otlp_grpc', name: '' };
  const settings = {
    id,
    telemetry: createTelemetry(),
    version: '0',
    instanceId: '',
    resource: {},
    ledger: new Ledger(ledgerLimits(2 ** 33)),
    extension: () => undefined,
  };
  const push = grpcPush(settings, config);
  const never = new AbortController().signal;
  return { send: (batch) => push.send(batch, never), close: () => push.close() };
}

function nodeHttp2(port: number): { send: Send; close: () => Promise<void> } {
  const session = connect(`http://127.0.0.1:${port}`);
  const headers = {
    ':method': 'POST',
    ':path': NAMES.metrics.grpcPath,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const send: Send = ({ body }) =>
    new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: false });
      stream.on('error', reject);
      stream.on('close', resolve);
      stream.resume();
      stream.cork();
      stream.write(framePrefix(body.byteLength));
      stream.end(body);
    });
  return { send, close: () => new Promise((resolve) => session.close(resolve)) };
}

function grpcJs(port: number): { send: Send; close: () => Promise<void> } {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const raw = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const send: Send = ({ body }) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        NAMES.metrics.grpcPath,
        raw,
        (bytes) => bytes,
        body,
        (error, reply) => (error ? reject(error) : resolve(reply)),
      );
    });
  return { send, close: async () => client.close() };
}

async function startSink(): Promise<{ port: number; stop: () => void }> {
  const child = fork(fileURLToPath(new URL('./grpc-sink.js', import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  return { port, stop: () => void child.kill() };
}

async function compression(rounds: number, body: Uint8Array): Promise<Result[]> {
  const results: Result[] = [];
  const suite = 'compressing a Pixie request';
  for (const level of [1, 6]) {
    const values: number[] = [];
    for (let i = 0; i <= rounds; i++)
      values.push(
        await round(() => promisify(gzip)(body, { level }), Array(10).fill(ownBatch('metrics', body, POINTS))),
      );
    const share = gzipSync(body, { level }).byteLength / body.byteLength;
    results.push({ suite, name: `gzip, level ${level}`, unit: 'ns a point', value: spread(values.slice(1)) });
    results.push({ suite, name: `gzip, level ${level}`, unit: 'of the size', value: spread([share]) });
  }
  return results;
}

/** CPU of the sending process alone; the next hop is a process of its own. Contenders take turns in every round. */
export async function grpcClientResults(rounds: number): Promise<Result[]> {
  const body = pixieBody();
  const sink = await startSink();
  const contenders = {
    'ours (otlp_grpc), none': ours(sink.port, 'none'),
    'node:http2, none': nodeHttp2(sink.port),
    '@grpc/grpc-js, none': grpcJs(sink.port),
    'ours (otlp_grpc), gzip made here': ours(sink.port, 'gzip'),
    'ours (otlp_grpc), gzip as it came': ours(sink.port, 'gzip'),
  };
  const compressed = gzipSync(body, { level: 1 });
  const batches = (name: string): Batch[] =>
    Array.from({ length: REQUESTS }, () => {
      const batch = ownBatch('metrics', body, POINTS);
      return name.endsWith('as it came') ? { ...batch, gzip: compressed } : batch;
    });
  const values = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let i = 0; i <= rounds; i++)
    for (const [name, { send }] of Object.entries(contenders)) values.get(name)?.push(await round(send, batches(name)));
  await Promise.all(Object.values(contenders).map(({ close }) => close()));
  sink.stop();
  const suite = 'sending over gRPC';
  const sending = [...values].map(([name, all]) => ({ suite, name, unit: 'ns a point', value: spread(all.slice(1)) }));
  return [...sending, ...(await compression(rounds, body))];
}
