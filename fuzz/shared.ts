// What the runner and the thread of a target share: the input that runs, so that one that never returns is known.

export const MAX_BYTES: number = 1 << 16;

/** Numbers at the start of the memory. */
export const Slot = { inputs: 0, length: 1, count: 2 } as const;

export interface Shared {
  readonly numbers: Int32Array;
  readonly input: Uint8Array;
}

export function sharedIn(memory: SharedArrayBuffer): Shared {
  return { numbers: new Int32Array(memory, 0, Slot.count), input: new Uint8Array(memory, 4 * Slot.count, MAX_BYTES) };
}

export const sharedBytes: number = 4 * Slot.count + MAX_BYTES;

/** What a thread is asked for. */
export interface Order {
  readonly target: string;
  readonly memory: SharedArrayBuffer;
  readonly branches: number;
  readonly seed: number;
  readonly seconds: number;
  /** Inputs that are known. */
  readonly corpus: readonly Uint8Array[];
}

/** What came of it. */
export interface Outcome {
  readonly target: string;
  readonly proves: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Branches that were taken. */
  readonly reached: number;
  /** Inputs that reached something new, in the order in which they were found. */
  readonly corpus: readonly Uint8Array[];
  readonly fault?: Fault;
}

export interface Fault {
  readonly input: Uint8Array;
  readonly message: string;
}
