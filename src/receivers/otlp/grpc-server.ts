// OTLP/gRPC on node:http2: sessions, routing of calls to signals, and a shutdown that loses nothing.
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { Server } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { MIB } from '../../config/bytes.js';
import { type ServerTls, serverTlsOptions } from '../../config/tls.js';
import { NAMES } from '../../otlp/messages.js';
import { Code } from '../../otlp/status.js';
import { type ComponentId, SIGNALS, type Signal } from '../../pipeline/index.js';
import { watchCertificates } from './certificates.js';
import type { GrpcConfig } from './config.js';
import { Connection } from './connection.js';
import { answerHttp, answerStatus, GrpcCall, isGrpc } from './grpc-call.js';
import type { CallSettings } from './intake.js';
import { bindFirst, boundAddress, DRAIN_MS } from './listen.js';
import { notTaken, type Refused, refused } from './refused.js';

/** Windows that let a request of ten thousand rows arrive without a round trip for each 64 KiB: measured, half the CPU of the defaults. */
const STREAM_WINDOW = 16 * MIB;
const CONNECTION_WINDOW = 64 * MIB;
const FRAME_BYTES = MIB;

export class GrpcServer {
  private readonly connections = new Map<ServerHttp2Session, Connection>();
  private readonly signals = new Map<string, Signal>(SIGNALS.map((signal) => [NAMES[signal].grpcPath, signal]));
  private server: Http2Server | undefined;
  private unwatch: () => void = () => {};

  constructor(
    private readonly id: ComponentId,
    private readonly config: GrpcConfig,
    private readonly call: CallSettings,
  ) {}

  async start(): Promise<void> {
    const server = await this.create();
    server.on('session', (session) => this.connected(session));
    server.on('stream', (stream, headers) => this.called(stream, headers));
    server.on('sessionError', (error, session) => this.bad(error, this.connections.get(session)?.peer));
    server.on('tlsClientError', (error, socket) => this.bad(error, socket.remoteAddress));
    await bindFirst(this.id, this.config.endpoint, (host, port) => listening(server, host, port));
    // A failed accept (too many open files) must not end the process.
    server.on('error', (error) => this.bad(error, undefined));
    this.server = server;
    this.call.events.listening('grpc', this.address);
  }

  /** Host and port in use; empty while it does not listen. */
  get address(): string {
    return boundAddress(this.server?.address() ?? null);
  }

  /** Stops accepting, lets calls under way finish within DRAIN_MS, then cuts them off. */
  async shutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    this.unwatch();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.connections.values()) connection.drain();
    const bound = setTimeout(() => this.cutOff(), DRAIN_MS);
    await closed;
    clearTimeout(bound);
  }

  private cutOff(): void {
    for (const connection of this.connections.values()) connection.destroy();
  }

  private async create(): Promise<Http2Server> {
    const { tls, max_concurrent_streams: maxConcurrentStreams } = this.config;
    const settings = { initialWindowSize: STREAM_WINDOW, maxFrameSize: FRAME_BYTES, maxConcurrentStreams };
    const options: ServerOptions = { settings };
    if (!tls) return createServer(options);
    const tlsOptions = await serverTlsOptions(tls);
    const server = createSecureServer({ ...options, ...tlsOptions, ALPNProtocols: ['h2'] });
    server.once('listening', () => this.watch(tls, server, tlsOptions));
    return server;
  }

  private watch(tls: ServerTls, server: Http2SecureServer, options: TlsOptions): void {
    const { events } = this.call;
    this.unwatch = watchCertificates(tls, server, options, (error) => events.certificatesReloaded('grpc', error));
  }

  private connected(session: ServerHttp2Session): void {
    session.setLocalWindowSize(CONNECTION_WINDOW);
    const connection = new Connection(session, this.config.keepalive);
    this.connections.set(session, connection);
    session.once('close', () => this.connections.delete(session));
    if (!this.server) connection.drain();
  }

  private called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // A client that goes away in the middle of a call: nothing was taken, nothing is to be answered.
    stream.on('error', () => {});
    const connection = this.connections.get(stream.session as ServerHttp2Session);
    connection?.opened(stream);
    const signal = this.signals.get(headers[':path'] ?? '');
    if (!isGrpc(headers['content-type'])) answerHttp(stream, 415);
    else if (headers[':method'] !== 'POST') answerHttp(stream, 405);
    else if (signal && this.call.intake.serves(signal))
      new GrpcCall(this.call, stream, headers, signal, connection?.peer).begin();
    else {
      const refusal = signal ? notTaken(signal) : unknownMethod(headers[':path'] ?? '');
      const { reason, message, items, status } = refusal;
      this.call.events.refused({ transport: 'grpc', signal, items, reason, message, peer: connection?.peer });
      answerStatus(stream, status);
    }
  }

  private bad(error: Error, peer: string | undefined): void {
    this.call.events.badConnection('grpc', peer, error);
  }
}

function unknownMethod(path: string): Refused {
  const message = `unknown service or method ${path.slice(0, 200)}; this is an OTLP receiver for metrics, traces and logs`;
  return refused('unsupported', Code.UNIMPLEMENTED, message);
}

function listening(server: Server | Http2Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
