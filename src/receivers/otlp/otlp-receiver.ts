// The `otlp` receiver: one handler behind the protocols that are configured.
import { identityOf } from '../../auth/binding.js';
import { type AuthConfig, serverAuthenticator } from '../../auth/config.js';
import { KnownTokens } from '../../auth/known-tokens.js';
import { MIB } from '../../config/bytes.js';
import type { Settings } from '../../config/settings.js';
import { type Consumer, formatId, type Receiver, type ServerAuthenticator, type Signal } from '../../pipeline/index.js';
import { type ReceiverEvents, receiverEvents, type Transport } from '../../telemetry/receiver-events.js';
import { Access } from './access.js';
import { ClientNames } from './client-names.js';
import type { Config } from './config.js';
import { GrpcServer } from './grpc-server.js';
import { HttpServer } from './http-server.js';
import { type CallSettings, type Inspect, RequestHandler } from './request-handler.js';

interface Server {
  readonly address: string;
  start(): Promise<void>;
  shutdown(): Promise<void>;
}

/** `mutual`: clients need a certificate. */
export type TlsMode = 'off' | 'on' | 'mutual';

/** What its senders have to know, for `GET /status`. */
export interface ReceiverReport {
  /** Senders have to show one. */
  readonly token: boolean;
  readonly tls: Readonly<Record<Transport, TlsMode>>;
}

function tlsMode(tls: { readonly client_ca_file?: string | undefined } | undefined): TlsMode {
  if (!tls) return 'off';
  return tls.client_ca_file === undefined ? 'on' : 'mutual';
}

export class OtlpReceiver implements Receiver {
  private readonly handler: RequestHandler;
  private readonly servers = new Map<Transport, Server>();
  private readonly report: ReceiverReport;

  constructor(settings: Settings, config: Config, inspect: Inspect) {
    const { grpc, http } = config.protocols;
    this.handler = new RequestHandler(inspect, settings.ledger);
    const events = receiverEvents(settings.telemetry, settings.id, transportsOf(config));
    const shared = { handler: this.handler, events };
    const accesses = accessesOf(settings, config);
    this.report = {
      token: accesses.grpc.asks || accesses.http.asks,
      tls: { grpc: tlsMode(grpc?.tls), http: tlsMode(http?.tls) },
    };
    if (grpc)
      this.servers.set(
        'grpc',
        new GrpcServer(settings.id, grpc, grpcCalls({ ...shared, access: accesses.grpc }, grpc)),
      );
    if (http)
      this.servers.set(
        'http',
        new HttpServer(settings.id, http, httpCalls({ ...shared, access: accesses.http }, http)),
      );
  }

  deliver(signal: Signal, consumer: Consumer): void {
    this.handler.deliver(signal, consumer);
  }

  /** A protocol that cannot start takes the others down with it: half a receiver would go unnoticed. */
  async start(): Promise<void> {
    try {
      for (const server of this.servers.values()) await server.start();
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  async shutdown(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.shutdown()));
  }

  /** For the doctor, which is to speak to each port as its senders do. */
  inspect(): ReceiverReport {
    return this.report;
  }

  addresses(): Readonly<Record<string, string>> {
    const running = [...this.servers].filter(([, server]) => server.address !== '');
    return Object.fromEntries(running.map(([transport, server]) => [transport, server.address]));
  }
}

function transportsOf({ protocols: { grpc, http } }: Config): Transport[] {
  return [...(grpc ? ['grpc' as const] : []), ...(http ? ['http' as const] : [])];
}

/** Who may send over each protocol. The older tokens stand for an authenticator of both. */
function accessesOf(settings: Settings, { protocols, token, tokens, clients }: Config): Record<Transport, Access> {
  const owner = formatId(settings.id);
  const names = clients.length > 0 ? new ClientNames(clients, owner) : undefined;
  const older = olderTokens({ token, tokens }, owner);
  const access = (auth: AuthConfig | undefined): Access => {
    const authenticator = auth ? serverAuthenticator((id) => settings.extension(id), auth) : older;
    return new Access({ authenticator, clients: names });
  };
  return { grpc: access(protocols.grpc?.auth), http: access(protocols.http?.auth) };
}

/** Undefined: there are none. */
export function olderTokens(
  { token, tokens }: Pick<Config, 'token' | 'tokens'>,
  owner: string,
): ServerAuthenticator | undefined {
  if (token.length + tokens.length === 0) return undefined;
  return new KnownTokens([
    ...token.map((each) => ({ token: each, identity: {} })),
    ...tokens.map((each, place) => ({ token: each.token, identity: identityOf(each, owner, `tokens[${place}]`) })),
  ]);
}

type Shared = { readonly handler: RequestHandler; readonly access: Access; readonly events: ReceiverEvents };

function grpcCalls(shared: Shared, grpc: NonNullable<Config['protocols']['grpc']>): CallSettings {
  return { ...shared, limit: grpc.max_recv_msg_size_mib * MIB, includeMetadata: grpc.include_metadata };
}

function httpCalls(shared: Shared, http: NonNullable<Config['protocols']['http']>): CallSettings {
  return { ...shared, limit: http.max_request_body_size, includeMetadata: http.include_metadata };
}
