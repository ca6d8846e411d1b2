// Requests on disk until they are done: appended, read in order, forgotten from the front.
//
// Group commit: what came while the disk was busy is written together, and what was written while it flushed is flushed
// together, so that the price of a flush is shared. A request is safe when the flush that began after its write has
// ended.
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DISK, type Disk } from './disk.js';
import type { DiskBudget } from './disk-budget.js';
import { type FoundSegment, readSegment } from './read-segment.js';
import { encodeDone, encodeRecordHeader, RECORD_HEADER_BYTES, RecordKind, SEGMENT_HEADER_BYTES } from './record.js';
import { type Placed, placed, Segment, type StoredRequest, segmentName, segmentNumber } from './segment.js';

/** What happens to a log that somebody should hear of. */
export interface LogEvents {
  /** Places of a file at which something could not be read and was skipped. */
  damaged(places: number, path: string): void;
  /** The end of a file that a crash had cut short. */
  torn(bytes: number, path: string): void;
  /** Nothing could be written: whoever waited for it was refused. */
  writeFailed(code: string, error: unknown): void;
  flushed(seconds: number): void;
  /** Bytes of all its files. */
  size(bytes: number): void;
}

export interface LogOptions {
  readonly directory: string;
  /** A new file is begun beyond this; bytes. */
  readonly segmentBytes: number;
  /** Flush before a request counts as safe. */
  readonly fsync: boolean;
  readonly budget: DiskBudget;
  readonly events: LogEvents;
  /** Somebody else writes to the directory by now. */
  readonly isLost?: () => boolean;
  readonly disk?: Disk;
  /** What is done is written with the next group, or after this; ms. */
  readonly doneAfterMs?: number;
}

/** A request that an earlier process left, with the metadata that was given with it. */
export interface LeftRequest {
  readonly request: StoredRequest;
  readonly meta: Buffer;
}

/** No room: the bound is reached, or the disk is full or broken. */
export class LogFullError extends Error {}

/**
 * Written at once: below the 1,024 pieces that a system call takes (three a request), and not so much that the first
 * waits long.
 */
const GROUP_REQUESTS = 256;
const GROUP_BYTES = 16 << 20;

/** A crash before that delivers once more what was done; ms. */
const DONE_AFTER_MS = 1_000;
const DONE_AT_ONCE = 4_096;

/** After a failed write nothing is tried, and everything refused, for this long; ms. */
const REST_MS = 500;

/** With so many files, requests that keep an old one alone are written anew behind the others. */
const MANY_SEGMENTS = 5;
const FEW = 1 / 8;

/** A file of which everything is done is emptied from this size on; bytes. */
const EMPTY_FROM = 1 << 20;

interface Pending {
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

function bytesOf({ meta, body }: Pick<Pending, 'meta' | 'body'>): number {
  return RECORD_HEADER_BYTES + meta.byteLength + body.byteLength;
}

export class SegmentLog {
  readonly #options: LogOptions;
  readonly #disk: Disk;
  /** From the oldest. */
  readonly #segments = new Map<number, Segment>();
  readonly #requests = new Map<number, Placed>();
  #head: Segment | undefined;
  /** The head may not be appended to any more: a flush of it has failed. */
  #sealed: boolean = false;
  #nextId = 1;
  #nextNumber = 1;
  #pending: Pending[] = [];
  #written: Pending[] = [];
  #done: { id: number; segment: number }[] = [];
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #doneTimer: NodeJS.Timeout | undefined;
  #doneDue: boolean = false;
  #reclaimDue: boolean = false;
  #restUntil = 0;
  #tight: boolean = false;
  #closed: boolean = false;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#disk = options.disk ?? DISK;
  }

  /** Requests that are safe and not done. */
  get length(): number {
    return this.#requests.size;
  }

