// What travels through a pipeline: the protobuf bytes of one OTLP export request and what is known about them.
import type { Lease } from './lease.js';

/** The three OTLP signals. */
export type Signal = 'metrics' | 'traces' | 'logs';

/** Every signal, in the order that telemetry and documentation list them. */
export const SIGNALS: readonly Signal[] = ['metrics', 'traces', 'logs'];

/** Who made a batch: a sender, or this process (anomaly metrics and events). */
export type Origin = 'received' | 'anomaly';

/** Whose credential a request showed, where a receiver asked for one: what the Collector calls auth data. */
export interface AuthData {
  /** The credential's name or place in the configuration, never its value. */
  readonly subject: string;
  /** Globs of the clusters that its settings reach; undefined: all of them. */
  readonly clusters?: readonly string[] | undefined;
}

/**
 * One export request. `body` is the serialised `Export<Signal>ServiceRequest`, never changed in place.
 *
 * A batch is valid until the promise of `consume` resolves. Whoever reads `body` longer holds `lease`, where there is
 * one, and says of itself that it does (`Consumer.retainsBody`); without a lease the bytes are owned by the object and
 * are kept by keeping it.
 */
export interface Batch {
  readonly signal: Signal;
  /** Serialised request, uncompressed. */
  readonly body: Uint8Array;
  /** Data points, spans or log records in `body`: counted by whoever checked its structure. */
  readonly items: number;
  readonly origin: Origin;
  /** gRPC metadata or HTTP headers of the request, lower-case names. Empty for our own batches. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Undefined: nobody asked, or the credential is bound to nothing. */
  readonly auth?: AuthData | undefined;
  /** Wall clock at receipt, Unix nanoseconds: stands in for a point time of 0. */
  readonly receivedUnixNano: bigint;
  /** The gzip form of `body`, where the sender sent one or an exporter has made one; shared by all exporters. */
  gzip?: Uint8Array;
  /** Whose memory `body` is, where it is to be used again. Only batches for consumers that borrow have one. */
  readonly lease?: Lease;
  /**
   * Serialised `ExportLogsServiceRequest` of the events that belong to this batch, for the `anomaly_events` connector.
   */
  readonly events?: Batch;
}

const NO_METADATA: ReadonlyMap<string, string> = new Map();

/** A batch of our own making. */
export function ownBatch(signal: Signal, body: Uint8Array, items: number, events?: Batch): Batch {
  return {
    signal,
    body,
    items,
    origin: 'anomaly',
    metadata: NO_METADATA,
    receivedUnixNano: BigInt(Date.now()) * 1_000_000n,
    ...(events ? { events } : {}),
  };
}
