// The files of a log, from the oldest, and where in them the requests are that are not done.
import { join } from 'node:path';
import { DISK, type Disk } from './disk.js';
import type { PendingRecord } from './group.js';
import type { LeftRequest, LogOptions } from './log-options.js';
import { type FoundSegment, readSegment } from './read-segment.js';
import { SEGMENT_HEADER_BYTES } from './record.js';
import { type Placed, placed, Segment, type StoredRequest, segmentName, segmentNumber } from './segment.js';

export class LogFiles {
  /** By number, from the oldest. */
  readonly segments: Map<number, Segment> = new Map();
  /** By id. */
  readonly requests: Map<number, Placed> = new Map();
  /** The file that is appended to. */
  head: Segment | undefined;
  /** The head may not be appended to any more: a flush of it has failed. */
  isSealed: boolean = false;
  /** The id of the next request. */
  nextId = 1;
  readonly #options: LogOptions;
  readonly #disk: Disk;
  #nextNumber = 1;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#disk = options.disk ?? DISK;
  }

  /** Of all files; bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const { size } of this.segments.values()) bytes += size;
    return bytes;
  }

  /** Reads what an earlier process left, by id. Damage is skipped and told, never thrown. */
  async open(): Promise<Map<number, LeftRequest>> {
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
      this.forget(id);
      left.delete(id);
    }
    return left;
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
    this.segments.set(number, segment);
    this.#options.budget.take(segment.size);
    this.nextId = Math.max(this.nextId, found.firstId);
    for (const { header, at, meta } of found.requests) {
      const request = placed(segment, at, header);
      // One that was written anew is the same request.
      this.requests.get(request.id)?.segment.release(request);
      this.requests.set(request.id, request);
      segment.hold(request);
      left.set(request.id, { request, meta });
      this.nextId = Math.max(this.nextId, request.id + 1);
    }
    for (const id of found.done) {
      done.push(id);
      this.nextId = Math.max(this.nextId, id + 1);
    }
  }

  async #cut(file: { truncate(bytes: number): Promise<void> }, path: string, found: FoundSegment): Promise<void> {
    const torn = found.fileBytes - found.end;
    if (torn <= 0) return;
    this.#options.events.torn(torn, path);
    // What cannot be cut off is passed over the next time, too.
    await file.truncate(found.end).catch(() => {});
  }

  /** A record is safe in this file: the request has its place there. `isWanted`: it was not done meanwhile. */
  settle(segment: Segment, record: PendingRecord): { readonly request: StoredRequest; readonly isWanted: boolean } {
    const { id, flags, meta, body, payloadCrc, at, moves } = record;
    const request: Placed = moves ?? {
      ...{ id, flags, bodyBytes: body.byteLength, metaBytes: meta.byteLength, payloadCrc },
      ...{ segment, at },
    };
    if (!moves) this.requests.set(id, request);
    else if (!this.requests.has(id)) return { request, isWanted: false };
    else {
      request.segment.release(request);
      request.segment = segment;
      request.at = at;
    }
    segment.hold(request);
    return { request, isWanted: true };
  }

  /** The body of a request. Rejects with a `DamagedError` where the disk gives back something else. */
  async read(request: StoredRequest): Promise<Buffer> {
    const place = this.requests.get(request.id);
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

  /** The request is not wanted any more. */
  forget(id: number): void {
    const place = this.requests.get(id);
    if (!place) return;
    this.requests.delete(id);
    place.segment.release(place);
  }

  /** Whether the file that is appended to is long enough, or there is none. */
  get needsHead(): boolean {
    return !this.head || this.isSealed || this.head.size >= this.#options.segmentBytes;
  }

  /** Begins a new file, which is appended to from now on. */
  async addHead(): Promise<Segment> {
    const { directory, budget, fsync } = this.#options;
    const number = this.#nextNumber;
    const next = await Segment.create(this.#disk, join(directory, segmentName(number)), number, this.nextId);
    if (fsync) {
      await next.file.flush();
      await this.#disk.flushDirectory(directory);
    }
    this.#nextNumber++;
    this.segments.set(number, next);
    budget.take(next.size);
    this.head = next;
    this.isSealed = false;
    return next;
  }

  /** Deletes a file. */
  async remove(segment: Segment): Promise<void> {
    this.segments.delete(segment.number);
    this.#options.budget.give(segment.size);
    await segment.file.close().catch(() => {});
    await this.#disk.remove(segment.path).catch((error) => this.#options.events.writeFailed('unlink', error));
  }

  /** Forgets the files, and deletes their directory where nothing was left in them. */
  async close(): Promise<void> {
    const isEmpty = this.requests.size === 0;
    for (const segment of this.segments.values()) {
      if (isEmpty) {
        if (!this.#options.isLost?.()) await this.remove(segment);
        continue;
      }
      this.#options.budget.give(segment.size);
      await segment.file.close();
    }
    this.segments.clear();
    if (isEmpty) await this.#disk.removeDirectory(this.#options.directory).catch(() => {});
  }
}
