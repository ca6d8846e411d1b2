// Requests on disk until they are done: appended, read in order, forgotten from the front.
//
// Group commit: what came while the disk was busy is written together, and what was written while it flushed is flushed
// together, so that the price of a flush is shared. A request is safe when the flush that began after its write has
// ended.
import { crc32 } from 'node:zlib';
import { DoneList } from './done-list.js';
import { bytesOf, type PendingRecord, takeGroup, writeGroup } from './group.js';
import { LogFiles } from './log-files.js';
import { type LeftRequest, LogFullError, type LogOptions } from './log-options.js';
import { Reclaim } from './reclaim.js';
import { RECORD_HEADER_BYTES } from './record.js';
import type { Segment, StoredRequest } from './segment.js';

/** After a failed write nothing is tried, and everything refused, for this long; ms. */
const REST_MS = 500;

export class SegmentLog {
  readonly #options: LogOptions;
  readonly #files: LogFiles;
  readonly #reclaim: Reclaim;
  #pending: PendingRecord[] = [];
  #written: PendingRecord[] = [];
  readonly #done: DoneList;
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #reclaimDue: boolean = false;
  #restUntil = 0;
  #tight: boolean = false;
  #closed: boolean = false;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#done = new DoneList(() => this.#write(), options.doneAfterMs);
    this.#files = new LogFiles(options);
    this.#reclaim = this.#makeReclaim();
  }

  /** Requests that are safe and not done. */
  get length(): number {
    return this.#files.requests.size;
  }

  /**
   * Reads what an earlier process left, in the order in which it was appended. Damage is skipped and told, never
   * thrown.
   */
  async open(): Promise<LeftRequest[]> {
    const left = await this.#files.open();
    await this.#reclaimDone();
    this.#options.events.size(this.#files.bytes);
    return [...left.values()].toSorted((a, b) => a.request.id - b.request.id);
  }

  /** Whether a request of so many bytes would be refused now. */
  hasRoom(bytes: number): boolean {
    if (this.#closed || performance.now() < this.#restUntil) return false;
    const room = this.#options.budget.hasRoom(RECORD_HEADER_BYTES + bytes);
    if (!room) this.#wantRoom();
    return room;
  }

  /**
   * Resolves when the request is safe; requests become safe in the order in which they were appended. Throws a
   * `LogFullError` where there is no room, and rejects with what the disk says where it cannot be written; it is not in
   * the log then.
   */
  append(meta: Uint8Array, body: Uint8Array, flags = 0): Promise<StoredRequest> {
    if (!this.hasRoom(meta.byteLength + body.byteLength)) throw new LogFullError('the storage of the queue is full');
    const payloadCrc = crc32(body, crc32(meta));
    return new Promise((resolve, reject) => {
      const id = this.#files.nextId++;
      this.#enqueue({ id, flags, meta, body, payloadCrc, at: 0, resolve, reject });
    });
  }

  #enqueue(pending: PendingRecord): void {
    this.#options.budget.take(bytesOf(pending));
    this.#pending.push(pending);
    this.#write();
  }

  /** The body of a request. Rejects with a `DamagedError` where the disk gives back something else. */
  read(request: StoredRequest): Promise<Buffer> {
    return this.#files.read(request);
  }

  /** It is delivered, or given up for good. */
  complete({ id }: StoredRequest): void {
    const place = this.#files.requests.get(id);
    if (!place) return;
    this.#files.forget(id);
    if (place.segment.live === 0 && (place.segment !== this.#files.head || this.#tight)) this.#wantRoom();
    this.#done.add(id, place.segment);
  }

  #wantRoom(): void {
    this.#reclaimDue = true;
    this.#write();
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#hasWork) this.#write();
    });
  }

  get #hasWork(): boolean {
    return this.#pending.length > 0 || this.#done.isDue || this.#reclaimDue;
  }

  async #writeAll(): Promise<void> {
    // Behind whoever began it: requests that come in the same turn of the event loop are one group.
    await Promise.resolve();
    while (this.#hasWork) {
      const isDoneDue = this.#done.isDue;
      this.#done.isDue = false;
      if (this.#pending.length > 0) await this.#writeGroup();
      else if (isDoneDue && !(await this.#reclaim.emptyHead())) await this.#writeGroup();
      if (this.#reclaimDue) await this.#reclaimDone();
      this.#options.events.size(this.#files.bytes);
    }
  }

  async #writeGroup(): Promise<void> {
    const group = takeGroup(this.#pending);
    const done = this.#done.take();
    let segment: Segment;
    try {
      segment = await this.#headFor();
      const ids = done.flatMap(({ id, segment: its }) => (this.#files.segments.has(its) ? id : []));
      await writeGroup(segment, group, ids, this.#options.budget);
    } catch (error) {
      this.#done.giveBack(done);
      this.#refuse(group, error);
      return;
    }
    this.#tight = false;
    if (group.length === 0) return;
    if (!this.#options.fsync) return this.#settle(segment, group);
    this.#written.push(...group);
    this.#flush(segment);
  }

  /** The file that is appended to; a new one where there is none or it is long enough. */
  async #headFor(): Promise<Segment> {
    if (this.#options.isLost?.()) throw new Error('the directory belongs to another process by now');
    if (this.#files.head && !this.#files.needsHead) return this.#files.head;
    while (this.#flushing) await this.#flushing;
    const head = await this.#files.addHead();
    this.#reclaimDue = true;
    return head;
  }

  #flush(segment: Segment): void {
    this.#flushing ??= this.#flushAll(segment).finally(() => {
      this.#flushing = undefined;
      // Written while the last flush was ending.
      if (this.#written.length > 0) this.#flush(segment);
    });
  }

  async #flushAll(segment: Segment): Promise<void> {
    while (this.#written.length > 0) {
      const group = this.#written;
      this.#written = [];
      const begun = performance.now();
      try {
        await segment.file.flush();
      } catch (error) {
        // The system may have forgotten what it could not write, and would call the next flush a success: nothing more
        // goes there.
        this.#files.isSealed = true;
        const lost = [...group, ...this.#written.splice(0)];
        for (const { id, moves } of lost) if (!moves) this.#done.note(id, segment);
        this.#refuse(lost, error, segment);
        continue;
      }
      this.#options.events.flushed((performance.now() - begun) / 1_000);
      this.#settle(segment, group);
    }
  }

  #settle(segment: Segment, group: readonly PendingRecord[]): void {
    for (const record of group) {
      const { request, isWanted } = this.#files.settle(segment, record);
      // Done while it was on its way: said of both places.
      if (!isWanted) this.#done.note(record.id, segment);
      record.resolve(request);
    }
  }

  /** `inside`: they are in this file all the same. */
  #refuse(group: readonly PendingRecord[], error: unknown, inside?: Segment): void {
    this.#restUntil = performance.now() + REST_MS;
    this.#tight = true;
    this.#reclaimDue = true;
    this.#options.events.writeFailed((error as NodeJS.ErrnoException).code ?? 'unknown', error);
    for (const pending of group) {
      if (!inside) this.#options.budget.give(bytesOf(pending));
      pending.reject(error);
    }
  }

  async #reclaimDone(): Promise<void> {
    this.#reclaimDue = false;
    await this.#reclaim.run();
  }

  #makeReclaim(): Reclaim {
    return new Reclaim(this.#files, this.#options, {
      state: () => ({
        isTight: this.#tight,
        isFlushing: this.#flushing !== undefined,
        isPending: this.#pending.length > 0,
        isClosed: this.#closed,
      }),
      enqueue: (pending) => this.#enqueue(pending),
      wantRoom: () => this.#wantRoom(),
      removed: () => {
        this.#restUntil = 0;
      },
      emptied: (segment) => this.#done.forgetIn(segment),
    });
  }

  /** Writes what is done and closes. Where nothing waits, nothing is left on the disk. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#done.stop();
    await this.#idle();
    if (!this.#done.isEmpty && this.#files.requests.size > 0) {
      this.#done.isDue = true;
      this.#write();
      await this.#idle();
    }
    await this.#files.close();
  }

  async #idle(): Promise<void> {
    while (this.#writing || this.#flushing) {
      await this.#writing;
      await this.#flushing;
    }
  }
}
