// Our own metrics for Prometheus: a small HTTP server with one path.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Telemetry } from './index.js';

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

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Serves `/metrics`. Rejects when the address cannot be had. */
export async function serveMetrics(telemetry: Telemetry, bind: Bind): Promise<MetricsEndpoint> {
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics')
      return void response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    try {
      const text = await telemetry.registry.metrics();
      response
        .writeHead(200, { 'content-type': telemetry.registry.contentType })
        .end(request.method === 'HEAD' ? '' : text);
    } catch (error) {
      telemetry.log.error({ err: error }, 'own metrics cannot be written');
      response.writeHead(500).end();
    }
  });
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
