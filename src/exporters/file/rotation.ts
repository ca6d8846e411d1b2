// Puts a full file aside under the time of day, and removes the oldest of those put aside.
import { access, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

/** `anomalies-2026-11-24T15-09-15.123.jsonl` for `anomalies.jsonl`. */
function backupName(path: string, at: Date): string {
  const extension = extname(path);
  const time = at.toISOString().replace('Z', '').replaceAll(':', '-');
  return join(dirname(path), `${basename(path, extension)}-${time}${extension}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Moves `path` out of the way. Two within a millisecond get two names. */
export async function putAside(path: string, nowMs: number): Promise<void> {
  let at = nowMs;
  while (await exists(backupName(path, new Date(at)))) at++;
  await rename(path, backupName(path, new Date(at)));
}

/** Removes all but the newest `keep` files that `putAside` made of `path`. */
export async function prune(path: string, keep: number): Promise<void> {
  const extension = extname(path);
  const stem = `${basename(path, extension)}-`;
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}$/;
  const names = (await readdir(dirname(path))).filter(
    (name) =>
      name.startsWith(stem) &&
      name.endsWith(extension) &&
      time.test(name.slice(stem.length, name.length - extension.length)),
  );
  const oldest = names.sort((a, b) => (a < b ? -1 : 1)).slice(0, Math.max(0, names.length - keep));
  await Promise.all(oldest.map((name) => rm(join(dirname(path), name), { force: true })));
}
