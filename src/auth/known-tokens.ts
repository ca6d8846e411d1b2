// Tokens that a receiver was told of, each with what it is bound to. Finding one takes the same time whatever it shares
// with the right ones, and whichever of them it is.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Identity, PermanentError, type RequestHeaders, type ServerAuthenticator } from '../pipeline/index.js';

/** What Pixie's forms can send. */
export const TOKEN_HEADER = 'x-pxanomaly-token';

export interface KnownToken {
  readonly token: string;
  readonly identity: Identity;
}

/** Where a token is looked for beside `TOKEN_HEADER`. */
export interface TokenPlace {
  /** Lower case. */
  readonly header: string;
  /** In front of the token, any case; '': nothing. */
  readonly scheme: string;
}

export const BEARER: TokenPlace = { header: 'authorization', scheme: 'Bearer' };

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The first value of a header. */
export function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}

/** What stands behind the scheme; undefined where another scheme, or nothing, stands there. */
export function behindScheme(value: string | undefined, scheme: string): string | undefined {
  if (value === undefined || scheme === '') return value?.trim();
  const text = value.trim();
  const isOther = text.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase() || text[scheme.length] !== ' ';
  return isOther ? undefined : text.slice(scheme.length).trim() || undefined;
}

export class KnownTokens implements ServerAuthenticator {
  readonly scheme: string;
  readonly #place: TokenPlace;
  #known: readonly { readonly digest: Buffer; readonly identity: Identity }[] = [];

  constructor(tokens: readonly KnownToken[], place: TokenPlace = BEARER) {
    this.#place = place;
    this.scheme = place.scheme || 'Bearer';
    this.replace(tokens);
  }

  replace(tokens: readonly KnownToken[]): void {
    this.#known = tokens.map(({ token, identity }) => ({ digest: digest(token), identity }));
  }

  authenticate(headers: RequestHeaders): Identity | PermanentError {
    const { header, scheme } = this.#place;
    const shown = firstOf(headers[TOKEN_HEADER]) ?? behindScheme(firstOf(headers[header]), scheme);
    if (shown === undefined)
      return new PermanentError(`this receiver asks for a token: set the header ${TOKEN_HEADER}`, 'unauthenticated');
    const found = this.#find(shown);
    if (found) return found;
    return new PermanentError(
      `the token in ${TOKEN_HEADER} is not the one that this receiver was given`,
      'unauthenticated',
    );
  }

  /** Compares with all of them. */
  #find(token: string): Identity | undefined {
    const shown = digest(token);
    let found: Identity | undefined;
    for (const { digest: known, identity } of this.#known) if (timingSafeEqual(shown, known)) found = identity;
    return found;
  }
}
