// User names and passwords as the Collector's basicauth has them: asked for by receivers, sent by exporters.
import { identityOf } from '../../auth/binding.js';
import { behindScheme, firstOf } from '../../auth/known-tokens.js';
import { secretFileEvents } from '../../auth/secret-events.js';
import { SecretFiles } from '../../auth/secret-file.js';
import type { Settings } from '../../config/settings.js';
import {
  type ClientAuthenticator,
  type Denial,
  type Extension,
  formatId,
  type Identity,
  PermanentError,
  type RequestHeaders,
  RetryableError,
  type ServerAuthenticator,
} from '../../pipeline/index.js';
import type { Config } from './config.js';
import { type Hashed, parseHtpasswd } from './htpasswd.js';
import { Passwords } from './passwords.js';

type Credentials = Readonly<Record<string, string>>;

const NOBODY: Identity = {};

export class BasicAuth implements Extension, ServerAuthenticator, ClientAuthenticator {
  readonly scheme = 'Basic realm="pxanomaly"';
  readonly #config: Config;
  readonly #owner: string;
  readonly #files: SecretFiles;
  readonly #passwords = new Passwords();
  readonly #identities: ReadonlyMap<string, Identity>;
  readonly #texts = new Map<string, string>();
  #credentials: Credentials = {};

  constructor(settings: Settings, config: Config) {
    this.#config = config;
    this.#owner = formatId(settings.id);
    this.#identities = new Map(
      config.users.map(({ username, ...bound }) => [
        username,
        identityOf({ ...bound, name: username }, this.#owner, ''),
      ]),
    );
    const { htpasswd, client_auth: client } = config;
    const files = [htpasswd?.file, client?.username_file, client?.password_file].filter((file) => file !== undefined);
    this.#files = new SecretFiles(new Map(files.map((file) => [file, this.#use(file)])), secretFileEvents(settings));
    if (htpasswd) this.#passwords.replace(this.#users());
    this.#renewCredentials();
  }

  start(): Promise<void> {
    return this.#files.start();
  }

  async shutdown(): Promise<void> {
    await this.#files.stop();
    await this.#passwords.close();
  }

  authenticate(headers: RequestHeaders): Identity | Denial | Promise<Identity | Denial> {
    if (!this.#config.htpasswd) return new PermanentError(`${this.#owner} has no htpasswd`, 'unauthenticated');
    const shown = behindScheme(firstOf(headers.authorization), 'Basic');
    if (shown === undefined)
      return new PermanentError(
        'this receiver asks for a user name and a password: set the header authorization: Basic …',
        'unauthenticated',
      );
    const text = Buffer.from(shown, 'base64').toString();
    const at = text.indexOf(':');
    const [user, password] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    try {
      const right = this.#passwords.check(user, password);
      if (typeof right === 'boolean') return this.#judge(right, user);
      return right.then(
        (isRight) => this.#judge(isRight, user),
        (error: Error) => new RetryableError(`the password cannot be checked now: ${error.message}`, 1000),
      );
    } catch (error) {
      if (error instanceof RetryableError) return error;
      throw error;
    }
  }

  credentials(): Credentials {
    if (!this.#config.client_auth) throw new Error(`${this.#owner} has nothing to send: give client_auth`);
    return this.#credentials;
  }

  /** Only a file can say another by now. */
  refused(credentials: Credentials): boolean {
    return credentials !== this.#credentials;
  }

  #judge(isRight: boolean, user: string): Identity | PermanentError {
    if (isRight) return this.#identities.get(user) ?? NOBODY;
    return new PermanentError('user name and password are none that this receiver was given', 'unauthenticated');
  }

  #use(file: string): (text: string) => void {
    return (text) => {
      if (file === this.#config.htpasswd?.file) {
        const users = this.#users(text);
        this.#passwords.replace(users);
        return;
      }
      this.#texts.set(file, text.replace(/\r?\n$/, ''));
      this.#renewCredentials();
    };
  }

  /** Of a user in both, what stands in the configuration counts. */
  #users(text = ''): ReadonlyMap<string, Hashed> {
    return new Map([...parseHtpasswd(text), ...parseHtpasswd(this.#config.htpasswd?.inline ?? '')]);
  }

  #renewCredentials(): void {
    const { client_auth: client } = this.#config;
    if (!client) return;
    const text = (own: string | undefined, file: string | undefined): string =>
      own ?? (file === undefined ? '' : (this.#texts.get(file) ?? ''));
    const pair = `${text(client.username, client.username_file)}:${text(client.password, client.password_file)}`;
    this.#credentials = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}
