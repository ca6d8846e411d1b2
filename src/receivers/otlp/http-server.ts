// OTLP/HTTP on fastify: protobuf and JSON bodies on one port, and a google.rpc.Status in the request's encoding for
// every error.
import type { IncomingMessage, Server as PlainServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Server, TlsOptions } from 'node:tls';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { type ServerTls, serverTlsOptions } from '../../config/tls.js';
import { ENCODINGS } from '../../otlp/decompress.js';
import { Code, encodeStatus, httpStatusOf, statusToJson } from '../../otlp/status.js';
import { type ComponentId, SIGNALS, type Signal } from '../../pipeline/index.js';
import { watchCertificates } from './certificates.js';
import type { HttpConfig } from './config.js';
import { HANDSHAKE_MS } from './connection.js';
import { ConnectionLimit } from './connection-limit.js';
import { Cors } from './cors.js';
import { readBody } from './http-body.js';
import { HttpCall, JSON_TYPE, LIMIT_SETTING, mediaType, PROTOBUF_TYPE } from './http-call.js';
import { HttpConnection } from './http-connection.js';
import { stopParsing } from './http-parser.js';
import { endless, isPreflight, noHttp, notFound, refusedBody } from './http-refusals.js';
import { takeTurns } from './http-turns.js';
import { bindFirst, boundAddress, DRAIN_MS, saidNothing } from './listen.js';
import { notTaken, Refused, refused, refusedBy, tooLarge } from './refused.js';
import type { CallSettings } from './request-handler.js';

const OTHER_METHODS: HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** While shutting down, connections that became idle are closed so often; ms. */
const SWEEP_MS = 50;

/**
 * Node looks for connections beyond their time every 30 s unless told otherwise: too seldom for a timeout of seconds.
 */
function checkIntervalMs({ read_timeout, read_header_timeout }: HttpConfig): number {
  const timeouts = [read_timeout, read_header_timeout].filter((timeout) => timeout > 0);
  return Math.max(250, Math.min(30_000, ...timeouts.map((timeout) => timeout / 4)));
}

export class HttpServer {
  private app: FastifyInstance | undefined;
  private unwatch: () => void = () => {};

  constructor(
    private readonly id: ComponentId,
    private readonly config: HttpConfig,
    private readonly call: CallSettings,
  ) {}

  async start(): Promise<void> {
    const app = await this.create();
    this.decorate(app);
    for (const signal of SIGNALS) if (this.call.handler.serves(signal)) this.route(app, signal);
    await bindFirst(this.id, this.config.endpoint, (host, port) => app.listen({ host, port }));
    // A failed accept (too many open files) must not end the process.
    app.server.on('error', (error: Error) => this.call.events.badConnection('http', undefined, error));
    this.limitConnections(app);
    takeTurns(app.server as unknown as PlainServer);
    this.app = app;
    this.call.events.listening('http', this.address);
  }

  /** Host and port in use; empty while it does not listen. */
  get address(): string {
    return boundAddress(this.app?.server.address() ?? null);
  }

  /** Stops accepting, lets requests under way finish within DRAIN_MS, then cuts them off. */
  async shutdown(): Promise<void> {
    const { app } = this;
    if (!app) return;
    this.app = undefined;
    this.unwatch();
    const bound = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    // A connection whose last request is answered would stay open for the idle timeout.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    await app.close();
    clearInterval(sweep);
    clearTimeout(bound);
  }

