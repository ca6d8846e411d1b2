// One HTTP/2 connection to a server, made when it is needed and again after it is lost.
import { type ClientHttp2Session, connect, constants, type SecureClientSessionOptions } from 'node:http2';
import { RetryableError } from '../../pipeline/index.js';
import { onAbort } from '../../sending/abort.js';

export interface KeepaliveOptions {
  readonly timeMs: number;
  readonly timeoutMs: number;
  readonly permitWithoutStream: boolean;
}

export interface ChannelOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** Read at each connection. */
  readonly secure: () => Promise<SecureClientSessionOptions | undefined>;
  readonly keepalive: KeepaliveOptions | undefined;
  /** Wait out the pause after a failed connection instead of failing at once. */
  readonly waitForReady: boolean;
  readonly onConnected: () => void;
  readonly onLost: (why: string) => void;
}

/** A server that does not finish the handshake by then is as good as away; ms (gRPC's minimum). */
const CONNECT_TIMEOUT_MS = 20_000;

/** Pause between connection attempts: doubles from failure to failure, ±20 %. ms. */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;

/** Time for requests under way when the channel closes; ms. They have been drained before, so this is for the socket alone. */
const CLOSE_MS = 1_000;

/** Node refuses new streams beyond this much queued data; the sending queue is the bound that counts. MB. */
const SESSION_MEMORY_MB = 1_024;

export class Channel {
  private ready: ClientHttp2Session | undefined;
  private connecting: Promise<ClientHttp2Session> | undefined;
  private failures = 0;
  private nextAttemptAt = 0;
  private lastFailure = '';
  private closed: boolean = false;
  private requests = 0;

  constructor(private readonly options: ChannelOptions) {}

  /**
   * Runs `request` on a session that takes requests. Throws `RetryableError` where none can be had now, or the reason of `signal`.
   * A failed connection makes the next calls fail at once until the pause is over.
   */
  async use<T>(signal: AbortSignal, request: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
    const session = await this.session(signal);
    this.requests++;
    try {
      return await request(session);
    } finally {
      this.requests--;
    }
  }

  private async session(signal: AbortSignal): Promise<ClientHttp2Session> {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (this.closed) throw new RetryableError('connection closed');
      if (this.ready && !this.ready.closed && !this.ready.destroyed) return this.ready;
      const waitMs = this.connecting ? 0 : this.nextAttemptAt - performance.now();
      if (waitMs > 0 && !this.options.waitForReady) throw new RetryableError(this.lastFailure);
      if (waitMs > 0) await this.orAborted(new Promise((resolve) => setTimeout(resolve, waitMs)), signal);
      else await this.attempt(signal);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    const session = this.ready;
    this.ready = undefined;
    if (!session || session.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => session.destroy(), CLOSE_MS);
      session.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      // Not from a promise that the session's own reading has settled: it would be freed while it reads (see the receiver's Connection).
      setImmediate(() => session.close());
    });
  }

  private async attempt(signal: AbortSignal): Promise<void> {
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    try {
      await this.orAborted(this.connecting, signal);
    } catch (error) {
      if (signal.aborted || !this.options.waitForReady) throw error;
    }
  }

  private orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const deaf = onAbort(signal, () => reject(signal.reason as Error));
      promise.then(resolve, reject).finally(deaf);
    });
  }

  private async connect(): Promise<ClientHttp2Session> {
    try {
      const session = await this.handshake(await this.options.secure());
      this.failures = 0;
      this.ready = session;
      this.watch(session);
      this.options.onConnected();
      return session;
    } catch (error) {
      const pauseMs = Math.min(PAUSE_MIN_MS * 2 ** this.failures++, PAUSE_MAX_MS) * (0.8 + 0.4 * Math.random());
      this.nextAttemptAt = performance.now() + pauseMs;
      this.lastFailure = `cannot connect to ${this.options.url}: ${reasonOf(error)}`;
      throw new RetryableError(this.lastFailure, undefined, { cause: error });
    }
  }

  /** Resolves when the server has shown by its SETTINGS that it speaks HTTP/2. */
  private handshake(secure: SecureClientSessionOptions | undefined): Promise<ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const session = connect(this.options.url, {
        maxSessionMemory: SESSION_MEMORY_MB,
        settings: { enablePush: false },
        ...secure,
      });
      const timer = setTimeout(() => session.destroy(new Error('timed out')), CONNECT_TIMEOUT_MS);
      const failed = (error?: Error): void => {
        clearTimeout(timer);
        reject(error ?? new Error('closed during the handshake'));
      };
      // The listener stays for the session's life: an error event without one would end the process.
      session.on('error', failed);
      session.once('close', failed);
      // A refusal after the client's part of a TLS 1.3 handshake shows on the socket alone (Node 20, 22).
      session.once('connect', () => session.socket.once('error', failed));
      session.once('remoteSettings', () => {
        clearTimeout(timer);
        session.removeListener('close', failed);
        resolve(session);
      });
    });
  }

  private watch(session: ClientHttp2Session): void {
    const stopKeepalive = this.options.keepalive ? this.keepAlive(session, this.options.keepalive) : () => {};
    let why = 'closed by the server';
    session.on('error', (error) => {
      why = reasonOf(error);
    });
    session.on('goaway', (code) => {
      why = code === constants.NGHTTP2_NO_ERROR ? 'GOAWAY' : `GOAWAY with error ${code}`;
      this.forget(session, why);
    });
    session.once('close', () => {
      stopKeepalive();
      this.forget(session, why);
    });
  }

  /** Pings, and destroys the session when an answer is overdue. Returns what ends it. */
  private keepAlive(session: ClientHttp2Session, options: KeepaliveOptions): () => void {
    let overdue: NodeJS.Timeout | undefined;
    const ping = (): void => {
      if (overdue || session.destroyed || !(this.requests > 0 || options.permitWithoutStream)) return;
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
  private forget(session: ClientHttp2Session, why: string): void {
    if (this.ready !== session) return;
    this.ready = undefined;
    if (!this.closed) this.options.onLost(why);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
