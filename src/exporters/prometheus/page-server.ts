// Serves one page over HTTP, compressed for whoever takes it.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzip } from 'node:zlib';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import { type ServerTls, serverTlsOptions } from '../../config/tls.js';
import { type Format, formatFor, TEXT, takesEncoding } from './formats.js';

export interface PageOptions {
  readonly endpoint: HostPort;
  readonly path: string;
  readonly tls: ServerTls | undefined;
  /** The text format where scrapers cannot have another. */
  readonly openMetrics: boolean;
  render(format: Format): string;
}

/** Below this, compressing saves no packet; bytes. */
const GZIP_FROM = 1_024;

export class PageServer {
  private server: http.Server | undefined;

  constructor(private readonly options: PageOptions) {}

  /** The port it listens on; undefined before `listen`. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  /** Throws with the address where it cannot be had. */
  async listen(): Promise<void> {
    const { endpoint, tls } = this.options;
    const handle: http.RequestListener = (request, response) => this.handle(request, response);
    const server = tls ? https.createServer(await serverTlsOptions(tls), handle) : http.createServer(handle);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'the address is in use' : error.message;
        reject(new Error(`cannot listen on ${formatHostPort(endpoint)}: ${why}`, { cause: error }));
      });
      server.listen(endpoint.port, endpoint.host, resolve);
    });
    this.server = server;
  }

  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  private handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== this.options.path) refuse(response, 404, `nothing here; the metrics are at ${this.options.path}\n`);
    else if (request.method === 'GET' || request.method === 'HEAD') this.page(request, response);
    else refuse(response.setHeader('allow', 'GET, HEAD'), 405, 'GET only\n');
  }

  private page(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { accept, 'accept-encoding': encodings } = request.headers;
    const format = this.options.openMetrics ? formatFor(accept) : TEXT;
    const body = Buffer.from(this.options.render(format));
    response.setHeader('content-type', format);
    response.setHeader('vary', 'accept, accept-encoding');
    if (body.byteLength < GZIP_FROM || !takesEncoding(String(encodings ?? ''), 'gzip')) answer(response, body);
    else
      gzip(body, { level: 1 }, (error, compressed) => answer(response, error ? body : compressed, error ? '' : 'gzip'));
  }
}

function answer(response: http.ServerResponse, body: Buffer, encoding = ''): void {
  if (encoding !== '') response.setHeader('content-encoding', encoding);
  response.writeHead(200, { 'content-length': body.byteLength }).end(body);
}

function refuse(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
