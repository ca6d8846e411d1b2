// Requests that are written together, behind what is said to be done.
import type { DiskBudget } from './disk-budget.js';
import { encodeDone, encodeRecordHeader, RECORD_HEADER_BYTES, RecordKind } from './record.js';
import type { Placed, Segment, StoredRequest } from './segment.js';

/**
 * Written at once: below the 1,024 pieces that a system call takes (three a request), and not so much that the first
 * waits long.
 */
const GROUP_REQUESTS = 256;
const GROUP_BYTES = 16 << 20;

/** A request that is on its way to the disk. */
export interface PendingRecord {
  readonly id: number;
  readonly flags: number;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
  readonly payloadCrc: number;
  /** A request that has a place already, and gets another one. */
  readonly moves?: Placed;
  at: number;
  resolve(request: StoredRequest): void;
  reject(error: unknown): void;
}

/** What it takes of a file. */
export function bytesOf({ meta, body }: Pick<PendingRecord, 'meta' | 'body'>): number {
  return RECORD_HEADER_BYTES + meta.byteLength + body.byteLength;
}

/** Takes the next group off the requests that wait. */
export function takeGroup(pending: PendingRecord[]): PendingRecord[] {
  let count = 0;
  for (let bytes = 0; count < Math.min(pending.length, GROUP_REQUESTS) && bytes < GROUP_BYTES; count++)
    bytes += bytesOf(pending[count]!);
  return pending.splice(0, count);
}

/**
 * Appends a group, and the ids of what is done, to a file. Takes the bytes into the account of the file, where it
 * resolves; those of the group are in the budget already.
 */
export async function writeGroup(
  segment: Segment,
  group: readonly PendingRecord[],
  done: readonly number[],
  budget: DiskBudget,
): Promise<void> {
  const { mark } = segment;
  const said = done.length > 0 ? encodeDone(mark, [...done]) : undefined;
  const parts: Uint8Array[] = said ? [said] : [];
  let at = segment.size + (said?.byteLength ?? 0);
  for (const pending of group) {
    const { id, flags, meta, body, payloadCrc } = pending;
    const length = meta.byteLength + body.byteLength;
    const kind = RecordKind.request;
    parts.push(encodeRecordHeader(mark, { kind, flags, length, payloadCrc, metaBytes: meta.byteLength, id }));
    if (meta.byteLength > 0) parts.push(meta);
    parts.push(body);
    pending.at = at;
    at += RECORD_HEADER_BYTES + length;
  }
  if (parts.length === 0) return;
  try {
    await segment.file.write(parts, segment.size);
  } catch (error) {
    // Whatever was written of it is cut off; nobody was told that it is safe.
    await segment.file.truncate(segment.size).catch(() => {});
    throw error;
  }
  budget.take(said?.byteLength ?? 0);
  segment.size = at;
}
