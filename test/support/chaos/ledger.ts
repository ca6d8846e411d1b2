// What was sent, what the sender was told of it, and what arrived: the books that have to balance whatever happens in
// between.
import type { ClientHttp2Session } from 'node:http2';
import { type RawAnswer, rawCall } from '../grpc-raw.js';
import type { GrpcCall } from '../grpc-server.js';
import { frame, ok } from '../grpc-server.js';
import { type Traffic, trafficRequest } from '../peers/edge-traffic.js';

export const EDGES = 3;
/** Four features an edge. */
export const POINTS: number = EDGES * 4;

const TRAFFIC: Traffic = { edges: EDGES, cluster: 'chaos', startSeconds: 1_767_261_600, windowSeconds: 10 };

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Windows of steady traffic, each sent once as a request of its own, each with bytes of its own. */
export class Ledger {
  private next = 0;
  private readonly windows = new Map<string, number>();
  /** Windows by the gRPC status that their sender got; NaN where the connection ended without one. */
  readonly answers: Map<number, number> = new Map();
  /** Windows that the next hop said OK to, and how often. */
  readonly arrived: Map<number, number> = new Map();
  /** Delays that refusals asked for, ms. */
  readonly delays: (number | undefined)[] = [];
  /** Arrivals that nobody has sent: bytes that changed on the way. */
  strangers = 0;

  /** The body of the next window. */
  body(): Uint8Array {
    const body = trafficRequest(TRAFFIC, this.next);
    this.windows.set(text(body), this.next++);
    return body;
  }

  /** Sends the next window and writes down what the sender was told. */
  async send(session: ClientHttp2Session, traffic?: Uint8Array): Promise<RawAnswer> {
    const body = traffic ?? this.body();
    const window = this.windows.get(text(body)) ?? -1;
    const answer = await rawCall(session, { chunks: [frame(body)] });
    this.answers.set(window, answer.status);
    if (answer.status !== 0) this.delays.push(answer.retryAfterMs);
    return answer;
  }

  async sendMany(session: ClientHttp2Session, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.send(session);
  }

  /** Several senders at once, until `enough` or until nobody answers any more. */
  async sendUntil(sessions: readonly ClientHttp2Session[], enough: () => boolean): Promise<void> {
    const one = async (session: ClientHttp2Session): Promise<void> => {
      while (!enough() && !session.destroyed && !session.closed) await this.send(session);
    };
    await Promise.all(sessions.map(one));
  }

  /** The next hop takes a request, unless nobody waits for the answer any more. */
  readonly take = (call: GrpcCall): void => {
    if (call.stream.destroyed || call.stream.closed) return;
    this.arrive(call.message);
    ok()(call);
  };

  arrive(message: Uint8Array): void {
    const window = this.windows.get(text(message));
    if (window === undefined) this.strangers += 1;
    else this.arrived.set(window, (this.arrived.get(window) ?? 0) + 1);
  }

  get accepted(): number[] {
    return [...this.answers].flatMap(([window, status]) => (status === 0 ? window : []));
  }
  get refused(): number[] {
    return [...this.answers].flatMap(([window, status]) => (status > 0 ? window : []));
  }
  /** Windows with an OK that did not arrive. */
  get missing(): number[] {
    return this.accepted.filter((window) => !this.arrived.has(window));
  }
}
