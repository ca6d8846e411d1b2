// One HTTP/2 connection of the gRPC server: its pings, its age, and how it is told to go.
import { constants, type Http2Stream, type ServerHttp2Session } from 'node:http2';
import type { KeepaliveConfig } from './config.js';

/** A peer that has not sent its SETTINGS by then does not speak HTTP/2; ms. */
const HANDSHAKE_MS = 20_000;

/** Ages are spread by this part, so that connections opened together do not come back together. */
const AGE_JITTER = 0.1;

/** Pings that come too early before a client is sent away, as in other gRPC servers. */
const PING_STRIKES = 2;

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Connection {
  /** Remote address; asked now, since node:http2 throws when a session without socket is asked. */
  readonly peer: string | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  private open = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private heardFrom: boolean = false;
  private lastPing = 0;
  private strikes = 0;

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly keepalive: KeepaliveConfig,
  ) {
    this.peer = session.socket.remoteAddress;
    const { max_connection_age: age, time } = keepalive.server_parameters;
    const handshake = this.after(HANDSHAKE_MS, () => session.destroy());
    session.once('remoteSettings', () => this.cancel(handshake));
    session.once('close', () => this.stop());
    if (age > 0) this.after(age * (1 + AGE_JITTER * (2 * Math.random() - 1)), () => this.retire());
    if (time > 0) this.watch(time);
    const { min_time, permit_without_stream } = keepalive.enforcement_policy;
    if (min_time > 0 || !permit_without_stream) session.on('ping', () => this.pinged());
    this.idle();
  }

  /** A call has begun. */
  opened(stream: Http2Stream): void {
    this.heardFrom = true;
    this.strikes = 0;
    this.open++;
    this.cancel(this.idleTimer);
    stream.once('close', () => {
      this.open--;
      this.idle();
    });
  }

  /**
   * GOAWAY: calls under way are finished; a call that crosses it is beyond the last stream that it names, which tells the client that
   * it was not touched and may be sent anew elsewhere. (The two GOAWAYs of other servers do nothing here: after the first one nghttp2
   * reads no further from an idle connection.)
   */
  drain(): void {
    this.later(() => this.session.close());
  }

  destroy(): void {
    this.later(() => this.session.destroy());
  }

  /**
   * A session that is closed while it reads, from an event of its own or a promise settled there, is freed under the parser: Node 20
   * then ends by SIGABRT, "corrupted size vs. prev_size".
   */
  private later(end: () => void): void {
    setImmediate(() => {
      if (!this.session.destroyed) end();
    });
  }

  private retire(): void {
    this.drain();
    const grace = this.keepalive.server_parameters.max_connection_age_grace;
    if (grace > 0) this.after(grace, () => this.destroy());
  }

  private idle(): void {
    const { max_connection_idle: idle } = this.keepalive.server_parameters;
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
    const { timeout } = this.keepalive.server_parameters;
    const lost = this.after(Math.max(timeout, 1), () => this.destroy());
    const sent = this.session.ping(() => this.cancel(lost));
    if (!sent) this.cancel(lost);
  }

  private pinged(): void {
    const { min_time, permit_without_stream } = this.keepalive.enforcement_policy;
    const now = performance.now();
    // Without a stream and without permission two hours count, as in other gRPC servers.
    const least = this.open === 0 && !permit_without_stream ? 7_200_000 : min_time;
    const early = this.lastPing > 0 && now - this.lastPing < least;
    this.lastPing = now;
    if (!early || ++this.strikes <= PING_STRIKES) return;
    this.later(() => {
      this.session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
      this.session.close();
    });
  }

  private after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        // Between `destroy` and the event `close` there are turns of the event loop.
        if (!this.session.destroyed) run();
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

  private stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
