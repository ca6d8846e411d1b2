// Requests by hand, and what came back in a few words.
import { gzipSync } from 'node:zlib';
import { opentelemetry } from '#proto';
import { NAMES } from '../../../src/otlp/messages.js';
import { Code, decodeStatus } from '../../../src/otlp/status.js';
import type { Signal } from '../../../src/pipeline/index.js';
import { type RawAnswer, rawCall, rawSession } from '../grpc-raw.js';

const NAME: ReadonlyMap<number, string> = new Map<number, string>(
  Object.entries(Code).map(([name, number]) => [number, name]),
);

/** The name of a gRPC code. */
export const nameOf = (number: number): string => NAME.get(number) ?? `code ${number}`;

/** One frame around a message. */
export function framed(message: Uint8Array, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

export interface Asked {
  readonly signal?: Signal;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly gzip?: boolean;
}

export async function grpc(
  port: number,
  { signal = 'metrics', body = metric(), headers, gzip }: Asked = {},
): Promise<RawAnswer> {
  const session = rawSession(port);
  const message = gzip ? framed(gzipSync(body), true) : framed(body);
  const answer = await rawCall(session, {
    headers: { ':path': NAMES[signal].grpcPath, ...(gzip && { 'grpc-encoding': 'gzip' }), ...headers },
    chunks: [message],
  });
  session.destroy();
  return answer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly headers: Headers;
}

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

export async function http(
  port: number,
  { signal = 'metrics', body = metric(), headers, gzip }: Asked = {},
  { method = 'POST', path = `/v1/${signal}` }: { method?: string; path?: string } = {},
): Promise<HttpAnswer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'content-type': PROTOBUF, ...(gzip && { 'content-encoding': 'gzip' }), ...headers },
    ...(method !== 'GET' && { body: gzip ? gzipSync(body) : body }),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? 'none',
    body: Buffer.from(await answer.arrayBuffer()),
    headers: answer.headers,
  };
}

export const json = (port: number, text: string, signal: Signal = 'metrics'): Promise<HttpAnswer> =>
  http(port, { signal, body: Buffer.from(text), headers: { 'content-type': JSON_TYPE } });

/** What an error's body is. */
export function formOf({ type, body }: HttpAnswer): string {
  if (type.startsWith(JSON_TYPE)) {
    try {
      return 'message' in (JSON.parse(body.toString()) as object) ? 'Status as JSON' : 'other JSON';
    } catch {
      return 'no JSON';
    }
  }
  if (!type.startsWith(PROTOBUF)) return body.length === 0 ? 'no body' : type.split(';')[0]!;
  try {
    return decodeStatus(body).message === '' ? 'empty Status' : 'Status';
  } catch {
    return 'no Status';
  }
}

const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? 'empty' : Buffer.from(bytes).toString('hex'));

export { hex };

type Metrics = typeof opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
type Traces = typeof opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
export const ExportMetricsServiceRequest: Metrics =
  opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
export const ExportTraceServiceRequest: Traces = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

/** One gauge of one point; `attributes` as OTLP's JSON has them. */
export function metric(attributes: readonly object[] = [], name = 'probe'): Buffer {
  const dataPoints = [{ asInt: 1, timeUnixNano: 1, attributes }];
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints } }] }] }] };
  return Buffer.from(ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(request)).finish());
}

/** A request of about so many bytes. */
export const large = (bytes: number): Buffer => metric([], 'x'.repeat(bytes));
