// What a user may write under `otlp:`, under the Collector's names.
import { z } from 'zod';
import { type BindingConfig, bindingKeys } from '../../auth/binding.js';
import { type AuthConfig, authExtension, authSchema } from '../../auth/config.js';
import { MIB } from '../../config/bytes.js';
import { duration, positiveDuration } from '../../config/duration.js';
import { type HostPort, hostPort } from '../../config/endpoint.js';
import { type ServerTls, serverTls } from '../../config/tls.js';
import type { ClientConfig } from './client-names.js';

export interface ServerKeepaliveConfig {
  readonly server_parameters: {
    /** ms, 0 off; so are the others. */
    readonly max_connection_idle: number;
    readonly max_connection_age: number;
    readonly max_connection_age_grace: number;
    readonly time: number;
    readonly timeout: number;
  };
  readonly enforcement_policy: { readonly min_time: number; readonly permit_without_stream: boolean };
}

interface ProtocolConfig {
  readonly auth?: AuthConfig | undefined;
  /** 0: no bound. */
  readonly max_connections: number;
  readonly max_connections_per_peer: number;
  /** ms, 0: none. */
  readonly read_timeout: number;
}

export interface GrpcConfig extends ProtocolConfig {
  readonly endpoint: HostPort;
  readonly tls?: ServerTls | undefined;
  readonly max_recv_msg_size_mib: number;
  readonly max_concurrent_streams: number;
  readonly keepalive: ServerKeepaliveConfig;
  readonly include_metadata: boolean;
}

export interface CorsConfig {
  readonly allowed_origins: readonly string[];
  readonly allowed_headers: readonly string[];
  readonly exposed_headers: readonly string[];
  /** Seconds, as in the Collector. */
  readonly max_age: number;
}

export interface HttpConfig extends ProtocolConfig {
  readonly endpoint: HostPort;
  readonly tls?: ServerTls | undefined;
  readonly metrics_url_path: string;
  readonly traces_url_path: string;
  readonly logs_url_path: string;
  /** Bytes. */
  readonly max_request_body_size: number;
  readonly include_metadata: boolean;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly cors?: CorsConfig | undefined;
  readonly read_header_timeout: number;
  readonly idle_timeout: number;
  readonly keep_alives_enabled: boolean;
}

export interface TokenConfig extends BindingConfig {
  readonly token: string;
}

export interface Config {
  readonly protocols: { readonly grpc?: GrpcConfig | undefined; readonly http?: HttpConfig | undefined };
  readonly clients: readonly ClientConfig[];
  readonly token: readonly string[];
  readonly tokens: readonly TokenConfig[];
}

const FOUR_GIB_MIB = 4095;

const milliseconds = (text: string, meaning: string) => duration.prefault(text).describe(meaning);

const keepalive = z.strictObject({
  server_parameters: z
    .strictObject({
      max_connection_idle: milliseconds('0s', 'Connections without a call for so long are closed; 0: never'),
      max_connection_age: milliseconds('0s', 'Connections of this age (±10 %) are asked to come back anew; 0: never'),
      max_connection_age_grace: milliseconds('0s', 'Then, calls still open after so long are cut off; 0: never'),
      time: milliseconds('2h', 'A silent client is pinged after so long; 0: never'),
      timeout: milliseconds('20s', 'Without an answer to the ping its connection is closed after so long'),
    })
    .prefault({}),
  enforcement_policy: z
    .strictObject({
      min_time: milliseconds('0s', 'Clients that ping more often than this are sent away; 0: any rate is fine'),
      permit_without_stream: z.boolean().default(true).describe('Clients may ping while they have no call open'),
    })
    .prefault({}),
});

/** `grpc:` with nothing behind it is an object with all defaults. */
const orDefaults = <T extends z.ZodType>(schema: T): z.ZodType<z.output<T>> =>
  z.preprocess((value) => value ?? {}, schema) as unknown as z.ZodType<z.output<T>>;

const includeMetadata = z
  .boolean()
  .default(false)
  .describe('Keep all metadata of a request with its batch; `authorization` and `x-pxanomaly-*` are always kept');

const connections = (most: number, meaning: string) =>
  z
    .number()
    .int()
    .min(0)
    .default(most)
    .describe(`${meaning}; beyond it the one that was idle the longest goes. 0: any number`);

/** Whom it lets in, and what bounds what a peer can make us keep, on either transport. */
const common = {
  auth: authSchema.optional().describe('Extension that says who may send (`bearertokenauth`, `basicauth`)'),
  max_connections: connections(2000, 'Connections at once'),
  max_connections_per_peer: connections(500, 'Connections at once from one address'),
  read_timeout: milliseconds('1m', 'Longest wait for a whole request; 0: none'),
};

const grpc = z.strictObject({
  endpoint: hostPort.prefault('localhost:4317').describe('Address to listen on'),
  tls: serverTls.optional().describe('TLS; none: plain HTTP/2 (h2c)'),
  max_recv_msg_size_mib: z
    .number()
    .int()
    .min(1)
    .max(FOUR_GIB_MIB)
    .default(64)
    .describe('Largest message, before and after decompression, MiB'),
  max_concurrent_streams: z
    .number()
    .int()
    .min(1)
    .max(0xffffffff)
    .default(100)
    .describe('Calls at once on a connection'),
  keepalive: keepalive.prefault({}).describe('Pings and ages of connections'),
  ...common,
  include_metadata: includeMetadata,
});

