// Who may send: what a receiver asks of a request's credential and of its client's certificate, and what is kept of a
// request's headers.
import type { Socket } from 'node:net';
import type { AuthData, Denial, Identity, RequestHeaders, ServerAuthenticator } from '../../pipeline/index.js';
import type { ClientNames } from './client-names.js';

const SETTINGS_PREFIX = 'x-pxanomaly-';

/** What a batch keeps of its request's headers. */
export interface RequestOrigin {
  readonly metadata: ReadonlyMap<string, string>;
  readonly auth?: AuthData;
}

/** A sender of whom nothing is known, and nothing was asked. */
export const NOBODY: Identity = {};

export interface AccessOptions {
  /** Undefined: no credential is asked for. */
  readonly authenticator: ServerAuthenticator | undefined;
  /** Undefined: every certificate that the handshake took will do. */
  readonly clients?: ClientNames | undefined;
}

export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** Senders have to show a credential. */
  get asks(): boolean {
    return this.#options.authenticator !== undefined;
  }

  /** For `www-authenticate`. */
  get scheme(): string {
    return this.#options.authenticator?.scheme ?? 'Bearer';
  }

  /** Who sends, or why the request may not come in. */
  identify(headers: RequestHeaders, socket: Socket | undefined): Identity | Denial | Promise<Identity | Denial> {
    const { authenticator, clients } = this.#options;
    const client = clients?.identify(socket) ?? NOBODY;
    if (client instanceof Error || !authenticator) return client;
    const sender = authenticator.authenticate(headers);
    return sender instanceof Promise ? sender.then((one) => joined(client, one)) : joined(client, sender);
  }

  /**
   * What stays with the batch of a request that was let in: its settings and credentials, or everything that the sender
   * set.
   */
  originOf(headers: RequestHeaders, everything: boolean, { auth, settings }: Identity): RequestOrigin {
    const metadata = metadataOf(headers, everything, settings);
    return auth ? { metadata, auth } : { metadata };
  }
}

/** What the credential is bound to goes before what the certificate is. */
function joined(client: Identity, sender: Identity | Denial): Identity | Denial {
  return sender instanceof Error || client === NOBODY ? sender : { ...client, ...sender };
}

const NO_METADATA: ReadonlyMap<string, string> = new Map();

/** Headers that belong to the connection or the framing, and say nothing of the data. */
const FRAMING = /^(:|grpc-|content-|te$|connection$|transfer-encoding$|accept|host$|date$|expect$)/;

function metadataOf(
  headers: RequestHeaders,
  everything: boolean,
  settings: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  let metadata = settings && new Map(settings);
  for (const name in headers) {
    const isSetting = name.startsWith(SETTINGS_PREFIX);
    const kept = isSetting || name === 'authorization' || (everything && !FRAMING.test(name));
    if (!kept) continue;
    const value = headers[name];
    const text = typeof value === 'string' ? value : (value ?? []).join(', ');
    // An empty setting is the same as none.
    if (isSetting && text.trim() === '' && settings?.has(name)) continue;
    metadata ??= new Map();
    metadata.set(name, text);
  }
  return metadata ?? NO_METADATA;
}
