// OTLP/gRPC on HTTP/2: connections, routing of calls to signals, and a shutdown that loses nothing.
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { type ServerTls, serverTlsOptions } from '../../config/tls.js';
import { type RequestReader, type ServerStream, shareReads } from '../../http2/index.js';
import { NAMES } from '../../otlp/messages.js';
import { Code } from '../../otlp/status.js';
import { type ComponentId, SIGNALS, type Signal } from '../../pipeline/index.js';
import { watchCertificates } from './certificates.js';
import type { GrpcConfig } from './config.js';
import { Connection, HANDSHAKE_MS } from './connection.js';
import { ConnectionLimit } from './connection-limit.js';
import { answerHttp, answerStatus, GrpcCall, isGrpc } from './grpc-call.js';
import { bindFirst, boundAddress, DRAIN_MS, saidNothing, wasCut } from './listen.js';
import { notTaken, type Refused, refused } from './refused.js';
import type { CallSettings } from './request-handler.js';

/** How often is looked for what does not come, ms. */
const SWEEP_MS = 1_000;

export class GrpcServer {
  private readonly connections: ConnectionLimit<Connection>;
  private sweep: NodeJS.Timeout | undefined;
  /** Connections and those that have not got so far. */
  private readonly sockets = new Set<Socket>();
  private readonly signals = new Map<string, Signal>(SIGNALS.map((signal) => [NAMES[signal].grpcPath, signal]));
  private server: Server | undefined;
  private unwatch: () => void = () => {};

  constructor(
    private readonly id: ComponentId,
    private readonly config: GrpcConfig,
    private readonly call: CallSettings,
  ) {
    const bounds = { total: config.max_connections, perPeer: config.max_connections_per_peer };
    this.connections = new ConnectionLimit(bounds, (peer, closedIdle) =>
      call.events.connectionLimit('grpc', peer, closedIdle),
    );
  }

  async start(): Promise<void> {
    const server = await this.create();
    server.on('connection', (socket) => this.accepted(socket));
    await bindFirst(this.id, this.config.endpoint, (host, port) => listening(server, host, port));
    // A failed accept (too many open files) must not end the process.
    server.on('error', (error) => this.bad(error, undefined));
    this.server = server;
    this.sweep = setInterval(() => this.expire(), SWEEP_MS).unref();
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
    clearInterval(this.sweep);
    this.unwatch();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.connections) connection.drain();
    const bound = setTimeout(() => this.cutOff(), DRAIN_MS);
    await closed;
    clearTimeout(bound);
  }

  /** What does not come is given up. */
  private expire(): void {
    const { read_timeout } = this.config;
    if (read_timeout > 0) for (const connection of this.connections) connection.expire(read_timeout);
  }

  private cutOff(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async create(): Promise<Server> {
    const { tls } = this.config;
    if (!tls) return createServer({ noDelay: true }, (socket) => this.plain(socket));
    const tlsOptions = await serverTlsOptions(tls);
    const server = createTlsServer(
      { ...tlsOptions, noDelay: true, handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ['h2'] },
      (socket) => this.secured(socket),
    );
    server.on('tlsClientError', (error, socket) => saidNothing(socket) || this.bad(error, socket.remoteAddress));
    server.once('listening', () => this.watch(tls, server, tlsOptions));
    return server;
  }

  private watch(tls: ServerTls, server: TlsServer, options: TlsOptions): void {
    const { events } = this.call;
    this.unwatch = watchCertificates(tls, server, options, (error) => events.certificatesReloaded('grpc', error));
  }

  private accepted(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  private plain(socket: Socket): void {
    shareReads(socket);
    this.connected(socket);
  }

  private secured(socket: TLSSocket): void {
    if (socket.alpnProtocol === 'h2') {
      this.connected(socket);
      return;
    }
    this.bad(new Error('the client does not offer HTTP/2 (ALPN "h2")'), socket.remoteAddress);
    socket.on('error', () => {});
    socket.destroy();
  }

  private connected(socket: Socket): void {
    const connection = new Connection(
      socket,
      this.config,
      {
        called: (stream, its) => this.called(stream, its),
        used: (used) => this.connections.used(used),
        closed: (closed, error) => this.closed(closed, error),
      },
      this.call.handler.ledger,
    );
    if (!this.connections.admit(connection)) connection.destroy();
    else if (!this.server) connection.drain();
  }

  private closed(connection: Connection, error: Error | undefined): void {
    this.connections.remove(connection);
    if (error && !wasCut(error)) this.bad(error, connection.peer);
  }

  private called(stream: ServerStream, { peer, account, socket }: Connection): RequestReader | undefined {
    const { headers } = stream;
    const signal = this.signals.get(headers[':path'] ?? '');
    if (!isGrpc(headers['content-type'])) answerHttp(stream, 415);
    else if (headers[':method'] !== 'POST') answerHttp(stream, 405);
    else if (signal && this.call.handler.serves(signal))
      return new GrpcCall(this.call, stream, signal, peer, account, socket).begin();
    else this.refuse(stream, signal, peer);
    return undefined;
  }

  private refuse(stream: ServerStream, signal: Signal | undefined, peer: string | undefined): void {
    const { reason, message, items, status } = signal ? notTaken(signal) : unknownMethod(stream.headers[':path'] ?? '');
    this.call.events.refused({ transport: 'grpc', signal, items, reason, message, peer });
    answerStatus(stream, status);
  }

  private bad(error: Error, peer: string | undefined): void {
    this.call.events.badConnection('grpc', peer, error);
  }
}

function unknownMethod(path: string): Refused {
  const message = `unknown service or method ${path.slice(0, 200)}; this is an OTLP receiver for metrics, traces and logs`;
  return refused('unsupported', Code.UNIMPLEMENTED, message);
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