const urlPath = (path: string) =>
  z
    .string()
    .regex(/^\/[^\s?#*:]*$/, 'must be a path such as "/v1/metrics"')
    .default(path);

const cors = z.strictObject({
  allowed_origins: z.array(z.string().min(1)).default([]).describe('Origins that may send; `*` stands for anything'),
  allowed_headers: z.array(z.string().min(1)).default([]).describe('Headers they may set beside the usual'),
  exposed_headers: z.array(z.string().min(1)).default([]).describe('Headers of the answer they may read'),
  max_age: z.number().int().min(0).default(0).describe('Seconds for which a browser may remember the permission'),
});

const http = z.strictObject({
  endpoint: hostPort.prefault('localhost:4318').describe('Address to listen on'),
  tls: serverTls.optional().describe('TLS; none: plain HTTP'),
  metrics_url_path: urlPath('/v1/metrics').describe('Path for metrics'),
  traces_url_path: urlPath('/v1/traces').describe('Path for traces'),
  logs_url_path: urlPath('/v1/logs').describe('Path for logs'),
  max_request_body_size: z
    .number()
    .int()
    .min(1)
    .max(FOUR_GIB_MIB * MIB)
    .default(64 * MIB)
    .describe('Largest body, before and after decompression, bytes'),
  include_metadata: includeMetadata,
  response_headers: z.record(z.string(), z.string()).default({}).describe('Headers added to every answer'),
  cors: cors.optional().describe('Lets browsers send from other origins'),
  ...common,
  read_header_timeout: positiveDuration.prefault('1m').describe("Longest wait for a request's headers"),
  idle_timeout: positiveDuration.prefault('1m').describe('A connection without requests is closed after so long'),
  keep_alives_enabled: z.boolean().default(true).describe('Connections serve several requests'),
});

const oneToken = z.string().min(1, 'is empty: a token that everybody knows');

const boundToken = z.strictObject({
  token: oneToken.describe('The token').meta({ secret: true }),
  ...bindingKeys,
});

const client = z.strictObject({
  ...bindingKeys,
  name: z
    .string()
    .min(1)
    .describe('Common name, or DNS, URI or email name, of its certificate; `*` is any text, `?` one character'),
});

export const schema: z.ZodType<Config> = z.strictObject({
  protocols: z
    .strictObject({ grpc: orDefaults(grpc).optional(), http: orDefaults(http).optional() })
    .describe('Protocols to serve; one that is not listed is off'),
  clients: z
    .array(client)
    .default([])
    .describe(
      'Senders by their certificates, where `tls.client_ca_file` asks for one; others are refused. Default: all',
    ),
  token: z
    .union([oneToken.transform((token) => [token]), z.array(oneToken).min(1)])
    .optional()
    .transform((tokens) => tokens ?? [])
    .describe('Older form of `auth` with `bearertokenauth`: tokens, one of which senders must show')
    .meta({ secret: true }),
  tokens: z.array(boundToken).default([]).describe('Older form of `tokens` of `bearertokenauth`'),
});

/** What no single key shows. */
export function validate(config: Config): string[] {
  return [...validateProtocols(config), ...validateTokens(config), ...validateAuth(config)];
}

const PROTOCOLS = ['grpc', 'http'] as const;

function validateAuth({ protocols, token, tokens, clients }: Config): string[] {
  return PROTOCOLS.flatMap((name) => {
    const protocol = protocols[name];
    if (!protocol) return [];
    const { auth, tls } = protocol;
    return [
      ...(auth && token.length + tokens.length > 0
        ? [`protocols.${name}: give either auth or the older token and tokens`]
        : []),
      ...(clients.length > 0 && tls?.client_ca_file === undefined
        ? [`clients: protocols.${name} asks for no certificate; give tls.client_ca_file`]
        : []),
    ];
  });
}

/** Older settings, with what to write in their place. */
export function advise({ token, tokens }: Config): string[] {
  const older = [...(token.length > 0 ? ['token'] : []), ...(tokens.length > 0 ? ['tokens'] : [])];
  return older.map(
    (key) =>
      `${key} is an older setting: move it to extensions::bearertokenauth, name that in service::extensions, ` +
      'and give each protocol auth: { authenticator: bearertokenauth }',
  );
}

/** Ids of extensions that it needs, by the key that names each. */
export function extensions({ protocols }: Config): Record<string, string> {
  const named = PROTOCOLS.map((name) => authExtension(protocols[name]?.auth, `protocols.${name}.`));
  return Object.assign({}, ...named) as Record<string, string>;
}

/** A token or a name that stands for two would be bound to whichever is found. */
function validateTokens({ token, tokens }: Config): string[] {
  const places = new Map(token.map((each) => [each, 'token']));
  const names = new Map<string, string>();
  return tokens.flatMap(({ token: each, name }, index) => {
    const place = `tokens[${index}]`;
    const problems: string[] = [];
    const same = places.get(each);
    if (same !== undefined) problems.push(`${place}: is the same token as ${same}`);
    places.set(each, place);
    const namesake = name === undefined ? undefined : names.get(name);
    if (namesake !== undefined) problems.push(`${place}: has the same name as ${namesake}`);
    if (name !== undefined) names.set(name, place);
    return problems;
  });
}

function validateProtocols({ protocols: { grpc: g, http: h } }: Config): string[] {
  if (!g && !h) return ['protocols: list at least one of grpc and http'];
  const same =
    g && h && g.endpoint.port !== 0 && g.endpoint.port === h.endpoint.port && g.endpoint.host === h.endpoint.host;
  return same ? ['protocols: grpc and http need an endpoint each'] : [];
}
