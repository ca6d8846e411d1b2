// The first hops to an address: its name resolves, its port answers, its TLS is sound.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import { countOf } from '../../terminal/format.js';

/** Longest wait for each step, ms. */
export const STEP_MS = 5_000;

/** A step that did not succeed, in words, with what to do. */
export class BrokenHop extends Error {
  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

const REFUSED_ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is it running, and is the address right?',
  EHOSTUNREACH: 'there is no route to the host: check the network and its policies',
  ENETUNREACH: 'there is no route to the host: check the network and its policies',
  ETIMEDOUT: 'packets go unanswered: check NetworkPolicy, firewall and Service selectors',
  ECONNRESET: 'the connection is cut at once: is something else listening there, or TLS on at one end only?',
};

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? '');
}

/** Throws `Broken` where the name is not known. */
export async function resolveName({ host }: HostPort): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new BrokenHop(
      `the name ${host} does not resolve (${codeOf(error)})`,
      'check the spelling; in Kubernetes write service.namespace, and look with kubectl get svc',
    );
  }
}

/** Time for the other end to read our last bytes and close its side; ms. */
const LEAVE_MS = 1_000;

/**
 * Closes the orderly way: cut off in the middle of its first frames, or of a handshake, the other end would log a
 * fault.
 */
function leave(socket: Socket): void {
  if (!socket.destroyed) setTimeout(() => socket.destroy(), LEAVE_MS).unref();
  socket
    .on('error', () => {})
    .resume()
    .end();
}

/** Opens a connection and closes it. Throws `Broken`. */
export async function reach(at: HostPort): Promise<void> {
  await resolveName(at);
  const socket = connect(at.port, at.host);
  try {
    await within(socket, 'connect');
  } catch (error) {
    const code = codeOf(error);
    throw new BrokenHop(
      `${formatHostPort(at)} cannot be reached (${code})`,
      REFUSED_ADVICE[code] ?? 'check address and port',
    );
  } finally {
    leave(socket);
  }
}

/** Days until a certificate is no longer valid. */
const SOON_DAYS = 14;

/** What a TLS handshake shows of the certificate; whether it is trusted is for its senders to know. Throws `Broken`. */
export async function shakeHands(at: HostPort): Promise<{ readonly text: string; readonly soon: boolean }> {
  const socket = connectTls({ ...at, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
  try {
    await within(socket, 'secureConnect');
    const { subject, valid_to: end } = socket.getPeerCertificate();
    const days = Math.floor((Date.parse(end) - Date.now()) / 86_400_000);
    return {
      text: `certificate of ${subject?.CN ?? 'no name'}, valid for ${countOf(days, 'day')}`,
      soon: days < SOON_DAYS,
    };
  } catch (error) {
    throw new BrokenHop(
      `no TLS handshake with ${formatHostPort(at)} (${codeOf(error) || (error as Error).message})`,
      'is TLS on at both ends? With client_ca_file every client needs a certificate',
    );
  } finally {
    leave(socket);
  }
}

async function within(socket: Socket, event: string): Promise<void> {
  const signal = AbortSignal.timeout(STEP_MS);
  try {
    await once(socket, event, { signal });
  } catch (error) {
    throw signal.aborted ? Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }) : error;
  }
}
