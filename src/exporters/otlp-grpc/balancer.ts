// Requests in turn over every address of a name, followed as the name's addresses change: gRPC's round_robin.
import { RetryableError } from '../../pipeline/index.js';
import type { Cancel } from '../../sending/abort.js';
import { type Channel, ConnectError } from './channel.js';

/** What a request is sent through. */
export type BalancedTransport = Pick<Channel, 'use' | 'close' | 'failing'>;

export interface BalancerOptions {
  readonly host: string;
  /** Addresses of the name now. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly open: (address: string) => BalancedTransport;
  /** Another set of addresses than before. */
  readonly onChanged: (addresses: readonly string[]) => void;
  /** Monotonic, ms. */
  readonly now?: () => number;
}

/** The name is asked again after this; ms. Go's client does so every 30 s at most. */
const RESOLVE_AFTER_MS = 30_000;
/** … and after a connection failed, at most so often; ms. */
const RESOLVE_AGAIN_MS = 1_000;

/** A channel to an address that is gone may finish what it is sending; ms. */
const LEAVE_MS = 10_000;

export class Balancer {
  readonly #options: BalancerOptions;
  readonly #now: () => number;
  #transports: ReadonlyMap<string, BalancedTransport> = new Map();
  readonly #leaving = new Map<BalancedTransport, NodeJS.Timeout>();
  #resolving: Promise<void> | undefined;
  #resolvedAt = Number.NEGATIVE_INFINITY;
  #next = 0;
  #closed: boolean = false;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Like `Channel.use`, on the next address that can be reached. */
  async use<T>(signal: Cancel, request: Parameters<typeof Channel.prototype.use<T>>[1]): Promise<T> {
    await this.#fresh();
    let failure: unknown;
    for (const transport of this.#inTurn()) {
      try {
        return await transport.use(signal, request);
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        failure = error;
        this.#resolveSoon(RESOLVE_AGAIN_MS);
      }
    }
    throw failure ?? new RetryableError(`${this.#options.host} has no address`);
  }

  /** All of them from the next on, those that just failed last. */
  #inTurn(): BalancedTransport[] {
    const all = [...this.#transports.values()];
    const from = this.#next++ % Math.max(1, all.length);
    const turned = [...all.slice(from), ...all.slice(0, from)];
    return [...turned.filter(({ failing }) => !failing), ...turned.filter(({ failing }) => failing)];
  }

  /** Waits for the first answer only; later ones come beside the traffic. */
  async #fresh(): Promise<void> {
    this.#resolveSoon(RESOLVE_AFTER_MS);
    if (this.#transports.size === 0) await this.#resolving;
  }

  #resolveSoon(afterMs: number): void {
    if (this.#closed || this.#now() - this.#resolvedAt < afterMs) return;
    this.#resolving ??= this.#resolve().finally(() => {
      this.#resolving = undefined;
    });
    // Whoever waits for it hears of a failure.
    this.#resolving.catch(() => {});
  }

  async #resolve(): Promise<void> {
    const { host, resolve, open, onChanged } = this.#options;
    let addresses: readonly string[];
    try {
      addresses = [...new Set(await resolve(host))].toSorted();
    } catch (cause) {
      // The addresses of before are better than none.
      this.#resolvedAt = this.#now() - RESOLVE_AFTER_MS + RESOLVE_AGAIN_MS;
      if (this.#transports.size > 0) return;
      throw new RetryableError(`cannot resolve ${host}: ${(cause as Error).message}`, undefined, { cause });
    }
    this.#resolvedAt = this.#now();
    if (this.#closed) return;
    const before = this.#transports;
    this.#transports = new Map(addresses.map((address) => [address, before.get(address) ?? open(address)]));
    for (const [address, transport] of before) if (!this.#transports.has(address)) this.#leave(transport);
    if (addresses.join() !== [...before.keys()].join()) onChanged(addresses);
  }

  #leave(transport: BalancedTransport): void {
    const leave = (): void => {
      this.#leaving.delete(transport);
      void transport.close();
    };
    this.#leaving.set(transport, setTimeout(leave, LEAVE_MS).unref());
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#transports.values(), ...this.#leaving.keys()].map((transport) => transport.close()));
  }
}
