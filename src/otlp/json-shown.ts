// A value of a JSON text as a message shows it, however long it is.
import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COMMA, isBlank, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-signs.js';

/** Characters of a value that a message shows. */
const SHOWN = 40;
/** Bytes of a value that are looked at for that. */
const LOOKED_AT = 200;

/** The value from `start` on as a message shows it: as it came, cut where it is long. */
export function shown(bytes: Buffer, start: number): string {
  const text = bytes.toString('utf8', start, endOfShown(bytes, start));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The end of the value, as far as it is looked at. */
function endOfShown(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + LOOKED_AT);
  let depth = 0;
  let isInString = false;
  for (let at = start; at < limit; at++) {
    const byte = bytes[at]!;
    if (isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInString = false;
      if (isInString || depth > 0) continue;
      return at + 1;
    }
    if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth--;
    } else if (depth === 0 && (byte === COMMA || isBlank(byte))) return at;
  }
  return limit;
}
