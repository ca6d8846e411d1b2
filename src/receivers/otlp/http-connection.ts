// A connection of OTLP/HTTP, as the limit of connections sees it.
import type { Socket } from 'node:net';
import type { Limited } from './connection-limit.js';

export class HttpConnection implements Limited {
  readonly peer: string | undefined;
  underway = 0;

  constructor(private readonly socket: Socket) {
    this.peer = socket.remoteAddress;
  }

  get idle(): boolean {
    return this.underway === 0;
  }

  close(): void {
    this.socket.destroy();
  }
}
