// Binding an address, what to say when that fails, and how long to wait when it is given up.
import type { AddressInfo } from 'node:net';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import { type ComponentId, formatId } from '../../pipeline/index.js';

/** Requests under way at shutdown get so long; ms. */
export const DRAIN_MS = 5000;

/**
 * Addresses to try for a configured host, best first. `localhost` is 127.0.0.1, as for Go's net.Listen, whatever
 * resolves first.
 */
function candidates(host: string): string[] {
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  return host === '::' ? ['::', '0.0.0.0'] : [host];
}

const NO_SUCH_FAMILY: ReadonlySet<string | undefined> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

/**
 * Has `bind` listen on the first address that this machine has. Rejects with a sentence that names component and
 * address.
 */
export async function bindFirst(
  id: ComponentId,
  at: HostPort,
  bind: (host: string, port: number) => Promise<unknown>,
): Promise<void> {
  const hosts = candidates(at.host);
  for (const [i, host] of hosts.entries()) {
    try {
      await bind(host, at.port);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!NO_SUCH_FAMILY.has(code) || i === hosts.length - 1)
        throw new Error(explain(id, at, code, error), { cause: error });
    }
  }
}

function explain(id: ComponentId, at: HostPort, code: string | undefined, error: unknown): string {
  const where = `receiver ${formatId(id)} cannot listen on ${formatHostPort(at)}`;
  if (code === 'EADDRINUSE') return `${where}: another process uses that port`;
  if (code === 'EACCES') return `${where}: this user may not open that port`;
  return `${where}: ${(error as Error).message}`;
}

/** The address in use, as a client would write it. */
export function boundAddress(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  return formatHostPort({ host: address.address, port: address.port });
}

/**
 * Whether a failed TLS handshake was none: a connection that ended before its first byte, as a TCP probe (Kubernetes'
 * `tcpSocket`, a load balancer's, the doctor's) opens and closes it. Node tells the bytes of the socket below only
 * there.
 */
export function saidNothing(socket: object): boolean {
  return (socket as { readonly _parent?: { readonly bytesRead: number } })._parent?.bytesRead === 0;
}

const CUT: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/**
 * Whether a connection was cut by its other end or on the way: senders end, and probes do not wait for our first frame.
 */
export function wasCut(error: Error): boolean {
  return CUT.has((error as NodeJS.ErrnoException).code);
}
