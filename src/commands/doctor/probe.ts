// Requests that the doctor sends: an empty one, and one tagged test point, over gRPC and over HTTP.

import { request as requestHttp } from 'node:http';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import { Key } from '../../detection/vocabulary/attributes.js';
import { OWN_PREFIX } from '../../detection/vocabulary/metrics.js';
import { decodeMessage, frameMessage } from '../../otlp/grpc-frame.js';
import { NAMES } from '../../otlp/messages.js';
import { decodeStatus } from '../../otlp/status.js';
import type { Signal } from '../../pipeline/index.js';
import { STEP_MS } from './connect.js';

export interface ProbeTarget {
  readonly at: HostPort;
  readonly tls: boolean;
  readonly token: string | undefined;
}

/** An answer of either protocol: 0 or 200 is success. */
export interface ProbeAnswer {
  readonly success: boolean;
  /** `gRPC status 16` or `HTTP 401`. */
  readonly code: string;
  /** The token was refused. */
  readonly unauthenticated: boolean;
  readonly message: string;
}

/** A server that does not close its end by then is left; ms. */
const LEAVE_MS = 1_000;

/**
 * Names that begin like this are not learnt from and not shown as unmapped; the attribute is that of injected events.
 */
const TEST_METRIC = `${OWN_PREFIX}doctor`;

type ProbeMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];

/** Values of the SDK's enums, which its types alone would make a dependency. */
const GAUGE = { dataPointType: 2, aggregationTemporality: 1 } as const;
const DOUBLE = 1;

/**
 * A request of one data point, made by OpenTelemetry's own serializer: what an application's SDK would send, and
 * nothing of the encoder whose gateway is examined.
 */
export function testPoint(nowMs: number): Uint8Array {
  const time: [number, number] = [Math.floor(nowMs / 1000), (nowMs % 1000) * 1e6];
  const descriptor = { name: TEST_METRIC, description: 'A test point', unit: '', valueType: DOUBLE };
  const point = { startTime: time, endTime: time, attributes: { [Key.test]: true }, value: 1 };
  const request = {
    resource: { attributes: { 'service.name': 'pxanomaly-doctor' } },
    scopeMetrics: [{ scope: { name: 'pxanomaly doctor' }, metrics: [{ ...GAUGE, descriptor, dataPoints: [point] }] }],
  };
  const body = ProtobufMetricsSerializer.serializeRequest(request as unknown as ProbeMetrics);
  if (!body) throw new Error('the test point cannot be serialized');
  return body;
}

/** Rejects where there is no HTTP/2 at the other end. */
export async function callGrpc(
  { at, tls, token }: ProbeTarget,
  signal: Signal,
  body: Uint8Array,
): Promise<ProbeAnswer> {
  const session = connect(`${tls ? 'https' : 'http'}://${formatHostPort(at)}`, { rejectUnauthorized: false });
  try {
    return await unary(session, NAMES[signal].grpcPath, token, body);
  } finally {
    // With a GOAWAY, so that the gateway sees a client that leaves and not one that breaks off.
    session.close();
    setTimeout(() => session.destroy(), LEAVE_MS).unref();
  }
}

function unary(
  session: ClientHttp2Session,
  path: string,
  token: string | undefined,
  body: Uint8Array,
): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'pxanomaly-doctor',
      ...(token === undefined ? {} : { 'x-pxanomaly-token': token }),
    });
    let status: string | undefined;
    let message = '';
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] === undefined) return;
      status = String(headers['grpc-status']);
      message = decodeMessage(String(headers['grpc-message'] ?? ''));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', reject);
    stream.setTimeout(STEP_MS, () => reject(new Error(`no answer within ${STEP_MS / 1000} s`)));
    stream.on('close', () => {
      if (status === undefined) reject(new Error('the answer has no gRPC status'));
      else
        resolve({
          success: status === '0',
          code: `gRPC status ${status}`,
          unauthenticated: status === '16',
          message,
        });
    });
    stream.resume();
    stream.end(frameMessage(body));
  });
}

/** Rejects where there is no HTTP at the other end. */
export function callHttp({ at, tls, token }: ProbeTarget, path: string, body: Uint8Array): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: at.host,
      port: at.port,
      path,
      method: 'POST',
      timeout: STEP_MS,
      headers: {
        'content-type': 'application/x-protobuf',
        'content-length': body.length,
        'user-agent': 'pxanomaly-doctor',
        ...(token === undefined ? {} : { 'x-pxanomaly-token': token }),
      },
    };
    const call = tls ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error(`no answer within ${STEP_MS / 1000} s`)));
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        resolve({
          success: statusCode === 200,
          code: `HTTP ${statusCode}`,
          unauthenticated: statusCode === 401,
          message: statusCode === 200 ? '' : statusText(Buffer.concat(chunks), response.headers['content-type']),
        });
      });
    });
    call.end(body);
  });
}

function statusText(body: Buffer, type = ''): string {
  if (!type.startsWith('application/x-protobuf')) return body.toString().slice(0, 200);
  try {
    return decodeStatus(body).message;
  } catch {
    return '';
  }
}
