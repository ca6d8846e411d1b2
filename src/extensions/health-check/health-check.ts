// Answers probes: 200 while every pipeline runs, 503 before and after.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatDuration } from '../../config/duration.js';
import { bindOptions, formatHostPort } from '../../config/endpoint.js';
import type { Settings } from '../../config/settings.js';
import { type Extension, formatId } from '../../pipeline/index.js';
import type { Logger } from '../../telemetry/index.js';
import type { Config } from './config.js';

export class HealthCheck implements Extension {
  private readonly log: Logger;
  private readonly config: Config;
  private server: Server | undefined;
  private upSince: Date | undefined;

  constructor(settings: Settings, config: Config) {
    this.log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'extension' });
    this.config = config;
  }

  async start(): Promise<void> {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.listen(bindOptions(this.config.endpoint));
    await once(this.server, 'listening');
  }

  async shutdown(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.upSince = undefined;
    if (!server?.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  addresses(): Record<string, string> {
    const at = this.server?.address() as AddressInfo | null | undefined;
    return at ? { http: formatHostPort({ host: at.address, port: at.port }) } : {};
  }

  ready(isReady: boolean): void {
    this.upSince = isReady ? new Date() : undefined;
    this.log.debug({ ready: isReady }, 'health changed');
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.split('?', 1)[0] !== this.config.path) {
      response.writeHead(404).end();
      return;
    }
    const { body, type } = this.body();
    response.writeHead(this.upSince ? 200 : 503, { 'content-type': type });
    response.end(request.method === 'HEAD' ? '' : body);
  }

  /** The Collector's own body, or the configured texts. */
  private body(): { body: string; type: string } {
    const { response_body: texts } = this.config;
    if (texts) return { body: this.upSince ? texts.healthy : texts.unhealthy, type: 'text/plain' };
    const status = this.upSince
      ? {
          status: 'Server available',
          upSince: this.upSince.toISOString(),
          uptime: formatDuration(Date.now() - this.upSince.getTime()),
        }
      : { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' };
    return { body: JSON.stringify(status), type: 'application/json' };
  }
}
