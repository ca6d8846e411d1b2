// Log lines that may come a thousand times a second, let through once in a while.

/** A line of the same key at most this often; ms. */
const INTERVAL_MS = 10_000;

/** Keys that are remembered: a caller that makes keys of what a stranger sent must not make us grow. */
const MAX_KEYS = 256;

type Line = (fields: object, text: string) => void;

/** Lets one line through per interval and key; `suppressed` in its fields counts those held back since the last. */
export function rateLimited(
  line: Line,
  now: () => number = () => performance.now(),
): (key: string, fields: object, text: string) => void {
  const last = new Map<string, { at: number; suppressed: number }>();
  return (key, fields, text) => {
    const seen = last.get(key);
    if (seen && now() - seen.at < INTERVAL_MS) {
      seen.suppressed++;
      return;
    }
    // The key told longest ago gives way, not all of them.
    last.delete(key);
    if (last.size >= MAX_KEYS) last.delete(last.keys().next().value as string);
    last.set(key, { at: now(), suppressed: 0 });
    line(seen?.suppressed ? { ...fields, suppressed: seen.suppressed } : fields, text);
  };
}
