// Bytes that come piece by piece, in memory that grows with what has come, never with what a sender says will come.

/** The final memory is taken when so much of the declared length has come. */
const SHARE = 1 / 8;
/** Memory to begin with, where the final one is not taken at once; bytes. */
const LEAST_BYTES = 16 * 1024;

/** What the first DATA frame of the default size (RFC 9113, 6.5.2) brings of a message: the rest is gRPC's prefix. */
const FIRST_PIECE_BYTES = 16 * 1024 - 5;
/**
 * Memory in between is used again: a tenth of every body in garbage made the process 15 MB larger, and collections
 * more. A block is taken by who has brought an eighth of it, which the first frame of a large message does. Bytes, and
 * blocks that wait.
 */
const BLOCK_BYTES = 8 * FIRST_PIECE_BYTES;
const MOST_BLOCKS = 8;
const blocks: Buffer[] = [];

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Pieces are copied as they come, while they are in the cache, so that none keeps the block alive that it was read
 * into.
 *
 *     ▓▓▓▓░░░░ │ ▓▓▓▓▓▓▓▓░░░░░░░░ │ ▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░ final: memory for the declared length
 */
export class GrowingBytes {
  private memory: Buffer = NOTHING;
  private final: boolean = false;
  private inBlock: boolean = false;
  length = 0;

  /**
   * `declared`: the length in the end, where it is known; no more may be appended. `memoryFor` gives the memory for it.
   * `most`: no more will be appended either way.
   */
  constructor(
    private readonly declared: number | undefined,
    private readonly memoryFor: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
    private readonly most: number = Infinity,
  ) {}

  /** Bytes of memory that are taken; at most eight times those that have come, or LEAST_BYTES. */
  get capacity(): number {
    return this.memory.length;
  }

  append(piece: Buffer): void {
    const length = this.length + piece.length;
    if (!this.final) this.makeRoom(length);
    this.memory.set(piece, this.length);
    this.length = length;
  }

  /** What has come by now; valid until more is appended. */
  taken(): Buffer {
    return this.memory.subarray(0, this.length);
  }

  /** What has come, in memory of its own. */
  end(): Buffer {
    if (this.final) return this.taken();
    if (this.length === this.declared) return this.moveTo(this.memoryFor(this.length));
    // Unknown in length until now: what is less than half full would keep too much alive, and a block is not ours to
    // keep.
    if (this.inBlock || 2 * this.length < this.capacity) return this.moveTo(Buffer.allocUnsafeSlow(this.length));
    return this.memory.subarray(0, this.length);
  }

  private makeRoom(length: number): void {
    const { declared } = this;
    if (declared !== undefined && length >= declared * SHARE) {
      this.final = true;
      this.moveTo(this.memoryFor(declared));
    } else if (length > this.capacity && length <= BLOCK_BYTES && length >= FIRST_PIECE_BYTES) {
      this.moveTo(blocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.inBlock = true;
    } else if (length > this.capacity) {
      const bytes = Math.max(2 * length, LEAST_BYTES);
      this.moveTo(Buffer.allocUnsafeSlow(Math.min(bytes, declared ?? this.most)));
    }
  }

  private moveTo(memory: Buffer): Buffer {
    memory.set(this.memory.subarray(0, this.length));
    if (this.inBlock && blocks.length < MOST_BLOCKS) blocks.push(this.memory);
    this.inBlock = false;
    this.memory = memory;
    return memory;
  }
}
