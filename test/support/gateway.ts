// A whole gateway in this process on free ports, and next to it a next hop that remembers what it got.
import { pino } from 'pino';
import { z } from 'zod';
import { opentelemetry } from '#proto';
import { COMPONENTS } from '../../src/components.js';
import type { ComponentFactory } from '../../src/config/settings.js';
import { createGateway, type Gateway, type GatewayInput } from '../../src/index.js';
import type { Batch } from '../../src/pipeline/index.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import { type Event, eventsOf, type Point, pointsOf } from './anomaly.js';
import { atEnd } from './peers/processes.js';

const nothing = z.strictObject({});

export interface Running {
  readonly gateway: Gateway;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly telemetry: string;
  /** What came out of the pipelines, in this process. */
  readonly batches: readonly Batch[];
  /** Log lines so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** The same gateway with something else in its configuration; resolves with the HTTP port, which is another. */
  reload(change: GatewaySetup): Promise<number>;
  results(): Batch[];
  points(): Point[];
  events(): Event[];
}

export interface GatewaySetup {
  readonly token?: string;
  /** Tokens with the clusters that they are bound to. */
  readonly tokens?: readonly object[];
  /** Of both protocols of the receiver. */
  readonly tls?: object;
  /** Id of the extension that says who may send. */
  readonly auth?: string;
  /** Senders by their certificates. */
  readonly clients?: readonly object[];
  readonly anomaly?: object;
  readonly exporters?: Readonly<Record<string, object>>;
  readonly logs?: boolean;
  /** A pipeline for the senders' own logs, with the anomaly processor in it. */
  readonly receivedLogs?: boolean;
  readonly extensions?: Readonly<Record<string, object>>;
  readonly host?: string;
}

function recorder(batches: Batch[]): ComponentFactory<'exporter', typeof nothing> {
  return {
    kind: 'exporter',
    type: 'recorder',
    stability: 'development',
    signals: ['metrics', 'logs', 'traces'],
    schema: nothing,
    create: () => ({
      start: async () => {},
      shutdown: async () => {},
      refusal: () => undefined,
      consume: (batch) => void batches.push(batch),
    }),
  };
}

const portOf = (address = ''): number => Number(address.slice(address.lastIndexOf(':') + 1));

function configOf(setup: GatewaySetup): GatewayInput {
  const exporters = ['recorder', ...Object.keys(setup.exporters ?? {})];
  const protocol = {
    ...(setup.tls ? { tls: setup.tls } : {}),
    ...(setup.auth === undefined ? {} : { auth: { authenticator: setup.auth } }),
  };
  const metrics = setup.logs === false ? exporters : [...exporters, 'anomaly_events'];
  return {
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: '127.0.0.1:0', ...protocol },
          http: { endpoint: '127.0.0.1:0', ...protocol },
        },
        ...(setup.clients === undefined ? {} : { clients: setup.clients }),
        ...(setup.token === undefined ? {} : { token: setup.token }),
        ...(setup.tokens === undefined ? {} : { tokens: setup.tokens }),
      },
    },
    processors: { anomaly: { max_edges: 256, max_series: 2000, max_request_size_mib: 4, ...setup.anomaly } },
    connectors: setup.logs === false ? {} : { anomaly_events: {} },
    exporters: { recorder: {}, ...setup.exporters },
    extensions: setup.extensions,
    service: {
      extensions: Object.keys(setup.extensions ?? {}),
      telemetry: { metrics: { address: `${setup.host ?? '127.0.0.1'}:0` } },
      pipelines: {
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: metrics },
        traces: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['recorder'] },
        ...(setup.receivedLogs
          ? { 'logs/received': { receivers: ['otlp'], processors: ['anomaly'], exporters: ['recorder'] } }
          : {}),
        ...(setup.logs === false ? {} : { logs: { receivers: ['anomaly_events'], exporters } }),
      },
    },
  };
}

/** Starts it; it is shut down by the next `endAll`. */
export async function startInProcess(setup: GatewaySetup = {}): Promise<Running> {
  const batches: Batch[] = [];
  const log: Record<string, unknown>[] = [];
  const gateway = createGateway(configOf(setup), {
    components: [...COMPONENTS, recorder(batches)],
    env: {},
    log: createTelemetry({ log: pino({}, { write: (line: string) => void log.push(JSON.parse(line)) }) }).log,
  });
  await gateway.start();
  atEnd(() => gateway.shutdown());
  const addresses = gateway.addresses();
  const results = (): Batch[] => batches.filter(({ origin, signal }) => origin === 'anomaly' && signal === 'metrics');
  return {
    gateway,
    grpcPort: portOf(addresses['receivers::otlp']?.grpc),
    httpPort: portOf(addresses['receivers::otlp']?.http),
    reload: async (change) => {
      await gateway.reload(configOf({ ...setup, ...change }));
      return portOf(gateway.addresses()['receivers::otlp']?.http);
    },
    telemetry: `127.0.0.1:${portOf(addresses['service::telemetry::metrics']?.http)}`,
    batches,
    log,
    results,
    points: () => results().flatMap(pointsOf),
    events: () => batches.filter(({ signal }) => signal === 'logs').flatMap((batch) => eventsOf(batch)),
  };
}

/** Names of the metrics of a request. */
export function metricNames(body: Uint8Array): string[] {
  return opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest.decode(body).resourceMetrics.flatMap(
    ({ scopeMetrics }) => (scopeMetrics ?? []).flatMap(({ metrics }) => (metrics ?? []).map(({ name }) => name ?? '')),
  );
}
