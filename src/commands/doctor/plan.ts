// What the doctor will look at: addresses from the running gateway, TLS, tokens and paths from the configuration where
// it is given.

import { type HostPort, parseGrpcTarget, parseHostPort } from '../../config/endpoint.js';
import type { GatewayConfig } from '../../config/gateway-config.js';
import type { Config as BearerConfig } from '../../extensions/bearertokenauth/config.js';
import type { Config as HealthConfig } from '../../extensions/health-check/config.js';
import { NAMES } from '../../otlp/messages.js';
import type { Signal } from '../../pipeline/index.js';
import type { Config as OtlpConfig } from '../../receivers/otlp/config.js';
import type { ReceiverReport } from '../../receivers/otlp/otlp-receiver.js';
import type { StatusDocument } from '../../service/status.js';

export interface ReceiverPlan {
  readonly id: string;
  readonly protocol: 'grpc' | 'http';
  readonly at: HostPort;
  readonly tls: boolean;
  /** Client certificates are asked for: the doctor has none. */
  readonly mutual: boolean;
  readonly token: string | undefined;
  /** Requests without one are refused. */
  readonly needsToken: boolean;
  readonly signals: readonly Signal[];
  /** Paths of OTLP/HTTP. */
  readonly paths: Readonly<Record<Signal, string>>;
}

export interface HopPlan {
  readonly id: string;
  readonly text: string;
  readonly at: HostPort | undefined;
}

export interface Plan {
  readonly receivers: readonly ReceiverPlan[];
  readonly health: readonly { readonly id: string; readonly at: HostPort; readonly path: string }[];
  readonly nextHops: readonly HopPlan[];
}

export interface PlanInput {
  /** What the gateway says of itself. */
  readonly status: StatusDocument;
  /** Host by which the gateway was reached: stands in for "every interface". */
  readonly host: string;
  readonly config: GatewayConfig | undefined;
  readonly token: string | undefined;
}

const DEFAULT_PATHS = { metrics: NAMES.metrics.httpPath, traces: NAMES.traces.httpPath, logs: NAMES.logs.httpPath };

export function planOf(input: PlanInput): Plan {
  const { status, config } = input;
  return {
    receivers: status.components.filter(({ kind }) => kind === 'receiver').flatMap((one) => receiverPlans(one, input)),
    health: status.components.flatMap(({ id, addresses }) => {
      if (!/^health_check(\/|$)/.test(id)) return [];
      const at = dialled(addresses.http ?? '', input.host);
      const own = config?.components.extension.get(id)?.config as HealthConfig | undefined;
      return at ? [{ id, at, path: own?.path ?? '/' }] : [];
    }),
    nextHops: status.components.flatMap(({ id, targets }) => targets.map((text) => ({ id, text, at: targetOf(text) }))),
  };
}

/** An address to dial: that of a server on every interface is the host itself. */
function dialled(address: string, host: string): HostPort | undefined {
  const at = parseHostPort(address);
  return at && (at.host === '::' || at.host === '0.0.0.0') ? { host, port: at.port } : at;
}

/** Of a URL or of a gRPC target. */
export function targetOf(text: string): HostPort | undefined {
  const target = parseGrpcTarget(text);
  if (target) return { host: target.host, port: target.port };
  if (!URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** A token of the extension that lets senders in, where it says one. */
function tokenOf(
  config: GatewayConfig | undefined,
  auth: { readonly authenticator: string } | undefined,
): string | undefined {
  const extension = auth && config?.components.extension.get(auth.authenticator);
  if (extension?.factory.type !== 'bearertokenauth') return undefined;
  const { token, tokens } = extension.config as BearerConfig;
  return token ?? tokens.find((each) => each.token !== undefined)?.token;
}

function receiverPlans(
  { id, addresses, state }: StatusDocument['components'][number],
  { status, config, host, token }: PlanInput,
): ReceiverPlan[] {
  const own = config?.components.receiver.get(id)?.config as OtlpConfig | undefined;
  const report = state as ReceiverReport | undefined;
  const signals = status.pipelines
    .filter(({ receivers }) => receivers.includes(id))
    .map((pipeline) => pipeline.id.split('/')[0] as Signal);
  return (['grpc', 'http'] as const).flatMap((protocol) => {
    const at = dialled(addresses[protocol] ?? '', host);
    if (!at) return [];
    const tls = own?.protocols[protocol]?.tls;
    // The running gateway knows better than a configuration that may have changed since.
    const mode = report?.tls[protocol];
    const http = own?.protocols.http;
    return [
      {
        id,
        protocol,
        at,
        tls: mode ? mode !== 'off' : tls !== undefined,
        mutual: mode ? mode === 'mutual' : tls?.client_ca_file !== undefined,
        token: token ?? own?.token[0] ?? own?.tokens[0]?.token ?? tokenOf(config, own?.protocols[protocol]?.auth),
        needsToken: report?.token ?? (own !== undefined && own.token.length + own.tokens.length > 0),
        signals: [...new Set(signals)],
        paths: http
          ? { metrics: http.metrics_url_path, traces: http.traces_url_path, logs: http.logs_url_path }
          : DEFAULT_PATHS,
      },
    ];
  });
}
