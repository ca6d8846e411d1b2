// One HTTP/2 connection of the gRPC server: its pings, its age, and how it is told to go.
import type { Socket } from 'node:net';
import { MIB } from '../../config/bytes.js';
import { type RequestReader, ServerSession, type ServerStream } from '../../http2/index.js';
import { Account, type Held, type Ledger } from '../../pipeline/index.js';
import type { GrpcConfig } from './config.js';
import type { Limited } from './connection-limit.js';

/**
 * Windows that let a request of ten thousand rows arrive without a round trip for each 64 KiB. What one connection may
 * bring before anybody asks whether there is room is that of the connection.
 */
const WINDOWS = { stream: 8 * MIB, connection: 8 * MIB, frame: MIB };

/** A peer that has not sent its SETTINGS by then does not speak HTTP/2; ms. */
export const HANDSHAKE_MS = 20_000;

/** Ages are spread by this part, so that connections opened together do not come back together. */
const AGE_JITTER = 0.1;

/** Pings that come too early before a client is sent away, as in other gRPC servers. */
const PING_STRIKES = 2;

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ConnectionEvents {
  /** A call has begun; what takes its message, unless it was answered already. */
  readonly called: (stream: ServerStream, connection: Connection) => RequestReader | undefined;
  /** A call has begun or ended. */
  readonly used: (connection: Connection) => void;
  readonly closed: (connection: Connection, error: Error | undefined) => void;
}

export class Connection implements Limited {
  /** Remote address; asked now, since a closed socket has none. */
  readonly peer: string | undefined;
  private readonly session: ServerSession;
  /** Everything that is held of its unfinished calls. */
  readonly account: Account;
  /** What is kept of frames that are not whole. */
  private frames: Held | undefined;
  private unwait: (() => void) | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  private open = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private heardFrom: boolean = false;
  private lastPing = 0;
  private strikes = 0;

  constructor(
    readonly socket: Socket,
    private readonly config: Pick<GrpcConfig, 'keepalive' | 'max_concurrent_streams'>,
    private readonly events: ConnectionEvents,
    ledger: Ledger,
  ) {
    this.account = new Account(ledger);
    this.peer = socket.remoteAddress;
    const handshake = this.after(HANDSHAKE_MS, () => this.destroy());
    this.session = new ServerSession(socket, {
      windows: WINDOWS,
      maxConcurrentStreams: config.max_concurrent_streams,
      settled: () => this.cancel(handshake),
      called: (stream) => this.called(stream),
      streamClosed: () => this.ended(),
      pinged: () => this.pinged(),
      mustWait: () => this.mustWait(),
      readSome: () => this.countFrames(),
      closed: (error) => this.closed(error),
    });
    const { max_connection_age: age, time } = config.keepalive.server_parameters;
    if (age > 0) this.after(age * (1 + AGE_JITTER * (2 * Math.random() - 1)), () => this.retire());
    if (time > 0) this.watch(time);
    this.watchIdle();
  }

  /** For the limit of connections. */
  close(): void {
    this.drain();
  }

  /** GOAWAY: calls under way are finished, and calls that cross it are taken or may be sent anew elsewhere. */
  drain(): void {
    this.session.drain();
  }

  destroy(): void {
    this.session.destroy();
  }

  /** No call is open. */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Gives up what has not come within `ms`: bodies, and frames that are not whole. */
  expire(ms: number): void {
    const now = this.account.ledger.now();
    for (const held of this.account.open) if (now - held.since > ms) held.expire(ms);
  }

  private mustWait(): boolean {
    if (!this.account.mustWait) return false;
    this.unwait ??= this.account.wait(() => {
      this.unwait = undefined;
      this.session.goOn();
    });
    return true;
  }

  private countFrames(): void {
    const bytes = this.session.unfinishedBytes;
    if (bytes > 0) {
      this.frames ??= this.account.hold((error) => this.session.enhanceYourCalm(error.message));
      this.frames.resize(bytes);
    } else if (this.frames) {
      this.frames.close();
      this.frames = undefined;
    }
  }

  private called(stream: ServerStream): RequestReader | undefined {
    this.heardFrom = true;
    this.strikes = 0;
    this.open++;
    this.cancel(this.idleTimer);
    this.events.used(this);
    return this.events.called(stream, this);
  }

  private ended(): void {
    this.open--;
    this.events.used(this);
    this.watchIdle();
  }

  private retire(): void {
    this.drain();
    const grace = this.config.keepalive.server_parameters.max_connection_age_grace;
    if (grace > 0) this.after(grace, () => this.destroy());
  }

  private watchIdle(): void {
    const { max_connection_idle: idle } = this.config.keepalive.server_parameters;
    if (idle > 0 && this.open === 0) this.idleTimer = this.after(idle, () => this.drain());
  }

  /** Pings a client that was silent for `time`; one that does not answer within `timeout` is gone. */
  private watch(time: number): void {
    this.after(time, () => {
      if (this.heardFrom) this.heardFrom = false;
      else this.probe();
      this.watch(time);
    });
  }

  private probe(): void {
    const { timeout } = this.config.keepalive.server_parameters;
    const lost = this.after(Math.max(timeout, 1), () => this.destroy());
    this.session.ping(() => this.cancel(lost));
  }

  private pinged(): void {
    const { min_time, permit_without_stream } = this.config.keepalive.enforcement_policy;
    if (min_time === 0 && permit_without_stream) return;
    const now = performance.now();
    // Without a stream and without permission two hours count, as in other gRPC servers.
    const least = this.open === 0 && !permit_without_stream ? 7_200_000 : min_time;
    const early = this.lastPing > 0 && now - this.lastPing < least;
    this.lastPing = now;
    if (early && ++this.strikes > PING_STRIKES) this.session.enhanceYourCalm('too_many_pings');
  }

  private after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        run();
      },
      Math.min(ms, MAX_TIMER_MS),
    ).unref();
    this.timers.add(timer);
    return timer;
  }

  private cancel(timer: NodeJS.Timeout | undefined): void {
    clearTimeout(timer);
    if (timer) this.timers.delete(timer);
  }

  private closed(error: Error | undefined): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.unwait?.();
    this.frames?.close();
    this.events.closed(this, error);
  }
}
