// What a user may write under `oauth2client:`, under the Collector's keys.
import { z } from 'zod';
import { duration } from '../../config/duration.js';
import { httpUrl } from '../../config/endpoint.js';
import { type ClientTls, clientTls } from '../../config/tls.js';

export interface Config {
  readonly client_id?: string | undefined;
  readonly client_id_file?: string | undefined;
  readonly client_secret?: string | undefined;
  readonly client_secret_file?: string | undefined;
  readonly endpoint_params: Readonly<Record<string, string | readonly string[]>>;
  readonly scopes: readonly string[];
  readonly token_url: string;
  readonly tls: ClientTls;
  /** ms; 0: none. */
  readonly timeout: number;
  readonly expiry_buffer: number;
}

const file = z.string().min(1).optional();
const param = z.union([z.string(), z.array(z.string())]);

export const schema: z.ZodType<Config> = z.strictObject({
  client_id: z.string().min(1).optional().describe('Who we are'),
  client_id_file: file.describe('File that says it instead, read again when it changes'),
  client_secret: z.string().min(1).optional().describe('Our secret').meta({ secret: true }),
  client_secret_file: file.describe('File that holds it instead, read again when it changes'),
  endpoint_params: z.record(z.string(), param).default({}).describe('More parameters of the request for a token'),
  scopes: z.array(z.string().min(1)).default([]).describe('Scopes to ask for'),
  token_url: httpUrl.describe('Where tokens come from'),
  tls: clientTls.prefault({}).describe('TLS of token_url'),
  timeout: duration.prefault('10s').describe('Longest wait for a token; 0: none'),
  expiry_buffer: duration.prefault('5m').describe('A new token is fetched so long before the old one ends'),
});

/** What no single key shows. */
export function validate(config: Config): string[] {
  return (['client_id', 'client_secret'] as const).flatMap((key) =>
    (config[key] === undefined) === (config[`${key}_file`] === undefined) ? [`give either ${key} or ${key}_file`] : [],
  );
}
