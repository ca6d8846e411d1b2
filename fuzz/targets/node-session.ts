// How a session of node:http2 is heard to the end, and ended, by the targets that put ours beside it.
import type { Http2Session } from 'node:http2';
import type { Wire } from './wire.js';

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What node says becomes visible within so many turns of the event loop. */
export async function settled(wire: Wire): Promise<void> {
  for (let quiet = 0, said = -1; quiet < 6; quiet++) {
    await turn();
    if (wire.written.length !== said) quiet = 0;
    said = wire.written.length;
  }
}

/** The socket is left to the session: to end it before the session has ended itself makes node abort. */
export async function end(session: Http2Session): Promise<void> {
  session.destroy();
  for (let turns = 0; turns < 3; turns++) await turn();
}
