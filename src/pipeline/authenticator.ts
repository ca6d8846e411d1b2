// What extensions that know of credentials offer to receivers and exporters, as `auth: { authenticator: id }` names
// them.
import type { AuthData } from './batch.js';
import type { PermanentError, RetryableError } from './errors.js';

/** Headers of either transport, names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Who sends, as far as its credential says; `settings`: headers that count as sent with it where it sends none. */
export interface Identity {
  /** Undefined: the credential is bound to nothing. */
  readonly auth?: AuthData | undefined;
  readonly settings?: ReadonlyMap<string, string> | undefined;
}

/** Why a request may not come in. */
export type Denial = PermanentError | RetryableError;

/** Says of a request who sends it, or why it may not come in. A promise where that takes longer than a hash. */
export interface ServerAuthenticator {
  authenticate(headers: RequestHeaders): Identity | Denial | Promise<Identity | Denial>;
  /** For `www-authenticate`. */
  readonly scheme: string;
}

/** Gives the headers that a request has to carry, lower-case names; the same object while they are the same. */
export interface ClientAuthenticator {
  credentials(): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /**
   * The next hop refused these as unauthenticated. True where the next attempt will carry others, so that it is worth
   * making.
   */
  refused(credentials: Readonly<Record<string, string>>): boolean;
}
