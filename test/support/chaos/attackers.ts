// Runs the peers of one attack in a thread of their own, so that the honest sender beside them is not theirs to slow
// down.
import { connect, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ATTACKS } from './attacks.js';

interface Orders {
  readonly mode: string;
  readonly port: number;
  readonly connections: number;
  readonly forMs: number;
}

export interface Attacked {
  /** Connections made, those in place of others that were closed included. */
  readonly connections: number;
  readonly megabytes: number;
}

/** Resolves when the time is over. */
export function attack(orders: Orders): Promise<Attacked> {
  const worker = new Worker(new URL(import.meta.url), { workerData: orders });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** A connection that is sent away comes back at once. */
function run({ mode, port, connections, forMs }: Orders, done: (result: Attacked) => void): void {
  const { send, deaf } = ATTACKS[mode]!;
  const open = new Set<Socket>();
  let made = 0;
  let bytes = 0;
  let over = false;
  const begin = (): void => {
    if (over) return;
    made++;
    let round = 0;
    const socket = connect(port, '127.0.0.1');
    open.add(socket);
    if (deaf) socket.pause();
    else socket.resume();
    const more = (): void => {
      if (over || socket.destroyed) return;
      const next = send(round++);
      if (!next) return;
      bytes += next.length;
      // What the system takes at once must not keep the others, the clock and the end of this socket from being
      // noticed.
      if (socket.write(next)) setImmediate(more);
      else socket.once('drain', () => setImmediate(more));
    };
    socket.once('connect', more);
    socket.on('error', () => {});
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(begin, 5);
    });
  };
  for (let i = 0; i < connections; i++) begin();
  setTimeout(() => {
    over = true;
    for (const socket of open) socket.destroy();
    done({ connections: made, megabytes: Math.round(bytes / 1e6) });
  }, forMs);
}

if (!isMainThread) run(workerData as Orders, (result) => parentPort!.postMessage(result));
