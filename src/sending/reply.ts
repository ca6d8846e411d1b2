// What a server says about an export request: the response message and google.rpc.Status, as a client reads them.
import { google, opentelemetry } from '#proto';
import type { Signal } from '../pipeline/index.js';
import type { PartialSuccess } from './send.js';

const { metrics, trace, logs } = opentelemetry.proto.collector;

/** Largest response that is read: OTLP recommends 4 MiB. */
export const MAX_REPLY_BYTES: number = 4 * 1024 * 1024;

export interface ServerStatus {
  /** Canonical gRPC code; 0 where the server left it out. */
  readonly code: number;
  readonly message: string;
  /** RetryInfo, ms. */
  readonly retryAfterMs: number | undefined;
}

const RETRY_INFO = /\/google\.rpc\.RetryInfo$/;

/** `google.rpc.Status` with the delay of its RetryInfo; undefined where the bytes are none. */
export function decodeStatus(bytes: Uint8Array): ServerStatus | undefined {
  try {
    const status = google.rpc.Status.decode(bytes);
    const info = status.details.find((detail) => RETRY_INFO.test(detail.typeUrl ?? ''));
    return { code: status.code, message: status.message, retryAfterMs: info && retryDelay(info.value ?? undefined) };
  } catch {
    return undefined;
  }
}

function retryDelay(bytes: Uint8Array | undefined): number | undefined {
  const delay = google.rpc.RetryInfo.decode(bytes ?? new Uint8Array()).retryDelay;
  if (!delay) return 0;
  return Math.max(0, Number(delay.seconds ?? 0) * 1_000 + (delay.nanos ?? 0) / 1e6);
}

/** `partial_success` of a protobuf response; undefined where everything was taken. Throws on malformed bytes. */
export function decodePartialSuccess(signal: Signal, bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.byteLength === 0) return undefined;
  const [rejected, message] = partialOf(signal, bytes);
  return rejected === 0 && message === '' ? undefined : { rejected, message };
}

function partialOf(signal: Signal, bytes: Uint8Array): [number, string] {
  if (signal === 'metrics') {
    const partial = metrics.v1.ExportMetricsServiceResponse.decode(bytes).partialSuccess;
    return [Number(partial?.rejectedDataPoints ?? 0), partial?.errorMessage ?? ''];
  }
  if (signal === 'traces') {
    const partial = trace.v1.ExportTraceServiceResponse.decode(bytes).partialSuccess;
    return [Number(partial?.rejectedSpans ?? 0), partial?.errorMessage ?? ''];
  }
  const partial = logs.v1.ExportLogsServiceResponse.decode(bytes).partialSuccess;
  return [Number(partial?.rejectedLogRecords ?? 0), partial?.errorMessage ?? ''];
}
