// Who may send: the token that a receiver asks for, and what is kept of a request's headers.
import { createHash, timingSafeEqual } from 'node:crypto';
import { PermanentError } from '../../pipeline/index.js';

/** Headers of either transport, names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const TOKEN_HEADER = 'x-pxanomaly-token';
const SETTINGS_PREFIX = 'x-pxanomaly-';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}

/** Says why a request may not come in; undefined: it may. Takes the same time whatever the token shares with the right one. */
export class Access {
  private readonly digests: readonly Buffer[];

  /** Without tokens everybody may send. */
  constructor(tokens: readonly string[]) {
    this.digests = tokens.map(digest);
  }

  refusal(headers: Headers): PermanentError | undefined {
    if (this.digests.length === 0) return undefined;
    const shown = first(headers[TOKEN_HEADER]) ?? bearer(first(headers.authorization));
    if (shown === undefined)
      return new PermanentError(`this receiver asks for a token: set the header ${TOKEN_HEADER}`, 'unauthenticated');
    if (this.known(shown)) return undefined;
    return new PermanentError(
      `the token in ${TOKEN_HEADER} is not the one that this receiver was given`,
      'unauthenticated',
    );
  }

  private known(token: string): boolean {
    const shown = digest(token);
    return this.digests.reduce((found, expected) => timingSafeEqual(shown, expected) || found, false);
  }
}

function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

const NO_METADATA: ReadonlyMap<string, string> = new Map();

/** Headers that belong to the connection or the framing, and say nothing of the data. */
const FRAMING = /^(:|grpc-|content-|te$|connection$|transfer-encoding$|accept|host$|date$|expect$)/;

/** What stays with a batch: per-sender settings and credentials, or everything that the sender set. */
export function metadataOf(headers: Headers, everything: boolean): ReadonlyMap<string, string> {
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