  private async create(): Promise<FastifyInstance> {
    const { tls } = this.config;
    const options = {
      bodyLimit: this.config.max_request_body_size,
      requestTimeout: this.config.read_timeout,
      keepAliveTimeout: this.config.idle_timeout,
      // A request that comes while we close is served: what is behind us closes later.
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      logger: false,
    } as const;
    const http = { connectionsCheckingInterval: checkIntervalMs(this.config) };
    const https = tls && { ...http, handshakeTimeout: HANDSHAKE_MS, ...(await serverTlsOptions(tls)) };
    // Not before somebody receives over HTTP: fastify is 7 MB of resident memory.
    const { fastify } = await import('fastify');
    const app = (https ? fastify({ ...options, https }) : fastify({ ...options, http })) as unknown as FastifyInstance;
    app.server.headersTimeout = this.config.read_header_timeout;
    app.server.on('tlsClientError', (error: Error, socket: { remoteAddress?: string }) => {
      if (!saidNothing(socket)) this.call.events.badConnection('http', socket.remoteAddress, error);
    });
    app.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code?.startsWith('HPE_')) this.call.events.badConnection('http', socket.remoteAddress, noHttp(error));
    });
    if (tls && https) app.server.once('listening', () => this.watch(tls, app.server as unknown as Server, https));
    return app;
  }

  private limitConnections({ server }: FastifyInstance): void {
    const { max_connections: total, max_connections_per_peer: perPeer } = this.config;
    const limit = new ConnectionLimit<HttpConnection>({ total, perPeer }, (peer, closedIdle) =>
      this.call.events.connectionLimit('http', peer, closedIdle),
    );
    const connections = new WeakMap<Socket, HttpConnection>();
    server.on(this.config.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      const connection = new HttpConnection(socket);
      if (!limit.admit(connection)) return void socket.destroy();
      connections.set(socket, connection);
      socket.once('close', () => limit.remove(connection));
    });
    server.on('request', ({ socket }, response) => {
      const connection = connections.get(socket);
      if (!connection) return;
      connection.underway++;
      response.once('close', () => {
        connection.underway--;
        limit.used(connection);
      });
    });
  }

  private watch(tls: ServerTls, server: Server, options: TlsOptions): void {
    const { events } = this.call;
    this.unwatch = watchCertificates(tls, server, options, (error) => events.certificatesReloaded('http', error));
  }

  /** What holds for every request, also those to no path. */
  private decorate(app: FastifyInstance): void {
    const cors = this.config.cors && new Cors(this.config.cors);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (request, payload, done) => this.readBody(request, payload, done));
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(this.config.response_headers);
      if (!this.config.keep_alives_enabled) reply.header('connection', 'close');
      if (cors) {
        const { origin } = request.headers;
        if (isPreflight(request)) return void reply.code(204).headers(cors.preflight(origin)).send();
        reply.headers(cors.headers(origin));
      }
      done();
    });
    app.setNotFoundHandler((request, reply) => this.notFound(request, reply));
    app.setErrorHandler((error, request, reply) => this.failed(error as FastifyError, request, reply));
  }

  private readBody(
    request: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, body?: Buffer) => void,
  ): void {
    const { handler, limit } = this.call;
    const length = request.headers['content-length'];
    const declared = length === undefined ? undefined : Number(length);
    if (declared !== undefined && declared > limit) {
      done(tooLarge(limit, LIMIT_SETTING));
      return;
    }
    const memoryFor = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);
    readBody(payload, { declared, limit, ledger: handler.ledger, memoryFor }, (error, body) =>
      error ? done(refusedBody(error, limit)) : done(null, body),
    );
  }

  private route(app: FastifyInstance, signal: Signal): void {
    const url = this.config[`${signal}_url_path`];
    const call = new HttpCall(this.call, signal);
    app.post(url, {
      onRequest: (request, _reply, done) => {
        const refusal = call.refusalOfHeaders(request);
        if (refusal instanceof Promise) refusal.then(done, (error) => done(refusedBy(error)));
        else done(refusal);
      },
      handler: (request, reply) => call.handle(request, reply),
    });
    app.route({ method: OTHER_METHODS, url, handler: (request, reply) => this.notAllowed(request, reply, signal) });
  }

  private notAllowed(request: FastifyRequest, reply: FastifyReply, signal: Signal): void {
    reply.header('allow', 'POST');
    const refusal = refused(
      'unsupported',
      Code.UNIMPLEMENTED,
      `OTLP/HTTP requests are POST, not ${request.method}`,
      405,
    );
    this.answer(request, reply, refusal, signal);
  }

  private notFound(request: FastifyRequest, reply: FastifyReply): void {
    const path = request.url.split('?', 1)[0]!.slice(0, 200);
    const signal = SIGNALS.find((each) => this.config[`${each}_url_path`] === path);
    this.answer(request, reply, signal ? notTaken(signal, 404) : notFound(path), signal);
  }

  /** Whatever was thrown on the way, by us or by fastify. */
  private failed(error: FastifyError | Refused, request: FastifyRequest, reply: FastifyReply): void {
    const signal = SIGNALS.find((each) => this.config[`${each}_url_path`] === request.routeOptions.url);
    this.answer(request, reply, error instanceof Refused ? error : this.refusalOf(error), signal);
  }

  private refusalOf(error: FastifyError): Refused {
    const status = error.statusCode ?? 500;
    if (status === 413) return tooLarge(this.call.limit, LIMIT_SETTING);
    return status >= 500 ? refusedBy(error) : refused('malformed', Code.INVALID_ARGUMENT, error.message, status);
  }

  private answer(request: FastifyRequest, reply: FastifyReply, refusal: Refused, signal?: Signal): void {
    const { reason, items, message, cause, status } = refusal;
    this.call.events.refused({ transport: 'http', signal, items, reason, message, peer: request.ip, cause });
    if (status.retryAfterMs !== undefined)
      reply.header('retry-after', String(Math.max(1, Math.ceil(status.retryAfterMs / 1000))));
    if (status.code === Code.UNAUTHENTICATED) reply.header('www-authenticate', this.call.access.scheme);
    if (endless(request, this.call.limit)) {
      reply.header('connection', 'close');
      stopParsing(request.raw.socket);
    }
    const binary = mediaType(request) === PROTOBUF_TYPE;
    if (refusal.http === 415) reply.header('accept-encoding', ENCODINGS.join(', '));
    reply.code(refusal.http ?? httpStatusOf(status)).header('content-type', binary ? PROTOBUF_TYPE : JSON_TYPE);
    reply.send(Buffer.from(binary ? encodeStatus(status) : statusToJson(status)));
  }
}
