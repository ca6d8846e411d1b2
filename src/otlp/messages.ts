// The typed face of the generated protocol code: the messages by signal, under short names.
import { google, opentelemetry } from '#proto';
import type { Signal } from '../pipeline/index.js';

type Collector = typeof opentelemetry.proto.collector;

export const ExportMetricsServiceRequest: Collector['metrics']['v1']['ExportMetricsServiceRequest'] =
  opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
export const ExportTraceServiceRequest: Collector['trace']['v1']['ExportTraceServiceRequest'] =
  opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
export const ExportLogsServiceRequest: Collector['logs']['v1']['ExportLogsServiceRequest'] =
  opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;

export const ExportMetricsServiceResponse: Collector['metrics']['v1']['ExportMetricsServiceResponse'] =
  opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
export const ExportTraceServiceResponse: Collector['trace']['v1']['ExportTraceServiceResponse'] =
  opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
export const ExportLogsServiceResponse: Collector['logs']['v1']['ExportLogsServiceResponse'] =
  opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;

export { google, opentelemetry };

/** What the protocol calls a signal. */
export interface SignalNames {
  /** Full name of the gRPC service; its one method is `Export`. */
  readonly service: string;
  /** `:path` of the gRPC call. */
  readonly grpcPath: string;
  /** Default path of OTLP/HTTP. */
  readonly httpPath: string;
  /** Full names of the messages, as in `#proto-fields`. */
  readonly request: string;
  readonly response: string;
}

function names(folder: string, word: string, httpPath: string): SignalNames {
  const scope = `opentelemetry.proto.collector.${folder}.v1`;
  const service = `${scope}.${word}Service`;
  return {
    service,
    grpcPath: `/${service}/Export`,
    httpPath,
    request: `${scope}.Export${word}ServiceRequest`,
    response: `${scope}.Export${word}ServiceResponse`,
  };
}

/** OTLP specification, sections "OTLP/gRPC" and "OTLP/HTTP Request". */
export const NAMES: Readonly<Record<Signal, SignalNames>> = {
  metrics: names('metrics', 'Metrics', '/v1/metrics'),
  traces: names('trace', 'Trace', '/v1/traces'),
  logs: names('logs', 'Logs', '/v1/logs'),
};

/** What a generated message class does, seen without its type. */
export interface MessageCodec {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options?: object): Record<string, unknown>;
}

/** The request of each signal, for code that serves all three. */
export const REQUESTS: Readonly<Record<Signal, MessageCodec>> = {
  metrics: ExportMetricsServiceRequest as MessageCodec,
  traces: ExportTraceServiceRequest as MessageCodec,
  logs: ExportLogsServiceRequest as MessageCodec,
};
