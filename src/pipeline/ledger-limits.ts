// What bytes are held for, and how many there may be.

/** What bytes are held for, as `pxanomaly_held_bytes{what=…}` says. */
export const HOLDERS = ['underway', 'requests', 'learning', 'batching', 'queues', 'files', 'reload'] as const;
export type Holder = (typeof HOLDERS)[number];
/** What holds bodies that are complete. */
export type Stored = Exclude<Holder, 'underway'>;

export interface LedgerLimits {
  /** From here on bodies under way wait: nothing more is read of senders that hold much already. Bytes. */
  readonly softBytes: number;
  /** Here somebody gives way: the sender that has held the most for the longest. Bytes. */
  readonly hardBytes: number;
  /** Most for everything together, queues included: new requests are refused. Bytes. */
  readonly totalBytes: number;
  /** What all sending queues may hold. Bytes. */
  readonly queueBytes: number;
}

const MIB = 1024 * 1024;

/** Of the memory; with 512 MiB 80. */
const SOFT_SHARE = 5 / 32;
/**
 * Bodies under way never need more than this, however large the machine: they are complete, or they do not come. Bytes.
 */
const MOST_SOFT_BYTES = 256 * MIB;
/** Twice of it, the hard bound, has room for one request of the usual limit in the smallest container. Bytes. */
const LEAST_SOFT_BYTES = 48 * MIB;

/** Shares of a container's memory; the process itself, its garbage and the kernel's tables need the rest. */
export function ledgerLimits(memoryBytes: number): LedgerLimits {
  const softBytes = Math.min(Math.max(memoryBytes * SOFT_SHARE, LEAST_SOFT_BYTES), MOST_SOFT_BYTES);
  return { softBytes, hardBytes: 2 * softBytes, totalBytes: memoryBytes / 2, queueBytes: memoryBytes / 4 };
}
