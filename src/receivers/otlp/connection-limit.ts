// How many connections a server has, of all peers and of one: where there are too many, the one that was idle the
// longest goes.

/** What the limit has to know of a connection. */
export interface Limited {
  readonly peer: string | undefined;
  /** It has no request under way. */
  readonly idle: boolean;
  /** Lets it end without losing a request. */
  close(): void;
}

export interface ConnectionBounds {
  /** 0: no bound. */
  readonly total: number;
  readonly perPeer: number;
}

/** Keeps connections in the order in which they were last used. */
export class ConnectionLimit<C extends Limited> {
  private readonly byUse = new Set<C>();
  private readonly perPeer = new Map<string | undefined, number>();

  constructor(
    private readonly bounds: ConnectionBounds,
    /** An idle connection was closed to make room (true), or a new one was turned away. */
    private readonly bitten: (peer: string | undefined, closedIdle: boolean) => void,
  ) {}

  get size(): number {
    return this.byUse.size;
  }

  [Symbol.iterator](): IterableIterator<C> {
    return this.byUse.values();
  }

  /** Takes a new connection; false: there is no room, and nobody idle who could make some. */
  admit(connection: C): boolean {
    const { total, perPeer } = this.bounds;
    const { peer } = connection;
    const ofPeer = this.perPeer.get(peer) ?? 0;
    const room =
      (perPeer === 0 || ofPeer < perPeer || this.closeIdle((each) => each.peer === peer)) &&
      (total === 0 || this.size < total || this.closeIdle(() => true));
    if (!room) {
      this.bitten(peer, false);
      return false;
    }
    this.byUse.add(connection);
    this.perPeer.set(peer, (this.perPeer.get(peer) ?? 0) + 1);
    return true;
  }

  /** It has begun or ended a request. */
  used(connection: C): void {
    if (this.byUse.delete(connection)) this.byUse.add(connection);
  }

  remove(connection: C): void {
    if (!this.byUse.delete(connection)) return;
    const left = this.perPeer.get(connection.peer)! - 1;
    if (left > 0) this.perPeer.set(connection.peer, left);
    else this.perPeer.delete(connection.peer);
  }

  private closeIdle(which: (connection: C) => boolean): boolean {
    for (const connection of this.byUse) {
      if (!connection.idle || !which(connection)) continue;
      this.remove(connection);
      this.bitten(connection.peer, true);
      connection.close();
      return true;
    }
    return false;
  }
}
