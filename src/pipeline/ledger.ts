// One account of all bytes that a process holds for work that is unfinished or queued, and who has to wait or to give
// way.
import { RetryableError } from './errors.js';

/** What bytes are held for, as `pxanomaly_held_bytes{what=…}` says. */
export const HOLDERS = ['underway', 'requests', 'learning', 'batching', 'queues', 'files', 'reload'] as const;
export type Holder = (typeof HOLDERS)[number];
/** What holds bodies that are complete. */
export type Stored = Exclude<Holder, 'underway'>;

export interface LedgerLimits {
  /** From here on bodies under way wait: nothing more is read of senders that hold much already. Bytes. */
  readonly softBytes: number;
  /** Here somebody gives way: the sender that has held the most for the longest. Bytes. */
  readonly hardBytes: number;
  /** Most for everything together, queues included: new requests are refused. Bytes. */
  readonly totalBytes: number;
  /** What all sending queues may hold. Bytes. */
  readonly queueBytes: number;
}

const MIB = 1024 * 1024;

/** Of the memory; with 512 MiB 80. */
const SOFT_SHARE = 5 / 32;
/**
 * Bodies under way never need more than this, however large the machine: they are complete, or they do not come. Bytes.
 */
const MOST_SOFT_BYTES = 256 * MIB;
/** Twice of it, the hard bound, has room for one request of the usual limit in the smallest container. Bytes. */
const LEAST_SOFT_BYTES = 48 * MIB;

/** Shares of a container's memory; the process itself, its garbage and the kernel's tables need the rest. */
export function ledgerLimits(memoryBytes: number): LedgerLimits {
  const softBytes = Math.min(Math.max(memoryBytes * SOFT_SHARE, LEAST_SOFT_BYTES), MOST_SOFT_BYTES);
  return { softBytes, hardBytes: 2 * softBytes, totalBytes: memoryBytes / 2, queueBytes: memoryBytes / 4 };
}

/** A sender that holds so little never waits. Bytes. */
const FREE_BYTES = MIB;
/**
 * After so long somebody gives way to those who wait; then another one every EVICT_MS. A sender of Pixie's gives up
 * after 5 s.
 */
const PATIENCE_MS = 1_000;
const EVICT_MS = 100;
/** Whoever is first in line, and sends, is left alone by those who wait for so long; ms. */
const FIRST_MS = 3_000;
/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 1_000;

const NO_ROOM = 'too many bytes of unfinished requests are held';

/** Bytes of one unfinished thing: a body, a frame, a block of fields. */
export class Held {
  bytes = 0;
  readonly since: number;
  /** When something came of it last; known only while the ledger is tight. */
  movedAt: number;

  constructor(
    readonly account: Account,
    private readonly giveWay: (error: RetryableError) => void,
  ) {
    this.since = account.ledger.now();
    this.movedAt = this.since;
    account.open.add(this);
  }

  /**
   * Something of it has come, and it has so many bytes now. Somebody may have to give way for it, perhaps itself:
   * `giveWay` is called within.
   */
  resize(bytes: number): void {
    if (this.account.ledger.isTight) this.movedAt = this.account.ledger.now();
    const more = bytes - this.bytes;
    if (more === 0 || this.closed) return;
    this.bytes = bytes;
    this.account.change(more);
  }

  /** It is finished, or was given up. */
  close(): void {
    this.resize(0);
    this.account.open.delete(this);
  }

  get closed(): boolean {
    return !this.account.open.has(this);
  }

  /** It has not come in time. */
  expire(ms: number): void {
    this.close();
    this.giveWay(new RetryableError(`the request did not come within ${ms / 1000} s`));
  }

  /** The ledger: makes room. */
  evict(): void {
    this.close();
    this.giveWay(new RetryableError(NO_ROOM, RETRY_AFTER_MS));
  }
}

/** What is held for one peer: a connection. */
export class Account {
  bytes = 0;
  readonly open: Set<Held> = new Set();

  constructor(readonly ledger: Ledger) {}

  hold(giveWay: (error: RetryableError) => void): Held {
    return new Held(this, giveWay);
  }

  /**
   * Whether no more should be read of this peer for now. The first in line goes on: so somebody always comes to an end.
   */
  get mustWait(): boolean {
    return this.bytes > FREE_BYTES && this.ledger.isTight && this.ledger.first !== this;
  }

  /** Calls `resume` once when there is room again, those first who came first. What is returned takes that back. */
  wait(resume: () => void): () => void {
    return this.ledger.wait(this, resume);
  }

  /** Of `Held`. */
  change(bytes: number): void {
    if (this.bytes === 0) this.ledger.accounts.add(this);
    this.bytes += bytes;
    if (this.bytes === 0) this.ledger.accounts.delete(this);
    this.ledger.change(bytes);
  }
}

export class Ledger {
  /** Those that hold something. */
  readonly accounts: Set<Account> = new Set();
  private readonly kinds: Record<Stored, number>;
  /** How many hold a body that is stored. */
  private readonly stored = new Map<Uint8Array, number>();
  private storedBytes = 0;
  private underway = 0;
  private readonly waiters = new Map<() => void, Account>();
  private timer: NodeJS.Timeout | undefined;
  private evicting: boolean = false;
  /** How often somebody had to give way. */
  evictions = 0;

