// Fetches tokens by the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4).
import type { Agent, Dispatcher } from 'undici';
import { clientTlsOptions } from '../../config/tls.js';
import { RetryableError } from '../../pipeline/index.js';
import type { Config } from './config.js';

export interface Token {
  readonly type: string;
  readonly value: string;
  /** How long it is good for, ms; undefined: nobody said. */
  readonly lifeMs: number | undefined;
}

export interface Client {
  readonly id: string;
  readonly secret: string;
}

/** An answer with a token is small. */
const MAX_ANSWER = 1 << 20;
/** How much of an error goes into a line; characters. */
const EXCERPT = 200;

export class TokenSource {
  readonly #config: Config;
  #agent: Agent | undefined;
  /** The server wants id and secret in the body: it refused them in the header, or has taken them there. */
  #inBody = false;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Rejects with a `RetryableError`: whatever is wrong there, the data is not at fault. */
  async fetch(client: Client): Promise<Token> {
    try {
      const first = await this.#ask(client, this.#inBody);
      if (first.status !== 400 && first.status !== 401) return tokenOf(first);
      // RFC 6749 lets a server choose; there is no telling in advance.
      const second = await this.#ask(client, !this.#inBody);
      if (second.status === 200) this.#inBody = !this.#inBody;
      return tokenOf(second.status === 200 ? second : first);
    } catch (cause) {
      throw new RetryableError(`no token from ${this.#config.token_url}: ${reasonOf(cause)}`, undefined, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #ask({ id, secret }: Client, inBody: boolean): Promise<{ status: number; text: string }> {
    const { token_url: url, scopes, endpoint_params: more, timeout } = this.#config;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    for (const [key, value] of Object.entries(more)) for (const one of [value].flat()) form.append(key, one);
    if (inBody) form.set('client_id', id);
    if (inBody) form.set('client_secret', secret);
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    const headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(!inBody && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
    };
    const agent = await this.#dispatcher();
    const signal = timeout > 0 ? AbortSignal.timeout(timeout) : null;
    const { origin, pathname, search } = new URL(url);
    const answer = await agent.request({
      method: 'POST',
      origin,
      path: pathname + search,
      headers,
      body: form.toString(),
      signal,
    });
    return { status: answer.statusCode, text: await textOf(answer) };
  }

  async #dispatcher(): Promise<Agent> {
    if (this.#agent) return this.#agent;
    const undici = await import('undici');
    // Renewed certificates count from the next token on: there is one each few minutes.
    const connect = await clientTlsOptions({ ...this.#config.tls, insecure: false });
    this.#agent = new undici.Agent({ connect: connect as object, keepAliveTimeout: 1000 });
    return this.#agent;
  }
}

async function textOf({ body }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Never says what a token is. */
function tokenOf({ status, text }: { readonly status: number; readonly text: string }): Token {
  if (status !== 200) throw new Error(`HTTP ${status}: ${errorOf(text)}`);
  let read: { access_token?: unknown; token_type?: unknown; expires_in?: unknown };
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    throw new Error('the answer is no JSON');
  }
  const { access_token: value, token_type: type, expires_in: seconds } = read ?? {};
  if (typeof value !== 'string' || value === '' || /[\r\n]/.test(value))
    throw new Error('the answer has no access_token');
  const life = Number(seconds);
  const word = typeof type === 'string' && !/^bearer$/i.test(type) && /^[\w-]+$/.test(type) ? type : 'Bearer';
  return { type: word, value, lifeMs: life > 0 ? life * 1000 : undefined };
}

/** `error` and `error_description` of RFC 6749, section 5.2, or the beginning of what else came. */
function errorOf(text: string): string {
  try {
    const { error, error_description: description } = JSON.parse(text) as Record<string, unknown>;
    return [error, description]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .slice(0, EXCERPT);
  } catch {
    return text.trim().slice(0, EXCERPT) || 'no message';
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
