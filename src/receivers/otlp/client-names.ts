// Senders by the names in their certificates, where a receiver asks for one (mTLS): who may come in, and what each is
// bound to.
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { type BindingConfig, identityOf } from '../../auth/binding.js';
import { compileGlob, type Glob } from '../../detection/rules/glob.js';
import { type Identity, PermanentError } from '../../pipeline/index.js';

export interface ClientConfig extends BindingConfig {
  /** Glob of a name in the certificate. */
  readonly name: string;
}

/** Names in the alternative names of a certificate; those with commas in them stand in quotes, as JSON. */
const ALTERNATIVE = /(?:^|, )(?:DNS|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** Common name, and DNS, URI and email names. */
export function namesOf({ subject, subjectaltname = '' }: Partial<PeerCertificate>): string[] {
  const common = [subject?.CN ?? []].flat();
  const others = Array.from(subjectaltname.matchAll(ALTERNATIVE), ([, name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
  return [...new Set([...common, ...others])];
}

export class ClientNames {
  readonly #clients: readonly { readonly glob: Glob; readonly identity: Identity }[];
  /** A connection shows one certificate for as long as it lives. */
  readonly #known = new WeakMap<Socket, Identity | PermanentError>();

  constructor(clients: readonly ClientConfig[], owner: string) {
    this.#clients = clients.map((client, index) => ({
      glob: compileGlob(client.name),
      identity: identityOf(client, owner, `clients[${index}]`),
    }));
  }

  /** The first of the list that one of the certificate's names fits. */
  identify(socket: Socket | undefined): Identity | PermanentError {
    const known = socket && this.#known.get(socket);
    if (known) return known;
    const names = socket instanceof TLSSocket ? namesOf(socket.getPeerCertificate() ?? {}) : [];
    const found = this.identityOf(names);
    if (socket) this.#known.set(socket, found);
    return found;
  }

  identityOf(names: readonly string[]): Identity | PermanentError {
    const found = this.#clients.find(({ glob }) => names.some((name) => glob(name) !== undefined));
    if (found) return found.identity;
    const shown = names.length === 0 ? 'no name' : names.slice(0, 4).join(', ').slice(0, 200);
    return new PermanentError(
      `the certificate shows ${shown}, which clients of this receiver does not list`,
      'permission_denied',
    );
  }
}
