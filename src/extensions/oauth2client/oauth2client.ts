// Tokens of an authorization server for exporters, as the Collector's oauth2client fetches them: one at a time, anew
// before it ends.
import { secretFileEvents } from '../../auth/secret-events.js';
import { SecretFiles } from '../../auth/secret-file.js';
import type { Settings } from '../../config/settings.js';
import type { ClientAuthenticator, Extension } from '../../pipeline/index.js';
import type { Config } from './config.js';
import { type Token, TokenSource } from './token-source.js';

type Credentials = Readonly<Record<string, string>>;

/** A token is used for at least so much of its life, however long `expiry_buffer` is. */
const LEAST_SHARE = 0.5;
/** After a refusal of a fresh token the next one is not fetched at once; ms. */
const REFUSED_PAUSE_MS = 1000;

export class OAuth2Client implements Extension, ClientAuthenticator {
  readonly #config: Config;
  readonly #source: TokenSource;
  readonly #files: SecretFiles;
  readonly #texts = new Map<string, string>();
  #credentials: Credentials | undefined;
  /** Of `performance.now()`: when the token was fetched, and when the next one is due. */
  #fetchedAt = 0;
  #dueAt = 0;
  #fetching: Promise<Credentials> | undefined;

  constructor(settings: Settings, config: Config) {
    this.#config = config;
    this.#source = new TokenSource(config);
    const files = [config.client_id_file, config.client_secret_file].filter((file) => file !== undefined);
    const use = (file: string) => (text: string) => {
      this.#texts.set(file, text.trim());
      this.#credentials = undefined;
    };
    this.#files = new SecretFiles(new Map(files.map((file) => [file, use(file)])), secretFileEvents(settings));
  }

  /** Fetches nothing yet: an authorization server that is down must not keep receivers from starting. */
  start(): Promise<void> {
    return this.#files.start();
  }

  async shutdown(): Promise<void> {
    await this.#files.stop();
    await this.#source.close();
  }

  credentials(): Credentials | Promise<Credentials> {
    if (this.#credentials && performance.now() < this.#dueAt) return this.#credentials;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** A token that was revoked, or whose server has lost it, is replaced; a fresh one that is refused is not. */
  refused(credentials: Credentials): boolean {
    if (credentials !== this.#credentials) return true;
    if (performance.now() - this.#fetchedAt < REFUSED_PAUSE_MS) return false;
    this.#credentials = undefined;
    return true;
  }

  async #fetch(): Promise<Credentials> {
    const { client_id, client_id_file: idFile, client_secret, client_secret_file: secretFile } = this.#config;
    const token = await this.#source.fetch({
      id: client_id ?? this.#texts.get(idFile ?? '') ?? '',
      secret: client_secret ?? this.#texts.get(secretFile ?? '') ?? '',
    });
    return this.#take(token);
  }

  #take({ type, value, lifeMs }: Token): Credentials {
    const credentials = { authorization: `${type} ${value}` };
    this.#credentials = credentials;
    this.#fetchedAt = performance.now();
    const goodForMs = lifeMs === undefined ? Number.POSITIVE_INFINITY : lifeMs;
    this.#dueAt = this.#fetchedAt + Math.max(goodForMs * LEAST_SHARE, goodForMs - this.#config.expiry_buffer);
    return credentials;
  }
}
