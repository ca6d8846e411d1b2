// The parts of a soak: senders at a pace, each request with a number of its own, and a next hop that counts them.
import type { ClientHttp2Session } from 'node:http2';
import { cpus } from 'node:os';
import { rawCall, rawSession } from '../grpc-raw.js';
import { frame, type GrpcCall, ok } from '../grpc-server.js';
import { type Traffic, trafficRequest } from '../peers/edge-traffic.js';

export interface MachineFacts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

export function machineFacts(): MachineFacts {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
  };
}

/** Between so many edges at the least and at the most, a few more or fewer each window. */
const EDGES = { least: 40, most: 80 };
const TRAFFIC: Omit<Traffic, 'edges'> = { cluster: 'soak', startSeconds: 1_767_261_600, windowSeconds: 10 };
/** Field 1000, four bytes: no decoder knows it, and all pass it on. */
const MARK = Buffer.from([0xc5, 0x3e]);
const MARK_BYTES = 6;

export interface Numbered {
  readonly number: number;
  readonly points: number;
  readonly body: Buffer;
}

export class SoakLedger {
  readonly acknowledged: Set<number> = new Set();
  readonly arrived: Set<number> = new Set();
  points = 0;
  sent = 0;
  refused = 0;
  again = 0;

  next(): Numbered {
    const number = this.sent++;
    const edges = EDGES.least + Math.abs((number % (2 * (EDGES.most - EDGES.least))) - (EDGES.most - EDGES.least));
    const mark = Buffer.alloc(MARK_BYTES);
    MARK.copy(mark);
    mark.writeUInt32LE(number, MARK.length);
    return { number, points: 4 * edges, body: Buffer.concat([trafficRequest({ ...TRAFFIC, edges }, number), mark]) };
  }

  async send(session: ClientHttp2Session): Promise<void> {
    const { number, points, body } = this.next();
    const { status } = await rawCall(session, { chunks: [frame(body)] });
    if (status === 0) {
      this.acknowledged.add(number);
      this.points += points;
    } else this.refused++;
  }

  /** The next hop takes a request; results of our own have no number. */
  readonly take = (call: GrpcCall): void => {
    const mark = call.message.subarray(-MARK_BYTES);
    if (mark.subarray(0, MARK.length).equals(MARK)) {
      const number = mark.readUInt32LE(MARK.length);
      if (this.arrived.has(number)) this.again++;
      this.arrived.add(number);
    }
    ok()(call);
  };

  get lost(): number[] {
    return [...this.acknowledged].filter((number) => !this.arrived.has(number));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `requestsPerS` undefined: as fast as they are answered. */
export async function sendFor(
  ledger: SoakLedger,
  port: number,
  senders: number,
  isOver: () => boolean,
  requestsPerS?: number,
): Promise<void> {
  const everyMs = requestsPerS === undefined ? 0 : (1000 * senders) / requestsPerS;
  const one = async (): Promise<void> => {
    let session = rawSession(port);
    let dueMs = performance.now();
    while (!isOver()) {
      if (session.destroyed || session.closed) session = rawSession(port);
      await ledger.send(session);
      dueMs = Math.max(dueMs + everyMs, performance.now() - 1000);
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
    }
    session.destroy();
  };
  await Promise.all(Array.from({ length: senders }, one));
}