  /** Of all files; bytes. */
  get fileBytes(): number {
    let bytes = 0;
    for (const { size } of this.#segments.values()) bytes += size;
    return bytes;
  }

  /**
   * Reads what an earlier process left, in the order in which it was appended. Damage is skipped and told, never
   * thrown.
   */
  async open(): Promise<LeftRequest[]> {
    const { directory } = this.#options;
    await this.#disk.makeDirectory(directory);
    const numbers = (await this.#disk.list(directory)).flatMap((name) => segmentNumber(name) ?? []);
    const left = new Map<number, LeftRequest>();
    const done: number[] = [];
    for (const number of numbers.toSorted((a, b) => a - b)) {
      this.#nextNumber = number + 1;
      await this.#recover(number, left, done);
    }
    for (const id of done) {
      this.#forget(id);
      left.delete(id);
    }
    await this.#reclaim();
    this.#options.events.size(this.fileBytes);
    return [...left.values()].toSorted((a, b) => a.request.id - b.request.id);
  }

  async #recover(number: number, left: Map<number, LeftRequest>, done: number[]): Promise<void> {
    const { directory, events } = this.#options;
    const path = join(directory, segmentName(number));
    const file = await this.#disk.open(path);
    const found = await readSegment(file);
    if (found.damaged > 0) events.damaged(found.damaged, path);
    if (found.mark === undefined && found.fileBytes > SEGMENT_HEADER_BYTES) {
      // Nothing of it can be read, perhaps because a newer version wrote it: it is not ours to delete.
      await file.close();
      await this.#disk.rename(path, `${path}.bad`);
      return;
    }
    await this.#cut(file, path, found);
    const segment = new Segment(number, path, file, found.mark ?? 0, found.end);
    this.#segments.set(number, segment);
    this.#options.budget.take(segment.size);
    this.#nextId = Math.max(this.#nextId, found.firstId);
    for (const { header, at, meta } of found.requests) {
      const request = placed(segment, at, header);
      // One that was written anew is the same request.
      this.#requests.get(request.id)?.segment.release(request);
      this.#requests.set(request.id, request);
      segment.hold(request);
      left.set(request.id, { request, meta });
      this.#nextId = Math.max(this.#nextId, request.id + 1);
    }
    for (const id of found.done) {
      done.push(id);
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
  }

  async #cut(file: { truncate(bytes: number): Promise<void> }, path: string, found: FoundSegment): Promise<void> {
    const torn = found.fileBytes - found.end;
    if (torn <= 0) return;
    this.#options.events.torn(torn, path);
    // What cannot be cut off is passed over the next time, too.
    await file.truncate(found.end).catch(() => {});
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
      const id = this.#nextId++;
      this.#enqueue({ id, flags, meta, body, payloadCrc, at: 0, resolve, reject });
    });
  }

  #enqueue(pending: Pending): void {
    this.#options.budget.take(bytesOf(pending));
    this.#pending.push(pending);
    this.#write();
  }

  /** The body of a request. Rejects with a `DamagedError` where the disk gives back something else. */
  async read(request: StoredRequest): Promise<Buffer> {
    const place = this.#requests.get(request.id);
    if (!place) throw new Error(`request ${request.id} is done`);
    const { segment } = place;
    try {
      return (await segment.read(place)).subarray(place.metaBytes);
    } catch (error) {
      // It was written anew behind our back, and the old file is gone.
      if (place.segment === segment) throw error;
      return this.read(request);
    }
  }

  /** It is delivered, or given up for good. */
  complete({ id }: StoredRequest): void {
    const place = this.#requests.get(id);
    if (!place) return;
    this.#done.push({ id, segment: place.segment.number });
    this.#forget(id);
    if (place.segment.live === 0 && (place.segment !== this.#head || this.#tight)) this.#wantRoom();
    if (this.#done.length >= DONE_AT_ONCE) this.#writeDone();
    else this.#doneTimer ??= setTimeout(() => this.#writeDone(), this.#options.doneAfterMs ?? DONE_AFTER_MS).unref();
  }

  #forget(id: number): void {
    const place = this.#requests.get(id);
    if (!place) return;
    this.#requests.delete(id);
    place.segment.release(place);
  }

  #writeDone(): void {
    clearTimeout(this.#doneTimer);
    this.#doneTimer = undefined;
    if (this.#done.length === 0) return;
    this.#doneDue = true;
    this.#write();
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
    return this.#pending.length > 0 || this.#doneDue || this.#reclaimDue;
  }

  async #writeAll(): Promise<void> {
    // Behind whoever began it: requests that come in the same turn of the event loop are one group.
    await Promise.resolve();
    while (this.#hasWork) {
      const isDoneDue = this.#doneDue;
      this.#doneDue = false;
      if (this.#pending.length > 0) await this.#writeGroup();
      else if (isDoneDue && !(await this.#emptied())) await this.#writeGroup();
      if (this.#reclaimDue) await this.#reclaim();
      this.#options.events.size(this.fileBytes);
    }
  }

  #takeGroup(): Pending[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#pending.length, GROUP_REQUESTS) && bytes < GROUP_BYTES; count++)
      bytes += bytesOf(this.#pending[count]!);
    return this.#pending.splice(0, count);
  }

  async #writeGroup(): Promise<void> {
    const group = this.#takeGroup();
    const done = this.#done.splice(0);
    let segment: Segment;
    try {
      segment = await this.#headFor();
      await this.#writeTo(segment, group, done);
    } catch (error) {
      this.#done.unshift(...done);
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
    const head = this.#head;
    if (head && !this.#sealed && head.size < this.#options.segmentBytes) return head;
    while (this.#flushing) await this.#flushing;
    const { directory, budget, fsync } = this.#options;
    const number = this.#nextNumber;
    const next = await Segment.create(this.#disk, join(directory, segmentName(number)), number, this.#nextId);
    if (fsync) {
      await next.file.flush();
      await this.#disk.flushDirectory(directory);
    }
    this.#nextNumber++;
    this.#segments.set(number, next);
    budget.take(next.size);
    this.#head = next;
    this.#sealed = false;
    this.#reclaimDue = true;
    return next;
  }

  /** Takes the bytes into the account of the file, where it resolves. */
  async #writeTo(
    segment: Segment,
    group: readonly Pending[],
    done: readonly { segment: number; id: number }[],
  ): Promise<void> {
    const { mark } = segment;
    const ids = done.flatMap(({ id, segment: its }) => (this.#segments.has(its) ? id : []));
    const parts: Uint8Array[] = ids.length > 0 ? [encodeDone(mark, ids)] : [];
    let at = segment.size + (parts[0]?.byteLength ?? 0);
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
    this.#options.budget.take(parts[0] && ids.length > 0 ? parts[0].byteLength : 0);
    segment.size = at;
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
        this.#sealed = true;
        const lost = [...group, ...this.#written.splice(0)];
        this.#done.push(...lost.flatMap(({ id, moves }) => (moves ? [] : { id, segment: segment.number })));
        this.#refuse(lost, error, segment);
        continue;
      }
      this.#options.events.flushed((performance.now() - begun) / 1_000);
      this.#settle(segment, group);
    }
  }

  #settle(segment: Segment, group: readonly Pending[]): void {
    for (const { id, flags, meta, body, payloadCrc, at, moves, resolve } of group) {
      const request: Placed = moves ?? {
        ...{ id, flags, bodyBytes: body.byteLength, metaBytes: meta.byteLength, payloadCrc },
        ...{ segment, at },
      };
      if (!moves) this.#requests.set(id, request);
      else if (!this.#requests.has(id)) {
        // Done while it was on its way: said of both places.
        this.#done.push({ id, segment: segment.number });
        resolve(request);
        continue;
      } else {
        request.segment.release(request);
        request.segment = segment;
        request.at = at;
      }
      segment.hold(request);
      resolve(request);
    }
  }

  /** `inside`: they are in this file all the same. */
  #refuse(group: readonly Pending[], error: unknown, inside?: Segment): void {
    this.#restUntil = performance.now() + REST_MS;
    this.#tight = true;
    this.#reclaimDue = true;
    this.#options.events.writeFailed((error as NodeJS.ErrnoException).code ?? 'unknown', error);
    for (const pending of group) {
      if (!inside) this.#options.budget.give(bytesOf(pending));
      pending.reject(error);
    }
  }

  /** Gives the space of what is done back. From the front: what is said to be done is said in later files. */
  async #reclaim(): Promise<void> {
    this.#reclaimDue = false;
    for (const segment of this.#segments.values()) {
      if (segment === this.#head || segment.live > 0) break;
      await this.#remove(segment);
    }
    if (this.#tight || !this.#options.budget.hasRoom(this.#options.segmentBytes)) {
      // Better that a crash delivers something twice than that nothing more is taken.
      for (const segment of this.#segments.values())
        if (segment !== this.#head && segment.live === 0) await this.#remove(segment);
      await this.#dropHead();
    }
    await this.#moveOld();
  }

  /** The newest file, where nothing in it is wanted and nobody waits for its flush. */
  async #dropHead(): Promise<void> {
    const head = this.#head;
    if (!head || head.live > 0 || this.#flushing || head.size === SEGMENT_HEADER_BYTES) return;
    this.#head = undefined;
    await this.#remove(head);
  }

  async #remove(segment: Segment): Promise<void> {
    if (this.#options.isLost?.()) return;
    this.#segments.delete(segment.number);
    this.#options.budget.give(segment.size);
    this.#restUntil = 0;
    await segment.file.close().catch(() => {});
    await this.#disk.remove(segment.path).catch((error) => this.#options.events.writeFailed('unlink', error));
  }

  /** Requests that are tried for long, and few, do not keep an old file: they are written anew. */
  async #moveOld(): Promise<void> {
    const [front] = this.#segments.values();
    const { segmentBytes } = this.#options;
    if (!front || front === this.#head || front.stuck || this.#segments.size < MANY_SEGMENTS || this.#closed) return;
    if (front.liveBytes > segmentBytes * FEW) return;
    const live = [...this.#segments.values()].reduce((sum, { liveBytes }) => sum + liveBytes, 0);
    if (live > this.fileBytes * FEW) return;
    front.stuck = true;
    for (const request of [...this.#requests.values()].filter(({ segment }) => segment === front)) {
      try {
        const payload = await front.read(request);
        const [meta, body] = [payload.subarray(0, request.metaBytes), payload.subarray(request.metaBytes)];
        const settled = (): void => this.#wantRoom();
        this.#enqueue({ ...request, meta, body, at: 0, moves: request, resolve: settled, reject: () => {} });
      } catch {
        // Whoever reads it to send it learns of the damage, and says so.
      }
    }
  }

  /** Where nothing waits the file is emptied instead of telling it what is done. False: something waits. */
  async #emptied(): Promise<boolean> {
    const head = this.#head;
    const isBusy = this.#requests.size > 0 || this.#pending.length > 0 || this.#flushing !== undefined;
    if (!head || isBusy || this.#segments.size > 1 || this.#sealed || head.size < EMPTY_FROM) return false;
    const { size } = head;
    // Taken back before the disk is asked: whoever appends meanwhile waits for this to end.
    await head.file.truncate(SEGMENT_HEADER_BYTES).then(
      () => {
        head.size = SEGMENT_HEADER_BYTES;
        this.#options.budget.give(size - SEGMENT_HEADER_BYTES);
        this.#done = this.#done.filter(({ segment }) => segment !== head.number);
      },
      () => {},
    );
    return head.size < size;
  }

  /** Writes what is done and closes. Where nothing waits, nothing is left on the disk. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#doneTimer);
    this.#doneTimer = undefined;
    await this.#idle();
    if (this.#done.length > 0 && this.#requests.size > 0) {
      this.#doneDue = true;
      this.#write();
      await this.#idle();
    }
    const isEmpty = this.#requests.size === 0;
    for (const segment of this.#segments.values()) {
      if (isEmpty) await this.#remove(segment);
      else {
        this.#options.budget.give(segment.size);
        await segment.file.close();
      }
    }
    this.#segments.clear();
    if (isEmpty) await this.#disk.removeDirectory(this.#options.directory).catch(() => {});
  }

  async #idle(): Promise<void> {
    while (this.#writing || this.#flushing) {
      await this.#writing;
      await this.#flushing;
    }
  }
}