  private limits: LedgerLimits;
  /** Memory that somebody says the process may have; bytes. */
  private readonly restrictions = new Set<{ readonly bytes: number }>();

  constructor(
    private readonly unrestricted: LedgerLimits,
    /** Monotonic, ms. */
    readonly now: () => number = () => performance.now(),
  ) {
    this.limits = unrestricted;
    this.kinds = Object.fromEntries(HOLDERS.map((kind) => [kind, 0])) as Record<Stored, number>;
  }

  get softBytes(): number {
    return this.limits.softBytes;
  }

  /** What all sending queues may hold. */
  get queueBytes(): number {
    return this.limits.queueBytes;
  }

  /** Somebody knows that the process may have less than was thought. What is returned takes that back. */
  restrict(memoryBytes: number): () => void {
    const restriction = { bytes: memoryBytes };
    this.restrictions.add(restriction);
    this.limit();
    return () => {
      this.restrictions.delete(restriction);
      this.limit();
    };
  }

  private limit(): void {
    const limits = ledgerLimits(Math.min(...[...this.restrictions].map(({ bytes }) => bytes)));
    this.limits = limits.totalBytes < this.unrestricted.totalBytes ? limits : this.unrestricted;
  }

  /** Bytes of a kind; a body that a queue and the learning hold counts for both. */
  heldBy(kind: Holder): number {
    return kind === 'underway' ? this.underway : this.kinds[kind];
  }

  /** All bytes, each once. */
  get held(): number {
    return this.underway + this.storedBytes;
  }

  /** Who has held something for the longest without a break. */
  get first(): Account | undefined {
    return this.accounts.values().next().value;
  }

  get isTight(): boolean {
    return this.underway >= this.limits.softBytes;
  }

  /** Why a request of about so many bytes is not to be read now. */
  refusal(bytes: number): RetryableError | undefined {
    if (this.held + bytes <= this.limits.totalBytes || this.held === 0) return undefined;
    return new RetryableError(`${Math.round(this.held / 1e6)} MB of requests are held already`, RETRY_AFTER_MS);
  }

  /** Keeps a body that is complete; however many keep it, it counts once. */
  store(kind: Stored, body: Uint8Array): void {
    this.kinds[kind] += body.byteLength;
    const holders = this.stored.get(body) ?? 0;
    this.stored.set(body, holders + 1);
    if (holders === 0) this.storedBytes += body.byteLength;
  }

  /** Once for each `store`. */
  release(kind: Stored, body: Uint8Array): void {
    const holders = this.stored.get(body);
    if (holders === undefined) return;
    this.kinds[kind] -= body.byteLength;
    if (holders > 1) {
      this.stored.set(body, holders - 1);
      return;
    }
    this.stored.delete(body);
    this.storedBytes -= body.byteLength;
  }

  /** Of `Account`. */
  change(bytes: number): void {
    this.underway += bytes;
    if (bytes > 0) this.evictTo(this.limits.hardBytes);
    else if (this.waiters.size > 0) this.resumeAll();
  }

  /** Of `Account`. */
  wait(account: Account, resume: () => void): () => void {
    this.waiters.set(resume, account);
    this.timer ??= setTimeout(() => this.impatient(), PATIENCE_MS).unref();
    return () => void this.waiters.delete(resume);
  }

  private resumeAll(): void {
    for (const [resume, account] of this.waiters) {
      if (account.mustWait) continue;
      this.waiters.delete(resume);
      resume();
    }
  }

  /** Somebody has waited long enough. */
  private impatient(): void {
    this.timer = undefined;
    if (this.waiters.size === 0) return;
    if (this.isTight && !this.firstSends()) this.evictOne();
    this.resumeAll();
    if (this.waiters.size > 0) this.timer = setTimeout(() => this.impatient(), EVICT_MS).unref();
  }

  private firstSends(): boolean {
    const now = this.now();
    const sends = ({ since, movedAt }: Held): boolean => now - movedAt < PATIENCE_MS && now - since < FIRST_MS;
    return [...(this.first?.open ?? [])].some((held) => held.bytes > 0 && sends(held));
  }

  private evictTo(bytes: number): void {
    if (this.evicting) return;
    this.evicting = true;
    try {
      while (this.underway > bytes && this.evictOne());
    } finally {
      this.evicting = false;
    }
  }

  /**
   * Of the peer that has held the most for the longest, what has. Bytes times time are what it has used of the room.
   */
  private evictOne(): boolean {
    const now = this.now();
    const used = ({ bytes, since }: Held): number => bytes * (now - since + 1);
    const account = highest(this.accounts, ({ open }) => sum(open, used));
    const held = account && highest(account.open, used);
    if (!held) return false;
    this.evictions++;
    held.evict();
    return true;
  }
}

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}

function highest<T>(items: Iterable<T>, value: (item: T) => number): T | undefined {
  let best: T | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const rank = value(item);
    if (rank <= most) continue;
    most = rank;
    best = item;
  }
  return best;
}
