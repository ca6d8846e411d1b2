// Dials a server and waits until it has shown that it speaks HTTP/2.
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { HostPort } from '../../config/endpoint.js';
import { ClientSession, type ClientSessionOptions, connectSharing } from '../../http2/index.js';
import { type Cancel, onAbort } from '../../sending/abort.js';

/** A server that does not finish the handshake by then is as good as away; ms (gRPC's minimum). */
const CONNECT_TIMEOUT_MS = 20_000;

/** What happens to the session later. */
export type SessionEvents = Pick<ClientSessionOptions, 'goaway' | 'closed'>;

/**
 * Resolves when the server's SETTINGS have come. Rejects with what the system, TLS or HTTP/2 says, or with the reason
 * of `cancel`. `secure` undefined: no TLS.
 */
export function handshake(
  at: HostPort,
  secure: ConnectionOptions | undefined,
  events: SessionEvents,
  cancel: Cancel,
): Promise<ClientSession> {
  return new Promise((resolve, reject) => {
    if (cancel.aborted) return reject(cancel.reason);
    const socket = secure ? dialTls(at, secure) : connectSharing({ host: at.host, port: at.port, noDelay: true });
    let settled = false;
    const session = new ClientSession(socket, {
      goaway: (code) => events.goaway(code),
      settled: () => {
        settled = true;
        over();
        resolve(session);
      },
      closed: (error) => {
        over();
        if (settled) events.closed(error);
        else reject(error ?? new Error('closed during the handshake'));
      },
    });
    const timer = setTimeout(() => session.destroy(new Error('timed out')), CONNECT_TIMEOUT_MS);
    const unsubscribe = onAbort(cancel, () => session.destroy(cancel.reason as Error));
    const over = (): void => {
      clearTimeout(timer);
      unsubscribe();
    };
    socket.once('secureConnect', () => {
      if ((socket as TLSSocket).alpnProtocol !== 'h2')
        session.destroy(new Error('the server does not offer HTTP/2 (ALPN "h2")'));
    });
  });
}

/** The name is sent to the server (SNI), which an address must not be (RFC 6066, 3). */
function dialTls({ host, port }: HostPort, secure: ConnectionOptions): Socket {
  const name = isIP(host) ? {} : { servername: host };
  return connectTls({ ...name, ...secure, host, port, ALPNProtocols: ['h2'] }).setNoDelay();
}
