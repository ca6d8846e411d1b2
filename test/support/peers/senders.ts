// Sends serialised OTLP requests as SDKs do: over gRPC with grpc-js and over HTTP with fetch.
import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Signal } from '../../../src/pipeline/index.js';

const SERVICES: Readonly<Record<Signal, string>> = {
  metrics: 'metrics.v1.MetricsService',
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
};

/** Full gRPC method name of a signal's Export. */
export function exportMethod(signal: Signal): string {
  return `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`;
}

export interface Sender {
  /** Resolves with the serialised response; rejects unless the answer is OK. */
  send(signal: Signal, body: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

export interface GrpcSenderOptions {
  readonly gzip?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The authority to trust, PEM; without it there is no TLS. */
  readonly ca?: Buffer;
}

export function grpcSender(port: number, options: GrpcSenderOptions = {}): Sender {
  const security = options.ca ? credentials.createSsl(options.ca) : credentials.createInsecure();
  const client = new Client(`127.0.0.1:${port}`, security, {
    'grpc.default_compression_algorithm': options.gzip ? 2 : 0,
  });
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  return {
    send: (signal, body) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest(exportMethod(signal), asIs, asIs, body, metadata, { deadline }, (error, response) => {
          if (error) reject(error);
          else resolve(response ?? new Uint8Array());
        });
      }),
    close: () => client.close(),
  };
}

export function httpSender(port: number, options: { gzip?: boolean; headers?: Record<string, string> } = {}): Sender {
  const encoding = options.gzip ? { 'content-encoding': 'gzip' } : undefined;
  return {
    send: async (signal, body) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', ...encoding, ...options.headers },
        body: options.gzip ? gzipSync(body) : body,
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${Buffer.from(answer).toString()}`);
      return answer;
    },
    close: () => {},
  };
}
