// Accounts of what peers hold of bodies under way: whoever holds more has to wait, and gives way in the end.
import { RetryableError } from './errors.js';

/** A sender that holds so little never waits. Bytes. */
const FREE_BYTES = 1024 * 1024;
/** What a refused sender is asked to wait, ms. */
export const RETRY_AFTER_MS = 1_000;

const NO_ROOM = 'too many bytes of unfinished requests are held';

/** Who keeps the accounts: the ledger. */
export interface AccountKeeper {
  /** Monotonic, ms. */
  now(): number;
  /** Bodies under way have reached the soft bound. */
  readonly isTight: boolean;
  /** Who has held something for the longest without a break. */
  readonly first: Account | undefined;
  /** Those that hold something. */
  readonly accounts: Set<Account>;
  /** Calls `resume` once when there is room again. What is returned takes that back. */
  wait(account: Account, resume: () => void): () => void;
  /** Why a request of about so many bytes is not to be read now. */
  refusal(bytes: number): RetryableError | undefined;
  /** So many bytes more are held. */
  change(bytes: number): void;
}

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

  constructor(readonly ledger: AccountKeeper) {}

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
