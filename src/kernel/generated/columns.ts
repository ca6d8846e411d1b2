// Results of the detection. Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.
import type { Views } from '../views.js';

/** Result columns over edge slots. */
export interface ResultColumns {
  /** 1 - 10^(-C / L_on), in [0, 1]. */
  readonly score: Float32Array;
  /** Evidence C after the age factor, nats. */
  readonly evidence: Float32Array;
  /** Twelve signed surprises an edge, feature-major: 12 e + 3 k + j. */
  readonly surprise: Float32Array;
  /** Gap evidence of a silent edge, nats. */
  readonly gap: Float32Array;
  /** 1 while the alert is on. */
  readonly on: Uint8Array;
  /** +1 opened, -1 closed in the last closed window, 0 neither. */
  readonly change: Int8Array;
  /** Kind of the open episode. */
  readonly kind: Uint8Array;
  /** 1 if the edge was seen in the last closed window. */
  readonly present: Uint8Array;
  /** What set the evidence: a component's number, or a Source. */
  readonly source: Uint8Array;
  /** The forest's raw score, NaN: none. */
  readonly forest: Float32Array;
  /** Present windows of the edge. */
  readonly age: Float32Array;
  /** Usual requests in a window. */
  readonly usual: Float32Array;
  /** Incident evidence: max(min(c[t], c[t-1]), one very strong window), nats. docs/detection.md, section 9. */
  readonly sustained: Float32Array;
  /** 1 while the edge's incident channel is on. */
  readonly channel: Uint8Array;
  /** +1 the channel turned on, -1 off, in the last closed window. */
  readonly channelChange: Int8Array;
}

/** Views of the columns over so many slots; `at`: address of their record. Stale once the memory has grown. */
export function viewResultColumns(memory: Views, at: number, slots: number): ResultColumns {
  return {
    score: new Float32Array(memory.buffer, memory.u32[at >>> 2]!, slots),
    evidence: new Float32Array(memory.buffer, memory.u32[(at + 4) >>> 2]!, slots),
    surprise: new Float32Array(memory.buffer, memory.u32[(at + 8) >>> 2]!, 12 * slots),
    gap: new Float32Array(memory.buffer, memory.u32[(at + 12) >>> 2]!, slots),
    on: new Uint8Array(memory.buffer, memory.u32[(at + 16) >>> 2]!, slots),
    change: new Int8Array(memory.buffer, memory.u32[(at + 20) >>> 2]!, slots),
    kind: new Uint8Array(memory.buffer, memory.u32[(at + 24) >>> 2]!, slots),
    present: new Uint8Array(memory.buffer, memory.u32[(at + 28) >>> 2]!, slots),
    source: new Uint8Array(memory.buffer, memory.u32[(at + 32) >>> 2]!, slots),
    forest: new Float32Array(memory.buffer, memory.u32[(at + 36) >>> 2]!, slots),
    age: new Float32Array(memory.buffer, memory.u32[(at + 40) >>> 2]!, slots),
    usual: new Float32Array(memory.buffer, memory.u32[(at + 44) >>> 2]!, slots),
    sustained: new Float32Array(memory.buffer, memory.u32[(at + 48) >>> 2]!, slots),
    channel: new Uint8Array(memory.buffer, memory.u32[(at + 52) >>> 2]!, slots),
    channelChange: new Int8Array(memory.buffer, memory.u32[(at + 56) >>> 2]!, slots),
  };
}
