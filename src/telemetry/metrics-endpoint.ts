// Our own metrics for Prometheus: a small HTTP server with one path, and the pages that the service puts beside it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Telemetry } from './index.js';
import { withoutNul } from './label-names.js';

export interface MetricsEndpoint {
  /** `host:port` in use. */
  readonly address: string;
  close(): Promise<void>;
}

/** Where to listen, in node:net's words. */
export interface Bind {
  readonly host?: string;
  readonly port: number;
}

export interface PageAnswer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

/** A page beside `/metrics`. */
export interface OwnPage {
  readonly method: 'GET' | 'POST';
  answer(request: IncomingMessage): Promise<PageAnswer>;
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Serves `/metrics` and the pages given. Rejects when the address cannot be had. */
export async function serveMetrics(
  telemetry: Telemetry,
  bind: Bind,
  pages: Readonly<Record<string, OwnPage>> = {},
): Promise<MetricsEndpoint> {
  const all: Readonly<Record<string, OwnPage>> = { ...pages, '/metrics': metricsPage(telemetry) };
  const server = createServer((request, response) => serve(all, telemetry, request, response));
  server.listen(bind);
  await once(server, 'listening');
  return {
    address: addressOf(server),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * In the text format only: OpenMetrics would have `_total` in the names of counters, which the Collector's do not have.
 */
function metricsPage({ registry }: Telemetry): OwnPage {
  const answer = async (): Promise<PageAnswer> => {
    return { code: 200, type: registry.contentType, body: withoutNul(await registry.metrics()) };
  };
  return { method: 'GET', answer };
}

async function serve(
  pages: Readonly<Record<string, OwnPage>>,
  telemetry: Telemetry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? '';
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!page) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n');
  const allowed = page.method === 'GET' ? ['GET', 'HEAD'] : [page.method];
  if (!allowed.includes(request.method ?? '')) return void response.writeHead(405, { allow: allowed.join(', ') }).end();
  try {
    const { code, type, body } = await page.answer(request);
    response.writeHead(code, { 'content-type': type }).end(request.method === 'HEAD' ? '' : body);
  } catch (error) {
    telemetry.log.error({ err: error, path }, 'a page beside our own metrics cannot be written');
    response.writeHead(500).end();
  }
}
