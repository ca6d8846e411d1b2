// Servers and clients on the gateway's own HTTP/2 sessions, over real sockets, for peers that are not ours.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import {
  type Broken,
  ClientSession,
  type ClientStream,
  connectSharing,
  encodeHeaders,
  type Fields,
  type RequestReader,
  ServerSession,
  type ServerSessionOptions,
  type ServerStream,
  shareReads,
} from '../../src/http2/index.js';
import { atEnd } from './peers/processes.js';

/** Windows of an ordinary server: what HTTP/2 gives without asking. */
const WINDOWS = { stream: 65_535, connection: 1 << 20, frame: 1 << 14 };

export interface OwnServer {
  readonly port: number;
  /** Connections that are open. */
  readonly sessions: Set<ServerSession>;
  /** Why connections ended that did not end well. */
  readonly errors: Error[];
  /** Streams that have begun, and how many of them are over. */
  readonly counts: { called: number; closed: number };
  /** Accepts no more; what is open goes on. */
  stopListening(): void;
}

export interface OwnServerOptions extends Partial<Pick<ServerSessionOptions, 'windows' | 'maxConcurrentStreams'>> {
  readonly tls?: TlsOptions;
}

/** Starts a server that hands each request to `handle`. It ends with the next `endAll`. */
export async function ownServer(
  handle: (stream: ServerStream) => RequestReader | undefined,
  { tls, ...options }: OwnServerOptions = {},
): Promise<OwnServer> {
  const sessions = new Set<ServerSession>();
  const sockets = new Set<Socket>();
  const errors: Error[] = [];
  const counts = { called: 0, closed: 0 };
  const connected = (socket: Socket): void => {
    sockets.add(socket);
    const session: ServerSession = new ServerSession(socket, {
      windows: WINDOWS,
      maxConcurrentStreams: 100,
      ...options,
      called: (stream) => {
        counts.called++;
        return handle(stream);
      },
      streamClosed: () => counts.closed++,
      settled: () => {},
      pinged: () => {},
      closed: (error) => {
        sessions.delete(session);
        sockets.delete(socket);
        if (error) errors.push(error);
      },
    });
    sessions.add(session);
  };
  const server: Server = tls
    ? createTlsServer({ ...tls, ALPNProtocols: ['h2'] }, connected)
    : createServer({ noDelay: true }, (socket) => {
        shareReads(socket);
        connected(socket);
      });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((done) => server.close(done));
  });
  const stopListening = (): void => void server.close();
  return { port: (server.address() as AddressInfo).port, sessions, errors, counts, stopListening };
}

/** Gathers the body of a request; `done` gets it whole. */
export function whole(done: (body: Buffer) => void): RequestReader {
  const chunks: Buffer[] = [];
  return {
    // A copy: only the view was handed over, and its memory is the socket's.
    data: (chunk) => chunks.push(Buffer.from(chunk)),
    end: () => done(Buffer.concat(chunks)),
  };
}

/** Answers 200 with this body, and trailers where there are any. */
export function answer(stream: ServerStream, body: Uint8Array, trailers?: Record<string, string>): void {
  stream.respond({
    head: encodeHeaders([[':status', '200']]),
    body: [body],
    trailers: trailers && encodeHeaders(Object.entries(trailers)),
  });
}

export interface OwnClient {
  readonly session: ClientSession;
  readonly socket: Socket;
  /** Codes of the GOAWAY frames that came. */
  readonly goaways: number[];
  /** Resolves when the connection is gone, with the error where there was one. */
  readonly closed: Promise<Error | undefined>;
}

/** Connects, and waits for the server's SETTINGS. `tls`: the authority that signed the server. */
export function ownClient(port: number, tls?: { readonly ca: Buffer }): Promise<OwnClient> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port };
    const socket = tls ? connectTls({ ...options, ...tls, ALPNProtocols: ['h2'] }) : connectSharing(options);
    const goaways: number[] = [];
    let over: (error: Error | undefined) => void;
    const closed = new Promise<Error | undefined>((done) => {
      over = done;
    });
    const session: ClientSession = new ClientSession(socket, {
      settled: () => resolve({ session, socket, goaways, closed }),
      goaway: (code) => goaways.push(code),
      closed: (error) => {
        over(error);
        reject(error ?? new Error('closed'));
      },
    });
    atEnd(async () => session.destroy());
  });
}

export interface OwnAnswer {
  readonly fields: Fields;
  readonly body: Buffer;
  readonly trailers: Fields;
  readonly broken: Broken | undefined;
}

export interface OwnRequest {
  readonly body?: Uint8Array[];
  readonly fields?: Record<string, string>;
  readonly trailers?: Record<string, string>;
  /** Gets the way to cancel it. */
  readonly begun?: (stream: ClientStream) => void;
}

/** Sends a request and resolves when its stream is over. */
export function ask(
  session: ClientSession,
  { body = [], fields = {}, trailers, begun }: OwnRequest = {},
): Promise<OwnAnswer> {
  const head = encodeHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'localhost'],
    ...Object.entries(fields),
  ]);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const answer = { fields: {} as Fields, trailers: {} as Fields };
    const message = { head, body, trailers: trailers && encodeHeaders(Object.entries(trailers)) };
    const stream = session.request(message, {
      headers: (received) => {
        answer.fields = received;
      },
      data: (chunk) => chunks.push(Buffer.from(chunk)),
      trailers: (received) => {
        answer.trailers = received;
      },
      closed: (broken) => resolve({ ...answer, body: Buffer.concat(chunks), broken }),
    });
    begun?.(stream);
  });
}
