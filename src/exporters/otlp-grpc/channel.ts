// One HTTP/2 connection to a server, made when it is needed and again after it is lost.
import type { ConnectionOptions } from 'node:tls';
import type { HostPort } from '../../config/endpoint.js';
import { type ClientSession, ErrorCode } from '../../http2/index.js';
import { RetryableError } from '../../pipeline/index.js';
import { Attempt, type Cancel, onAbort } from '../../sending/abort.js';
import { handshake } from './handshake.js';

export interface KeepaliveOptions {
  readonly timeMs: number;
  readonly timeoutMs: number;
  readonly permitWithoutStream: boolean;
}

export interface ChannelOptions {
  readonly at: HostPort;
  /** The same as a URL, for messages. */
  readonly url: string;
  /** Read at each connection; undefined: no TLS. */
  readonly secure: () => Promise<ConnectionOptions | undefined>;
  readonly keepalive: KeepaliveOptions | undefined;
  /** Wait out the pause after a failed connection instead of failing at once. */
  readonly waitForReady: boolean;
  readonly onConnected: () => void;
  readonly onLost: (why: string) => void;
}

/** Pause between connection attempts: doubles from failure to failure, ±20 %. ms. */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;

/**
 * Time for requests under way when the channel closes; ms. They have been drained before, so this is for the socket
 * alone.
 */
const CLOSE_MS = 1_000;

/** There is no connection: the request was not begun. */
export class ConnectError extends RetryableError {}

export class Channel {
  private ready: ClientSession | undefined;
  private connecting: Promise<ClientSession> | undefined;
  private failures = 0;
  private nextAttemptAt = 0;
  private lastFailure = '';
  /** Ends what only waits, a dial and a pause, when the channel closes. */
  private readonly closing = new Attempt();
  private requests = 0;
  /** Called when the connection that was in use at `close` is gone. */
  private gone: () => void = () => {};

  constructor(private readonly options: ChannelOptions) {}

  /**
   * Runs `request` on a session that takes requests. Throws `RetryableError` where none can be had now, or the reason
   * of `signal`. A failed connection makes the next calls fail at once until the pause is over.
   */
  async use<T>(signal: Cancel, request: (session: ClientSession) => Promise<T>): Promise<T> {
    const session = await this.session(signal);
    this.requests++;
    try {
      return await request(session);
    } finally {
      this.requests--;
    }
  }

  /** The last attempt to connect has failed, and the pause after it is not over. */
  get failing(): boolean {
    return this.ready?.available !== true && this.nextAttemptAt > performance.now();
  }

  private async session(signal: Cancel): Promise<ClientSession> {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (this.closing.aborted) throw this.closing.reason;
      if (this.ready?.available) return this.ready;
      const waitMs = this.connecting ? 0 : this.nextAttemptAt - performance.now();
      if (waitMs > 0 && !this.options.waitForReady) throw new ConnectError(this.lastFailure);
      if (waitMs > 0) await this.orAborted(this.pause(waitMs), signal);
      else await this.attempt(signal);
    }
  }

  async close(): Promise<void> {
    this.closing.abort(new RetryableError('connection closed'));
    const session = this.ready;
    this.ready = undefined;
    if (!session) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => session.destroy(), CLOSE_MS);
      this.gone = () => {
        clearTimeout(timer);
        resolve();
      };
      session.close();
    });
  }

  private async attempt(signal: Cancel): Promise<void> {
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    try {
      await this.orAborted(this.connecting, signal);
    } catch (error) {
      if (signal.aborted || !this.options.waitForReady) throw error;
    }
  }

  /** Over at once when the channel closes. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(over, ms);
      const unsubscribe = onAbort(this.closing, over);
    });
  }

  private orAborted<T>(promise: Promise<T>, signal: Cancel): Promise<T> {
    return new Promise((resolve, reject) => {
      const unsubscribe = onAbort(signal, () => reject(signal.reason as Error));
      promise.then(resolve, reject).finally(unsubscribe);
    });
  }

  private async connect(): Promise<ClientSession> {
    try {
      const session = await this.handshake();
      this.failures = 0;
      if (this.closing.aborted) return leave(session);
      this.ready = session;
      this.options.onConnected();
      return session;
    } catch (error) {
      const pauseMs = Math.min(PAUSE_MIN_MS * 2 ** this.failures++, PAUSE_MAX_MS) * (0.8 + 0.4 * Math.random());
      this.nextAttemptAt = performance.now() + pauseMs;
      this.lastFailure = `cannot connect to ${this.options.url}: ${reasonOf(error)}`;
      throw new ConnectError(this.lastFailure, undefined, { cause: error });
    }
  }

  private async handshake(): Promise<ClientSession> {
    const { at, secure, keepalive } = this.options;
    let stopKeepalive = (): void => {};
    const events = {
      goaway: (code: number) =>
        this.forget(session, code === ErrorCode.NO_ERROR ? 'GOAWAY' : `GOAWAY with error ${code}`),
      closed: (error: Error | undefined) => {
        stopKeepalive();
        this.gone();
        this.forget(session, error ? reasonOf(error) : 'closed by the server');
      },
    };
    const session: ClientSession = await handshake(at, await secure(), events, this.closing);
    if (keepalive) stopKeepalive = this.keepAlive(session, keepalive);
    return session;
  }

  /** Pings, and destroys the session when an answer is overdue. Returns what ends it. */
  private keepAlive(session: ClientSession, options: KeepaliveOptions): () => void {
    let overdue: NodeJS.Timeout | undefined;
    const ping = (): void => {
      if (overdue || session.isClosed || !(this.requests > 0 || options.permitWithoutStream)) return;
      overdue = setTimeout(() => session.destroy(new Error('no answer to a keepalive ping')), options.timeoutMs);
      session.ping(() => {
        clearTimeout(overdue);
        overdue = undefined;
      });
    };
    const timer = setInterval(ping, options.timeMs);
    return () => {
      clearInterval(timer);
      clearTimeout(overdue);
    };
  }

  /** The next call connects anew; requests under way on the old session end there. */
  private forget(session: ClientSession, why: string): void {
    if (this.ready !== session) return;
    this.ready = undefined;
    if (!this.closing.aborted) this.options.onLost(why);
  }
}

/** The channel was closed while it connected; whoever waited finds that out. */
function leave(session: ClientSession): ClientSession {
  session.close();
  return session;
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
