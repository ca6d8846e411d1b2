// Whether a component would be made just as it is now: its configuration, and the files that this names.
import { statSync } from 'node:fs';
import { isMapping } from '../config/tree.js';

/** Files named by `…_file` keys, with the time of their last change: a renewed certificate is a change. */
function fileTimes(value: unknown, key = ''): string[] {
  if (typeof value === 'string' && key.endsWith('_file')) {
    return [`${value}@${statSync(value, { throwIfNoEntry: false })?.mtimeMs ?? 'none'}`];
  }
  if (Array.isArray(value)) return value.flatMap((item) => fileTimes(item, key));
  return isMapping(value) ? Object.entries(value).flatMap(([inner, item]) => fileTimes(item, inner)) : [];
}

/** JSON with the keys of maps in order, so that the order in a file does not count. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isMapping(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/** Equal texts: nothing that the component was made from has changed. */
export function fingerprint(...parts: readonly unknown[]): string {
  return `${canonical(parts)} ${fileTimes(parts).join(' ')}`;
}
