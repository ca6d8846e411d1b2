// The identity of an event: equal for an event that is told again, after a crash or a retry, so that receivers can drop
// the repeat.
import { createHash } from 'node:crypto';

/**
 * 128 bits of a hash as hexadecimal digits. What begins an alert or ends it is known by the window in which the alert
 * began, what happens in between by its own window.
 */
export function eventId(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32);
}
