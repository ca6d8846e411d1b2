// What a server says about an export request that it took, as a client reads it.
import { ExportLogsServiceResponse, ExportMetricsServiceResponse, ExportTraceServiceResponse } from '../otlp/index.js';
import type { Signal } from '../pipeline/index.js';
import type { PartialSuccess } from './send.js';

/** Largest response that is read: OTLP recommends 4 MiB. */
export const MAX_REPLY_BYTES: number = 4 * 1024 * 1024;

/** `partial_success` of a protobuf response; undefined where everything was taken. Throws on malformed bytes. */
export function decodePartialSuccess(signal: Signal, bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.byteLength === 0) return undefined;
  const [rejected, message] = partialOf(signal, bytes);
  return rejected === 0 && message === '' ? undefined : { rejected, message };
}

function partialOf(signal: Signal, bytes: Uint8Array): [number, string] {
  if (signal === 'metrics') {
    const partial = ExportMetricsServiceResponse.decode(bytes).partialSuccess;
    return [Number(partial?.rejectedDataPoints ?? 0), partial?.errorMessage ?? ''];
  }
  if (signal === 'traces') {
    const partial = ExportTraceServiceResponse.decode(bytes).partialSuccess;
    return [Number(partial?.rejectedSpans ?? 0), partial?.errorMessage ?? ''];
  }
  const partial = ExportLogsServiceResponse.decode(bytes).partialSuccess;
  return [Number(partial?.rejectedLogRecords ?? 0), partial?.errorMessage ?? ''];
}
