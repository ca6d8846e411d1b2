// Users and the hashes of their passwords, as Apache's htpasswd writes them.
import { createHash, timingSafeEqual } from 'node:crypto';

/** `slow`: whole tenths of a second of computing; not for the event loop. */
export type Scheme = 'bcrypt' | 'apr1' | 'sha' | 'ssha' | 'plain';

export interface Hashed {
  readonly scheme: Scheme;
  readonly hash: string;
}

/** Rounds beyond 2^14 take seconds each. */
const BCRYPT = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const MAX_COST = 14;
const APR1 = /^\$apr1\$([^$]{0,8})\$([./A-Za-z0-9]{22})$/;

/** Throws, with the number of the line and never with what is in it. */
export function parseHtpasswd(text: string): ReadonlyMap<string, Hashed> {
  const users = new Map<string, Hashed>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const at = line.indexOf(':');
    if (at <= 0) throw new Error(`line ${index + 1} is not user:hash`);
    users.set(line.slice(0, at), hashed(line.slice(at + 1).trim(), index + 1));
  }
  return users;
}

function hashed(hash: string, line: number): Hashed {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined) {
    if (Number(cost) > MAX_COST)
      throw new Error(`line ${line}: bcrypt of cost ${Number(cost)} takes seconds; at most ${MAX_COST}`);
    return { scheme: 'bcrypt', hash };
  }
  if (APR1.test(hash)) return { scheme: 'apr1', hash };
  if (hash.startsWith('{SHA}')) return { scheme: 'sha', hash: hash.slice(5) };
  if (hash.startsWith('{SSHA}')) return { scheme: 'ssha', hash: hash.slice(6) };
  if (/^\$[0-9a-z]+\$/.test(hash) || hash === '')
    throw new Error(`line ${line}: a hash of this kind is not supported; htpasswd -B makes one of bcrypt`);
  return { scheme: 'plain', hash };
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** For every scheme but bcrypt. */
export function verify({ scheme, hash }: Hashed, password: string): boolean {
  if (scheme === 'plain') return same(sha256(password), sha256(hash));
  if (scheme === 'apr1') {
    const [, salt = '', digest = ''] = APR1.exec(hash) ?? [];
    return same(Buffer.from(apr1(password, salt)), Buffer.from(digest));
  }
  const bytes = Buffer.from(hash, 'base64');
  const salt = bytes.subarray(20);
  return same(createHash('sha1').update(password).update(salt).digest(), bytes.subarray(0, 20));
}

const ITOA64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const md5 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Apache's variant of the MD5 crypt: a thousand rounds, about a millisecond. The 22 letters behind the salt. */
function apr1(password: string, salt: string): string {
  const secret = Buffer.from(password);
  const parts: (string | Uint8Array)[] = [secret, '$apr1$', salt];
  const inner = md5(secret, salt, secret);
  for (let left = secret.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = secret.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.alloc(1) : secret.subarray(0, 1));
  let digest = md5(...parts);
  for (let round = 0; round < 1000; round++) {
    const odd = round % 2 === 1;
    const of = [odd ? secret : digest];
    if (round % 3 > 0) of.push(Buffer.from(salt));
    if (round % 7 > 0) of.push(secret);
    of.push(odd ? digest : secret);
    digest = md5(...of);
  }
  return letters(digest);
}

function letters(digest: Buffer): string {
  const groups = [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
  ] as const;
  const write = (value: number, count: number): string =>
    Array.from({ length: count }, (_, i) => ITOA64[(value >> (6 * i)) & 63]).join('');
  const all = groups.map(([a, b, c]) => write((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4));
  return all.join('') + write(digest[11]!, 2);
}
