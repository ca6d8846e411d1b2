// TLS settings under the Collector's names, and what node:tls wants in their place.
import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, getCiphers, rootCertificates, type SecureVersion, type TlsOptions } from 'node:tls';
import { z } from 'zod';
import { positiveDuration } from './duration.js';

/** What servers and clients share. A file and its PEM text together are an error. */
export interface TlsMaterial {
  readonly cert_file?: string | undefined;
  readonly cert_pem?: string | undefined;
  readonly key_file?: string | undefined;
  readonly key_pem?: string | undefined;
  readonly min_version: TlsVersion;
  readonly max_version?: TlsVersion | undefined;
  readonly cipher_suites?: readonly string[] | undefined;
  readonly curve_preferences?: readonly string[] | undefined;
}

export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3';

export interface ServerTls extends TlsMaterial {
  /** Set: every client must show a certificate signed by this authority. */
  readonly client_ca_file?: string | undefined;
  /** The files are read again so often; ms. */
  readonly reload_interval?: number | undefined;
}

export interface ClientTls extends TlsMaterial {
  readonly ca_file?: string | undefined;
  readonly ca_pem?: string | undefined;
  readonly include_system_ca_certs_pool: boolean;
  /** No TLS at all. */
  readonly insecure: boolean;
  readonly insecure_skip_verify: boolean;
  readonly server_name_override?: string | undefined;
  readonly reload_interval?: number | undefined;
}

const version = z.enum(['1.0', '1.1', '1.2', '1.3']);
const text = z.string().min(1).optional();

const material = {
  cert_file: text.describe('File of our certificate, PEM'),
  cert_pem: text.describe('The same as text').meta({ secret: true }),
  key_file: text.describe("File of our certificate's key, PEM"),
  key_pem: text.describe('The same as text').meta({ secret: true }),
  min_version: version.default('1.2').describe('Oldest TLS version to speak'),
  max_version: version.optional().describe('Newest TLS version to speak'),
  cipher_suites: z
    .array(z.string())
    .optional()
    .describe("Suites for TLS 1.2 and older, by their registered names. Default: Node's"),
  curve_preferences: z
    .array(z.enum(['X25519', 'P256', 'P384', 'P521']))
    .optional()
    .describe('Curves for the key exchange, best first'),
};

/** Problems that no single key shows. */
function inconsistencies(tls: TlsMaterial): string[] {
  const problems = [];
  const given: Partial<Record<string, unknown>> = { ...tls };
  for (const name of ['ca', 'cert', 'key']) {
    if (given[`${name}_file`] && given[`${name}_pem`]) problems.push(`give either ${name}_file or ${name}_pem`);
  }
  if (!(tls.cert_file ?? tls.cert_pem) !== !(tls.key_file ?? tls.key_pem)) {
    problems.push('a certificate and its key go together: give cert_file and key_file');
  }
  if (tls.max_version && tls.max_version < tls.min_version) problems.push('max_version is older than min_version');
  for (const suite of tls.cipher_suites ?? []) {
    if (!opensslSuite(suite)) problems.push(`cipher suite ${suite} is not known`);
  }
  return problems;
}

function check<T extends TlsMaterial>(tls: T, ctx: z.RefinementCtx): void {
  for (const message of inconsistencies(tls)) ctx.addIssue({ code: 'custom', message });
}

/** `tls` of something that listens. */
export const serverTls: z.ZodType<ServerTls> = z
  .strictObject({
    ...material,
    client_ca_file: text.describe('File of the authorities whose client certificates are required, PEM (mTLS)'),
    reload_interval: positiveDuration.optional().describe('The files are read again so often. Default: only at start'),
  })
  .superRefine((tls, ctx) => {
    check(tls, ctx);
    if (!(tls.cert_file ?? tls.cert_pem)) {
      ctx.addIssue({ code: 'custom', message: 'a server needs cert_file and key_file' });
    }
  });

/** `tls` of something that dials. */
export const clientTls: z.ZodType<ClientTls> = z
  .strictObject({
    ...material,
    ca_file: text.describe("File of the certificate authorities to trust, PEM. Default: the system's"),
    ca_pem: text.describe('The same as text').meta({ secret: true }),
    include_system_ca_certs_pool: z
      .boolean()
      .default(false)
      .describe("Trust the system's authorities beside `ca_file`"),
    insecure: z.boolean().default(false).describe('No TLS'),
    insecure_skip_verify: z.boolean().default(false).describe("Do not check the server's certificate"),
    server_name_override: text.describe('Name to expect in the certificate, where it differs from the address'),
    reload_interval: positiveDuration
      .optional()
      .describe("The Collector's; accepted, since the files are read again for each new connection"),
  })
  .superRefine(check);

/** OpenSSL's name of a suite given by its registered or its OpenSSL name; undefined where this build has none. */
export function opensslSuite(name: string): string | undefined {
  const short = name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/^RSA_/, '')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC_', '_')
    .replace('POLY1305_SHA256', 'POLY1305')
    .replaceAll('_', '-');
  return getCiphers().includes(short.toLowerCase()) ? short : undefined;
}

/** PEM from a file or from the configuration itself. The error names the key and the file. */
async function pem(key: string, file: string | undefined, inline: string | undefined): Promise<string | undefined> {
  if (!file) return inline;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`tls: ${key} ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

const CURVES: Readonly<Record<string, string>> = { X25519: 'X25519', P256: 'P-256', P384: 'P-384', P521: 'P-521' };

async function common(tls: TlsMaterial): Promise<TlsOptions & ConnectionOptions> {
  // One after the other, so that the same file is named whichever is read faster.
  const cert = await pem('cert_file', tls.cert_file, tls.cert_pem);
  const key = await pem('key_file', tls.key_file, tls.key_pem);
  return {
    ...(cert && { cert }),
    ...(key && { key }),
    minVersion: `TLSv${tls.min_version}` as SecureVersion,
    ...(tls.max_version && { maxVersion: `TLSv${tls.max_version}` as SecureVersion }),
    ...(tls.cipher_suites && { ciphers: tls.cipher_suites.map(opensslSuite).join(':') }),
    ...(tls.curve_preferences && { ecdhCurve: tls.curve_preferences.map((curve) => CURVES[curve]).join(':') }),
  };
}

/** Options for tls, https and http2 servers. Reads the files now. */
export async function serverTlsOptions(tls: ServerTls): Promise<TlsOptions> {
  const options = await common(tls);
  if (!tls.client_ca_file) return options;
  const authority = await pem('client_ca_file', tls.client_ca_file, undefined);
  return { ...options, ca: authority, requestCert: true, rejectUnauthorized: true };
}

/**
 * Options for tls, https, http2 and undici clients; undefined where `insecure` says that there is no TLS. Reads the
 * files now.
 */
export async function clientTlsOptions(tls: ClientTls): Promise<ConnectionOptions | undefined> {
  if (tls.insecure) return undefined;
  const ca = await pem('ca_file', tls.ca_file, tls.ca_pem);
  return {
    ...(ca && { ca: tls.include_system_ca_certs_pool ? [ca, ...rootCertificates] : [ca] }),
    ...(await common(tls)),
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(tls.server_name_override && { servername: tls.server_name_override }),
  };
}
