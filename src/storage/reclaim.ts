// Gives the space of what is done back: files from the front, and those in which little is left.
import type { PendingRecord } from './group.js';
import type { LogFiles } from './log-files.js';
import type { LogOptions } from './log-options.js';
import { SEGMENT_HEADER_BYTES } from './record.js';
import type { Segment } from './segment.js';

/** With so many files, requests that keep an old one alone are written anew behind the others. */
const MANY_SEGMENTS = 5;
const FEW = 1 / 8;

/** A file of which everything is done is emptied from this size on; bytes. */
const EMPTY_FROM = 1 << 20;

/** How the log stands. */
interface LogState {
  /** The last write failed: room is wanted at any price. */
  readonly isTight: boolean;
  readonly isFlushing: boolean;
  /** Requests wait to be written. */
  readonly isPending: boolean;
  readonly isClosed: boolean;
}

export interface ReclaimHost {
  state(): LogState;
  /** Writes a request anew. */
  enqueue(pending: PendingRecord): void;
  wantRoom(): void;
  /** A file is gone. */
  removed(): void;
  /** Nothing in this file has to be said to be done any more. */
  emptied(segment: Segment): void;
}

export class Reclaim {
  readonly #files: LogFiles;
  readonly #options: LogOptions;
  readonly #host: ReclaimHost;

  constructor(files: LogFiles, options: LogOptions, host: ReclaimHost) {
    this.#files = files;
    this.#options = options;
    this.#host = host;
  }

  /** From the front: what is said to be done is said in later files. */
  async run(): Promise<void> {
    const { segments } = this.#files;
    for (const segment of segments.values()) {
      if (segment === this.#files.head || segment.live > 0) break;
      await this.#remove(segment);
    }
    if (this.#host.state().isTight || !this.#options.budget.hasRoom(this.#options.segmentBytes)) {
      // Better that a crash delivers something twice than that nothing more is taken.
      for (const segment of segments.values())
        if (segment !== this.#files.head && segment.live === 0) await this.#remove(segment);
      await this.#dropHead();
    }
    await this.#moveOld();
  }

  /** The newest file, where nothing in it is wanted and nobody waits for its flush. */
  async #dropHead(): Promise<void> {
    const { head } = this.#files;
    if (!head || head.live > 0 || this.#host.state().isFlushing || head.size === SEGMENT_HEADER_BYTES) return;
    this.#files.head = undefined;
    await this.#remove(head);
  }

  async #remove(segment: Segment): Promise<void> {
    if (this.#options.isLost?.()) return;
    this.#host.removed();
    await this.#files.remove(segment);
  }

  /** Requests that are tried for long, and few, do not keep an old file: they are written anew. */
  async #moveOld(): Promise<void> {
    const { segments, requests, head, bytes } = this.#files;
    const [front] = segments.values();
    const { segmentBytes } = this.#options;
    if (!front || front === head || front.stuck || segments.size < MANY_SEGMENTS || this.#host.state().isClosed) return;
    if (front.liveBytes > segmentBytes * FEW) return;
    const live = [...segments.values()].reduce((sum, { liveBytes }) => sum + liveBytes, 0);
    if (live > bytes * FEW) return;
    front.stuck = true;
    for (const request of [...requests.values()].filter(({ segment }) => segment === front)) {
      try {
        const payload = await front.read(request);
        const [meta, body] = [payload.subarray(0, request.metaBytes), payload.subarray(request.metaBytes)];
        const resolve = (): void => this.#host.wantRoom();
        this.#host.enqueue({ ...request, meta, body, at: 0, moves: request, resolve, reject: () => {} });
      } catch {
        // Whoever reads it to send it learns of the damage, and says so.
      }
    }
  }

  /** Where nothing waits the file is emptied instead of telling it what is done. False: something waits. */
  async emptyHead(): Promise<boolean> {
    const { head, requests, segments, isSealed } = this.#files;
    const isBusy = requests.size > 0 || this.#host.state().isPending || this.#host.state().isFlushing;
    if (!head || isBusy || segments.size > 1 || isSealed || head.size < EMPTY_FROM) return false;
    const { size } = head;
    // Taken back before the disk is asked: whoever appends meanwhile waits for this to end.
    await head.file.truncate(SEGMENT_HEADER_BYTES).then(
      () => {
        head.size = SEGMENT_HEADER_BYTES;
        this.#options.budget.give(size - SEGMENT_HEADER_BYTES);
        this.#host.emptied(head);
      },
      () => {},
    );
    return head.size < size;
  }
}
