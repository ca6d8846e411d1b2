// What a call into the kernel can answer. TypeScript reads these numbers from the module's exports.
export enum Status {
  OK = 0,
  /** The regions of the asked capacities do not fit into memory. */
  NO_MEMORY = 1,
  /** A length, fixed field or varint reaches past the end of its message. */
  TRUNCATED = 2,
  /** A varint is longer than its type allows. */
  VARINT = 3,
  /** A tag with field number 0, or one that does not fit into 32 bits. */
  TAG = 4,
  /** Wire type 6 or 7, or an end-group tag without its start. */
  WIRE_TYPE = 5,
  /** Messages or groups nested deeper than 100. */
  DEPTH = 6,
  /** fold: a tick is due. */
  CLOSE = 7,
  /** fold: held requests of a clock come first. */
  CONFIRMED = 8,
  /** A request consists of more messages than anybody sends. */
  MESSAGES = 9,
}
