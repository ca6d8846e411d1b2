// What can happen to a request in a receiver: each event bumps its counters and writes its log line.
import { type ComponentId, formatId, type Signal } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { itemCounters } from './item-names.js';
import { rateLimited } from './rate-limited-log.js';
import { Told } from './told.js';

export type Transport = 'grpc' | 'http';

/** Why a request was not taken. */
export type RefusalReason =
  /** The pipeline cannot take it now: memory limit, full queue, next hop. The sender may try again. */
  | 'unavailable'
  /** The pipeline refused it for good. */
  | 'rejected'
  /** Not what the protocol says it should be. */
  | 'malformed'
  /** Over the size limit, before or after decompression. */
  | 'too_large'
  | 'unauthenticated'
  /** A service, path, method, content type or encoding that is not served. */
  | 'unsupported'
  /** The sender's deadline had passed before it could be taken. */
  | 'deadline'
  /** A fault of ours. */
  | 'internal';

export interface Refusal {
  readonly transport: Transport;
  /** Unknown where the request names none that exists. */
  readonly signal?: Signal | undefined;
  /** 0 where the request was refused before it was read. */
  readonly items: number;
  readonly reason: RefusalReason;
  /** What the sender was told. */
  readonly message: string;
  /** Remote address. */
  readonly peer: string | undefined;
  readonly cause?: unknown;
}

/** Strings of a request that are not UTF-8. */
export interface BadTexts {
  readonly count: number;
  /** The first of them, as people are shown it. */
  readonly example: string;
}

export interface ReceiverEvents {
  listening(transport: Transport, address: string): void;
  accepted(transport: Transport, signal: Signal, items: number): void;
  refused(refusal: Refusal): void;
  /** A request was taken that holds texts that are not UTF-8. */
  badTexts(transport: Transport, signal: Signal, peer: string | undefined, texts: BadTexts): void;
  /** A connection that does not speak the port's protocol, or a failed TLS handshake. */
  badConnection(transport: Transport, peer: string | undefined, error: Error): void;
  /** There are too many connections: an idle one was closed, or a new one turned away. */
  connectionLimit(transport: Transport, peer: string | undefined, closedIdle: boolean): void;
  /** The certificate files changed and were read again (or could not be). */
  certificatesReloaded(transport: Transport, error?: Error): void;
}

/** The Collector's three counters: refused by the pipeline, or failed in the receiver itself. */
const COUNTS = {
  accepted: 'Items taken into the pipeline',
  refused: 'Items that the pipeline refused',
  failed: 'Items lost to a fault in the receiver',
} as const;

const CONNECTION_LIMIT_TEXT = {
  idle: 'Closed an idle connection to make room for a new one; max_connections and max_connections_per_peer set the bounds',
  turned_away:
    'Turned a connection away: max_connections or max_connections_per_peer is reached, and none of them is idle',
} as const;

const OUTCOMES = ['success', 'refused', 'failure'] as const;
type Outcome = (typeof OUTCOMES)[number];

function outcomeOf(reason: RefusalReason): Outcome {
  return reason === 'unavailable' || reason === 'rejected' ? 'refused' : 'failure';
}

/** The events of one receiver. Counters exist from the start, so that a rate over them is never missing. */
export function receiverEvents(
  telemetry: Telemetry,
  id: ComponentId,
  transports: readonly Transport[],
): ReceiverEvents {
  const receiver = formatId(id);
  const log = telemetry.log.child({ component: receiver, kind: 'receiver' });
  const warn = rateLimited((fields, text) => log.warn(fields, text));
  const fail = rateLimited((fields, text) => log.error(fields, text));
  const requests = telemetry.counter('otelcol_receiver_requests', 'Requests by outcome.', [
    'receiver',
    'transport',
    'outcome',
  ]);
  const refusals = telemetry.counter('pxanomaly_receiver_refused_requests', 'Requests not taken, by reason.', [
    'receiver',
    'transport',
    'reason',
  ]);
  const faults = telemetry.counter(
    'pxanomaly_receiver_faulty_texts',
    'Texts of log records with something wrong in them, by reason; they are forwarded as they came.',
    ['receiver', 'transport', 'reason'],
  );
  const told = new Told();
  const limited = telemetry.counter(
    'pxanomaly_receiver_connections_over_limit',
    'Connections over max_connections or max_connections_per_peer: idle ones closed for others, and new ones turned away.',
    ['receiver', 'transport', 'reason'],
  );
  const perTransport = (transport: Transport) => {
    for (const outcome of OUTCOMES) requests.labels({ receiver, transport, outcome }).inc(0);
    const counters = (what: keyof typeof COUNTS) =>
      itemCounters(telemetry, `otelcol_receiver_${what}`, COUNTS[what], { receiver, transport });
    return {
      accepted: counters('accepted'),
      refused: counters('refused'),
      failed: counters('failed'),
      success: requests.labels({ receiver, transport, outcome: 'success' }),
    };
  };
  const counts = new Map(transports.map((transport) => [transport, perTransport(transport)]));
  return {
    listening: (transport, address) => log.info({ transport, address }, `Receiving OTLP (${transport}) on ${address}`),
    accepted(transport, signal, count) {
      const counters = counts.get(transport);
      counters?.accepted[signal].inc(count);
      counters?.success.inc();
    },
    refused({ transport, signal, items: count, reason, message, peer, cause }) {
      const outcome = outcomeOf(reason);
      requests.labels({ receiver, transport, outcome }).inc();
      refusals.labels({ receiver, transport, reason }).inc();
      if (signal && count > 0) counts.get(transport)?.[outcome === 'refused' ? 'refused' : 'failed'][signal].inc(count);
      const fields = { transport, signal, reason, items: count, peer };
      if (reason === 'internal') fail(reason, { ...fields, err: cause }, `Failed on a request: ${message}`);
      else warn(reason, fields, `Refused a request: ${message}`);
    },
    badTexts(transport, signal, peer, { count, example }) {
      faults.labels({ receiver, transport, reason: 'invalid_utf8' }).inc(count);
      if (!told.isNew(peer ?? '')) return;
      log.warn(
        { transport, signal, peer, example },
        'A sender has texts that are not UTF-8: they are forwarded as they came, and a next hop may refuse them',
      );
    },
    badConnection: (transport, peer, error) =>
      warn(`connection ${transport}`, { transport, peer, error: error.message }, badConnectionText(transport)),
    connectionLimit(transport, peer, closedIdle) {
      const reason = closedIdle ? 'idle' : 'turned_away';
      limited.labels({ receiver, transport, reason }).inc();
      warn(`limit ${transport} ${reason}`, { transport, peer }, CONNECTION_LIMIT_TEXT[reason]);
    },
    certificatesReloaded(transport, error) {
      if (error)
        log.error({ transport, error: error.message }, 'Changed certificates could not be read; the old ones stay');
      else log.info({ transport }, 'Certificates changed and were read again');
    },
  };
}

function badConnectionText(transport: Transport): string {
  return transport === 'grpc'
    ? 'A connection to the gRPC port broke the protocol: is its sender meant for the HTTP port, or is TLS on at one end only?'
    : 'A connection to the HTTP port failed: is its sender meant for the gRPC port, or is TLS on at one end only?';
}
