// Requests to begin with: every field of every message, from the field tables.

import { REQUESTS } from '../src/otlp/messages.js';
import type { Signal } from '../src/pipeline/index.js';
import { anyRequest } from '../test/support/arbitrary-otlp.js';
import fc from '../test/support/property.js';

/** Small ones, the same each time. */
export function requestSeeds(signal: Signal): Uint8Array[] {
  const requests = fc.sample(anyRequest(signal), { numRuns: 60, seed: 14 });
  const bodies = requests.map((request) => Uint8Array.from(REQUESTS[signal].encode(request).finish()));
  return bodies.filter(({ length }) => length <= 1500);
}
