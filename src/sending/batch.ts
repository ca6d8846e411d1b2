// Makes one request of several without decoding them: the repeated resource field of a request concatenates.
import type { Batch } from '../pipeline/index.js';
import type { Backlog, Entry } from './backlog.js';

export interface BatchOptions {
  /** A request that stays below `minSize` leaves when its oldest part has waited this long; ms. */
  readonly flushTimeoutMs: number;
  readonly minSize: number;
  /** Parts are not added beyond this; a part that is larger by itself leaves as it is. 0: no bound. */
  readonly maxSize: number;
  /** `bodyBytes`: of a batch whose body is elsewhere. */
  readonly sizeOf: (batch: Batch, bodyBytes?: number) => number;
  /** Only batches with equal values of these (lower-case) join. */
  readonly metadataKeys: readonly string[];
}

/** The parts, all of one signal and origin, as one batch that carries `metadata`. */
export function mergeBatches(parts: readonly Batch[], metadata?: ReadonlyMap<string, string>): Batch {
  const first = parts[0] as Batch;
  const kept = metadata ?? first.metadata;
  if (parts.length === 1) return kept === first.metadata ? first : { ...first, metadata: kept };
  const events = parts.flatMap((part) => part.events ?? []);
  return {
    signal: first.signal,
    body: Buffer.concat(parts.map((part) => part.body)),
    items: parts.reduce((sum, part) => sum + part.items, 0),
    origin: first.origin,
    metadata: kept,
    ...(first.auth && kept.size > 0 ? { auth: first.auth } : {}),
    receivedUnixNano: first.receivedUnixNano,
    ...(events.length > 0 ? { events: mergeBatches(events) } : {}),
  };
}

/** What must be equal for two batches to join. Where settings stay with them, so must be how far those reach. */
export function partitionKey({ signal, origin, metadata, auth }: Batch, metadataKeys: readonly string[]): string {
  const values = metadataKeys.map((key) => metadata.get(key) ?? null);
  return JSON.stringify([
    signal,
    origin,
    ...values,
    ...(auth && values.length > 0 ? [auth.subject, auth.clusters] : []),
  ]);
}

interface Group {
  readonly entries: Entry[];
  size: number;
  timer: NodeJS.Timeout;
}

/** Entries of one partition leave together: when they reach `minSize`, or when the oldest has waited long enough. */
export class Grouped implements Backlog {
  private readonly groups = new Map<string, Group>();
  private readonly ready: Entry[][] = [];
  private waiting = 0;

  constructor(
    private readonly options: BatchOptions,
    /** Called when something became due without a push. */
    private readonly onDue: () => void,
  ) {}

  get length(): number {
    return this.waiting;
  }

  /** Groups that still wait to grow. */
  get groupCount(): number {
    return this.groups.size;
  }

  hasGroup(key: string): boolean {
    return this.groups.has(key);
  }

  push(entry: Entry): void {
    const { maxSize, minSize, metadataKeys, sizeOf } = this.options;
    const key = partitionKey(entry.batch, metadataKeys);
    const size = sizeOf(entry.batch, entry.spilledBytes);
    const open = this.groups.get(key);
    if (open && maxSize > 0 && open.size + size > maxSize) this.close(key, open);
    const group = this.groups.get(key) ?? this.open(key);
    group.entries.push(entry);
    group.size += size;
    this.waiting++;
    if (group.size >= minSize) this.close(key, group);
  }

  take(flush: boolean): Entry[] | undefined {
    if (flush) for (const [key, group] of this.groups) this.close(key, group);
    const entries = this.ready.shift();
    this.waiting -= entries?.length ?? 0;
    return entries;
  }

  private open(key: string): Group {
    const timer = setTimeout(() => {
      this.close(key, group);
      this.onDue();
    }, this.options.flushTimeoutMs);
    const group: Group = { entries: [], size: 0, timer };
    this.groups.set(key, group);
    return group;
  }

  private close(key: string, group: Group): void {
    clearTimeout(group.timer);
    this.groups.delete(key);
    this.ready.push(group.entries);
  }
}
