// The ways in which the kernel refuses.
import type { StatusNumbers } from './load.js';

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

const REASONS = {
  TRUNCATED: 'a field reaches past the end of its message',
  VARINT: 'a varint is longer than its type allows',
  TAG: 'an illegal tag',
  WIRE_TYPE: 'an unknown wire type or a stray end of group',
  DEPTH: 'messages nested deeper than 100',
} as const;

/** English reason of a status that the scan answered. */
export function reasonOf(status: number, numbers: StatusNumbers): string {
  for (const name of Object.keys(REASONS) as (keyof typeof REASONS)[]) {
    if (numbers[name].value === status) return REASONS[name];
  }
  return `status ${status}`;
}
