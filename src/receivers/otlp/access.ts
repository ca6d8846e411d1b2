// Who may send: the token that a receiver asks for, and what is kept of a request's headers.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type AuthData, PermanentError } from '../../pipeline/index.js';
import type { Config } from './config.js';

/** Headers of either transport, names in lower case. */
export type AccessHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const TOKEN_HEADER = 'x-pxanomaly-token';
const SETTINGS_PREFIX = 'x-pxanomaly-';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}

/** What a batch keeps of its request's headers. */
export interface RequestOrigin {
  readonly metadata: ReadonlyMap<string, string>;
  readonly auth?: AuthData;
}

interface KnownToken {
  readonly digest: Buffer;
  /** Undefined: it is bound to nothing. */
  readonly auth: AuthData | undefined;
}

/**
 * Says why a request may not come in, and whose token it showed. Takes the same time whatever a token shares with the
 * right ones, and whichever of them it is.
 */
export class Access {
  private readonly known: readonly KnownToken[];

  /** Without tokens everybody may send. `receiver`: its id, which the names of its tokens begin with. */
  constructor({ token, tokens }: Pick<Config, 'token' | 'tokens'>, receiver: string) {
    this.known = [
      ...token.map((each) => ({ digest: digest(each), auth: undefined })),
      ...tokens.map(({ token: each, name, clusters }, place) => ({
        digest: digest(each),
        auth: clusters && { subject: `${receiver}: ${name ?? `tokens[${place}]`}`, clusters },
      })),
    ];
  }

  /** Senders have to show a token. */
  get asks(): boolean {
    return this.known.length > 0;
  }

  refusal(headers: AccessHeaders): PermanentError | undefined {
    if (!this.asks) return undefined;
    const shown = shownToken(headers);
    if (shown === undefined)
      return new PermanentError(`this receiver asks for a token: set the header ${TOKEN_HEADER}`, 'unauthenticated');
    if (this.find(shown)) return undefined;
    return new PermanentError(
      `the token in ${TOKEN_HEADER} is not the one that this receiver was given`,
      'unauthenticated',
    );
  }

  /**
   * What stays with the batch of a request that was let in: its settings and credentials, or everything that the sender
   * set.
   */
  originOf(headers: AccessHeaders, everything: boolean): RequestOrigin {
    const metadata = metadataOf(headers, everything);
    const auth = this.authOf(headers);
    return auth ? { metadata, auth } : { metadata };
  }

  private authOf(headers: AccessHeaders): AuthData | undefined {
    if (!this.known.some(({ auth }) => auth)) return undefined;
    const shown = shownToken(headers);
    return shown === undefined ? undefined : this.find(shown)?.auth;
  }

  /** Compares with all of them. */
  private find(token: string): KnownToken | undefined {
    const shown = digest(token);
    let found: KnownToken | undefined;
    for (const each of this.known) if (timingSafeEqual(shown, each.digest)) found = each;
    return found;
  }
}

function shownToken(headers: AccessHeaders): string | undefined {
  return first(headers[TOKEN_HEADER]) ?? bearer(first(headers.authorization));
}

function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

const NO_METADATA: ReadonlyMap<string, string> = new Map();

/** Headers that belong to the connection or the framing, and say nothing of the data. */
const FRAMING = /^(:|grpc-|content-|te$|connection$|transfer-encoding$|accept|host$|date$|expect$)/;

function metadataOf(headers: AccessHeaders, everything: boolean): ReadonlyMap<string, string> {
  let metadata: Map<string, string> | undefined;
  for (const name in headers) {
    const kept = name.startsWith(SETTINGS_PREFIX) || name === 'authorization' || (everything && !FRAMING.test(name));
    if (!kept) continue;
    const value = headers[name];
    metadata ??= new Map();
    metadata.set(name, typeof value === 'string' ? value : (value ?? []).join(', '));
  }
  return metadata ?? NO_METADATA;
}
