// `auth` of receivers and exporters, under the Collector's keys, and the extension that it names.
import { z } from 'zod';
import type { ClientAuthenticator, Extension, ServerAuthenticator } from '../pipeline/index.js';

export interface AuthConfig {
  readonly authenticator: string;
}

export const authSchema: z.ZodType<AuthConfig> = z.strictObject({
  authenticator: z.string().min(1).describe('Id of the extension'),
});

/** `auth` of an exporter. */
export const exporterAuth: z.ZodType<AuthConfig | undefined> = authSchema
  .optional()
  .describe('extension that gives each request its credential (`bearertokenauth`, `basicauth`, `oauth2client`)');

interface Credentials {
  readonly auth?: AuthConfig | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Two credentials in one request of an exporter. */
export function credentialProblems({ auth, headers }: Credentials): string[] {
  const isTwice = auth && Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  return isTwice ? ['give either auth or headers.authorization'] : [];
}

/** `isPlain`: requests of the exporter go without TLS. */
export function credentialAdvice({ auth }: Credentials, isPlain: boolean): string[] {
  return auth && isPlain ? ['auth: without TLS the credential can be read on the way'] : [];
}

/** For `extensions` of a factory: what has to run. `path`: of the section that holds `auth`. */
export function authExtension(auth: AuthConfig | undefined, path = ''): Record<string, string> {
  return auth ? { [`${path}auth.authenticator`]: auth.authenticator } : {};
}

type Find = (id: string) => Extension | undefined;

/** The extension as one that lets senders in. Throws where it is none. */
export function serverAuthenticator(find: Find, { authenticator: id }: AuthConfig): ServerAuthenticator {
  const extension = find(id) as (Extension & Partial<ServerAuthenticator>) | undefined;
  if (extension?.authenticate) return extension as Extension & ServerAuthenticator;
  throw new Error(`auth: "${id}" cannot tell senders apart; name bearertokenauth or basicauth of service::extensions`);
}

/** The extension as one that gives credentials to requests. Throws where it is none. */
export function clientAuthenticator(find: Find, { authenticator: id }: AuthConfig): ClientAuthenticator {
  const extension = find(id) as (Extension & Partial<ClientAuthenticator>) | undefined;
  if (extension?.credentials) return extension as Extension & ClientAuthenticator;
  const remedy = 'name bearertokenauth, basicauth or oauth2client of service::extensions';
  throw new Error(`auth: "${id}" has no credentials to send; ${remedy}`);
}
