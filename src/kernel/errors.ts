// The ways in which the kernel refuses.
import { MOST_MESSAGES, Status } from './generated/constants.js';

/** The body is not the protobuf message it claims to be. */
export class MalformedError extends Error {
  /** Offset into the body near which decoding stopped, bytes. */
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(`malformed protobuf at byte ${offset}: ${reason}`);
    this.name = 'MalformedError';
    this.offset = offset;
  }
}

/** Capacities or a body do not fit into the kernel's memory. */
export class CapacityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CapacityError';
  }
}

/** Bytes that are no snapshot of this kernel. */
export class CheckpointError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckpointError';
  }
}

const REASONS: ReadonlyMap<number, string> = new Map<number, string>([
  [Status.TRUNCATED, 'a field reaches past the end of its message'],
  [Status.VARINT, 'a varint is longer than its type allows'],
  [Status.TAG, 'an illegal tag'],
  [Status.WIRE_TYPE, 'an unknown wire type or a stray end of group'],
  [Status.DEPTH, 'messages nested deeper than 100'],
  [Status.MESSAGES, `more than ${MOST_MESSAGES} messages within one request`],
]);

/** English reason of a status that the scan answered. */
export function reasonOf(status: number): string {
  return REASONS.get(status) ?? `status ${status}`;
}
