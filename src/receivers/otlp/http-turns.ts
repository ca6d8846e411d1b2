// Requests that come on a connection before those in front of them were answered: handled one after the other,
// connections in turns.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { turns } from '../../http2/index.js';
import { stopParsing } from './http-parser.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Exchange = readonly [IncomingMessage, ServerResponse];

/** Requests that wait on a connection; who sends more without an answer is sent away. Clients of today send one. */
const MOST_WAITING = 100;

/**
 * Puts itself in front of whatever handles the requests of the server: all that came in one chunk would otherwise run
 * in one turn.
 */
export function takeTurns(server: Server): void {
  const handlers = server.listeners('request') as Handler[];
  const connections = new WeakMap<Socket, Exchange[]>();
  const handle = (exchange: Exchange): void => {
    for (const handler of handlers) handler.apply(server, [...exchange]);
  };
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    const waiting = connections.get(socket);
    response.once('close', () => next(socket));
    if (!waiting) {
      connections.set(socket, []);
      handle([request, response]);
    } else if (waiting.length < MOST_WAITING) waiting.push([request, response]);
    else {
      stopParsing(socket);
      socket.destroy();
    }
  });
  const next = (socket: Socket): void => {
    const following = connections.get(socket)?.shift();
    if (!following || socket.destroyed) connections.delete(socket);
    else
      turns.later(() => {
        if (!socket.destroyed) handle(following);
        return false;
      });
  };
}
