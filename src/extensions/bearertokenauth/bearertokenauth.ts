// Tokens as the Collector's bearertokenauth has them: asked for by receivers, sent by exporters, read from files that
// may be rotated.
import { identityOf } from '../../auth/binding.js';
import { type KnownToken, KnownTokens } from '../../auth/known-tokens.js';
import { secretFileEvents } from '../../auth/secret-events.js';
import { SecretFiles } from '../../auth/secret-file.js';
import type { Settings } from '../../config/settings.js';
import {
  type ClientAuthenticator,
  type Extension,
  formatId,
  type Identity,
  type PermanentError,
  type RequestHeaders,
  type ServerAuthenticator,
} from '../../pipeline/index.js';
import type { Config } from './config.js';

type Credentials = Readonly<Record<string, string>>;

export class BearerTokenAuth implements Extension, ServerAuthenticator, ClientAuthenticator {
  readonly #config: Config;
  readonly #owner: string;
  readonly #known: KnownTokens;
  readonly #files: SecretFiles;
  /** Tokens of each file, in its order. */
  readonly #fromFile = new Map<string, readonly string[]>();
  #credentials: Credentials | undefined;

  constructor(settings: Settings, config: Config) {
    this.#config = config;
    this.#owner = formatId(settings.id);
    this.#known = new KnownTokens([], { header: config.header.toLowerCase(), scheme: config.scheme });
    const files = [config.filename, ...config.tokens.map(({ filename }) => filename)];
    const uses = files.flatMap((file) => (file === undefined ? [] : [[file, this.#use(file)] as const]));
    this.#files = new SecretFiles(new Map(uses), secretFileEvents(settings));
    this.#renew();
  }

  get scheme(): string {
    return this.#known.scheme;
  }

  start(): Promise<void> {
    return this.#files.start();
  }

  shutdown(): Promise<void> {
    return this.#files.stop();
  }

  authenticate(headers: RequestHeaders): Identity | PermanentError {
    return this.#known.authenticate(headers);
  }

  credentials(): Credentials {
    if (!this.#credentials) throw new Error(`${this.#owner} has no token to send: give token or filename`);
    return this.#credentials;
  }

  /** Only a file can hold another by now. */
  refused(credentials: Credentials): boolean {
    return credentials !== this.#credentials;
  }

  #use(file: string): (text: string) => void {
    return (text) => {
      const tokens = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
      if (tokens.length === 0) throw new Error('it holds no token');
      this.#fromFile.set(file, tokens);
      this.#renew();
    };
  }

  #renew(): void {
    const { token, filename, tokens, header, scheme } = this.#config;
    const own = [...(token === undefined ? [] : [token]), ...this.#of(filename)];
    const known: KnownToken[] = own.map((each) => ({ token: each, identity: {} }));
    for (const [index, bound] of tokens.entries()) {
      const identity = identityOf(bound, this.#owner, `tokens[${index}]`);
      const its = bound.token === undefined ? this.#of(bound.filename) : [bound.token];
      for (const each of its) known.push({ token: each, identity });
    }
    this.#known.replace(known);
    const sent = own[0] ?? known[0]?.token;
    const value = scheme === '' ? sent : `${scheme} ${sent}`;
    this.#credentials = sent === undefined ? undefined : { [header.toLowerCase()]: value! };
  }

  #of(file: string | undefined): readonly string[] {
    return file === undefined ? [] : (this.#fromFile.get(file) ?? []);
  }
}
