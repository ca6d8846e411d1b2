// One account of all bytes that a process holds for work that is unfinished or queued, and who has to wait or to give
// way.
import { type Account, type AccountKeeper, type Held, RETRY_AFTER_MS } from './account.js';
import { RetryableError } from './errors.js';
import { HOLDERS, type Holder, type LedgerLimits, ledgerLimits, type Stored } from './ledger-limits.js';
import { highest, sum } from './most.js';

/**
 * After so long somebody gives way to those who wait; then another one every EVICT_MS. A sender of Pixie's gives up
 * after 5 s.
 */
const PATIENCE_MS = 1_000;
const EVICT_MS = 100;
/** Whoever is first in line, and sends, is left alone by those who wait for so long; ms. */
const FIRST_MS = 3_000;
export class Ledger implements AccountKeeper {
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
