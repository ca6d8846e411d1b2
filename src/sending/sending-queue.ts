// What stands in front of the sending layers: a queue in memory, a queue on disk, or nobody.
import type { Batch, Consumer, Ledger } from '../pipeline/index.js';
import type { ExporterEvents } from '../telemetry/exporter-events.js';
import type { Entry } from './backlog.js';
import type { BatchOptions } from './batch.js';
import type { Undelivered } from './undelivered.js';

export type Sizer = 'requests' | 'items' | 'bytes';

export interface QueueOptions {
  readonly numConsumers: number;
  /** In the unit of `sizer`; what is being sent counts until it is delivered. */
  readonly queueSize: number;
  readonly sizer: Sizer;
  /**
   * Beside `queueSize`: bytes that may be held in memory, whatever the sizer counts. One larger batch finds room where
   * nothing else is held. Undefined: what the ledger says.
   */
  readonly maxBytes: number | undefined;
  /** A full queue makes `consume` wait instead of refusing. */
  readonly blockOnOverflow: boolean;
  /** `consume` resolves with the delivery instead of with the place in the queue. */
  readonly waitForResult: boolean;
  readonly batch?: BatchOptions;
}

export interface QueueHost {
  readonly events: Pick<ExporterEvents, 'enqueueFailed' | 'failed' | 'queueSize' | 'queueCapacity'>;
  readonly ledger: Ledger;
}

/** The consumer in front of sending layers. */
export interface SendingQueue extends Consumer {
  /** Before the first batch. */
  start?(): Promise<void>;
  /**
   * Takes nothing more, delivers what it holds, and gives up (counted as `shutdown`) what is left after `withinMs`.
   * Resolves with what was given up although its sender had been told OK.
   */
  drain(withinMs: number): Promise<Undelivered>;
  /** What it holds needs no attempts at shutdown: it is on disk, or somebody else delivers it. */
  readonly isKept: boolean;
  /**
   * Gives what it holds to another one; `drain` then waits only for attempts under way, and gives on what they leave.
   */
  handTo?(successor: SendingQueue): void;
  /** Takes over what another one held, in front of everything else. */
  inherit?(entries: readonly Entry[]): void;
}

/** What a full queue asks senders to wait: about the time in which a slow next hop answers a few requests; ms. */
export const RETRY_AFTER_MS = 1_000;

/** At shutdown, attempts under way of what is kept are waited for this long; ms. */
export const ATTEMPTS_END_MS = 2_000;

const SIZE_OF: Readonly<Record<Sizer, (batch: Batch, bodyBytes?: number) => number>> = {
  requests: () => 1,
  items: (batch) => batch.items,
  bytes: (batch, bodyBytes) => bodyBytes ?? batch.body.byteLength,
};

/** The size of a batch in the unit of a sizer; `bodyBytes`: where its body is elsewhere. */
export function sizeOf(sizer: Sizer): (batch: Batch, bodyBytes?: number) => number {
  return SIZE_OF[sizer];
}
