// What a server says about an export request that it took, as a client reads it.
import {
  decompress,
  ENCODINGS,
  ExportLogsServiceResponse,
  ExportMetricsServiceResponse,
  ExportTraceServiceResponse,
} from '../otlp/index.js';
import type { Signal } from '../pipeline/index.js';
import type { PartialSuccess } from './send.js';

/** Largest response that is read: OTLP recommends 4 MiB. */
export const MAX_REPLY_BYTES: number = 4 * 1024 * 1024;

/** A response that came and cannot be read. Where its status says that the request was taken, the request was taken. */
export class Unreadable {
  /** `why` continues the sentence "the response of the next hop …". */
  constructor(readonly why: string) {}

  /** What such a response amounts to: nothing was rejected that we know of. */
  asPartialSuccess(): PartialSuccess {
    return { rejected: 0, message: `the response of the next hop ${this.why}`, unreadable: true };
  }
}

/** Names of encodings are short; what else a next hop writes there does not go into our log whole. */
const MAX_NAME = 40;

/** Compressed responses up to this length are remembered; bytes. */
const MEMO_BYTES = 128;

interface Memo {
  readonly encoding: string;
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Uncompresses responses, of at most MAX_REPLY_BYTES each. The last short one is remembered: a next hop says the same
 * thing all the time (the Collector: two bytes, as 26 bytes of gzip), and setting up zlib for it would be a tenth of
 * what a small request costs.
 */
export class ReplyDecoder {
  private memo: Memo | undefined;

  /** `encoding`: as in `grpc-encoding` or `content-encoding`, lower case. */
  decode(encoding: string, bytes: Uint8Array): Uint8Array | Unreadable {
    const { memo } = this;
    if (memo && memo.encoding === encoding && Buffer.compare(memo.bytes, bytes) === 0) return memo.body;
    if (!ENCODINGS.includes(encoding))
      return new Unreadable(`is compressed in a way that we do not read (${encoding.slice(0, MAX_NAME)})`);
    const result = decompress(encoding, bytes, MAX_REPLY_BYTES);
    if (result === 'too_large') return TOO_LARGE;
    if (result === 'malformed') return new Unreadable(`says that it is ${encoding}, and is not`);
    if (bytes.byteLength <= MEMO_BYTES && result.body.byteLength <= MEMO_BYTES)
      this.memo = { encoding, bytes: Buffer.from(bytes), body: result.body };
    return result.body;
  }
}

export const TOO_LARGE: Unreadable = new Unreadable('is too large to read');
export const MALFORMED: Unreadable = new Unreadable('is malformed');

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
