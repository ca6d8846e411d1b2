// Who may come in with a user name and a password. What was right once is known by a keyed digest from then on, so that
// each request does not cost what its hash was made to cost.
import { createHmac, randomBytes } from 'node:crypto';
import { RetryableError } from '../../pipeline/index.js';
import { Bcrypt } from './bcrypt.js';
import { type Hashed, verify } from './htpasswd.js';

/** Pairs that are remembered as right; each user has few. */
const MAX_KNOWN = 1000;
/** Where nobody has this name the same is computed, so that time does not tell who there is. */
const NOBODY: Hashed = { scheme: 'bcrypt', hash: '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' };

export class Passwords {
  readonly #bcrypt = new Bcrypt();
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  /** Checks under way, by digest: senders send the same credential many times at once. */
  readonly #checks = new Map<string, Promise<boolean>>();
  #users: ReadonlyMap<string, Hashed> = new Map();
  #hasBcrypt = false;

  replace(users: ReadonlyMap<string, Hashed>): void {
    this.#users = users;
    this.#hasBcrypt = [...users.values()].some(({ scheme }) => scheme === 'bcrypt');
    this.#right.clear();
  }

  /** Whether the password is the user's. Throws a `RetryableError` while too many others are being checked. */
  check(user: string, password: string): boolean | Promise<boolean> {
    const known = this.#users.get(user);
    const digest = createHmac('sha256', this.#key).update(`${user}\u0000${known?.hash}\u0000${password}`).digest('hex');
    if (this.#right.has(digest)) return true;
    const hashed = known ?? (this.#hasBcrypt ? NOBODY : undefined);
    if (hashed?.scheme === 'bcrypt') return this.#slowly(digest, password, hashed.hash, known !== undefined);
    const isRight = hashed !== undefined && verify(hashed, password);
    if (isRight) this.#remember(digest);
    return isRight;
  }

  close(): Promise<void> {
    return this.#bcrypt.close();
  }

  #slowly(digest: string, password: string, hash: string, isKnown: boolean): Promise<boolean> {
    const underWay = this.#checks.get(digest);
    if (underWay) return underWay;
    if (this.#bcrypt.isFull) throw new RetryableError('too many passwords are being checked', 1000);
    const check = this.#bcrypt
      .verify(password, hash)
      .then((isRight) => {
        if (isRight && isKnown) this.#remember(digest);
        return isRight && isKnown;
      })
      .finally(() => this.#checks.delete(digest));
    this.#checks.set(digest, check);
    return check;
  }

  #remember(digest: string): void {
    if (this.#right.size >= MAX_KNOWN) this.#right.clear();
    this.#right.add(digest);
  }
}
