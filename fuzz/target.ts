// What a fuzz target is.
import type { Random } from './random.js';

export interface Target {
  readonly name: string;
  /** What it proves, for docs/security.md. */
  readonly proves: string;
  /** Inputs to begin with, beside those of the corpus. */
  readonly seeds: () => readonly Uint8Array[];
  /** Another input made of one or two that are known; left out: bytes are changed without regard to what they mean. */
  readonly mutate?: (input: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;
  /** Throws where something is wrong. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  /** Longest input, bytes. */
  readonly maxBytes?: number;
  /** Asked for now and then, and at the end: what is gathered over many inputs is compared then. */
  readonly settle?: () => Promise<void>;
}
