// The gateway of the demo: production defaults, with its results on a Prometheus endpoint, in a file and on the
// terminal.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { COMPONENTS } from '../components.js';
import type { ComponentFactory } from '../config/settings.js';
import { type AnomalyEvent, eventsOf } from '../detection/results/read-events.js';
import { createGateway, type Gateway, type GatewayInput } from '../index.js';
import { HOST, type Ports } from './ports.js';

const HOUR_MS = 3_600_000;
/** New edges are unexpected after a day at the defaults; the demo has half a day of history. */
const LEARN_NEW_EDGES_MS = 6 * HOUR_MS;

const nothing = z.strictObject({});

/** An exporter that hands events to the demo. */
function watcher(take: (event: AnomalyEvent) => void): ComponentFactory<'exporter', typeof nothing> {
  return {
    kind: 'exporter',
    type: 'demo',
    stability: 'development',
    signals: ['logs'],
    schema: nothing,
    create: () => ({
      start: async () => {},
      shutdown: async () => {},
      refusal: () => undefined,
      consume: (batch) => {
        for (const event of eventsOf(batch.body)) take(event);
        return undefined;
      },
    }),
  };
}

/** How long the demo watches before an edge is unexpected, ms. */
export function learnNewEdgesFor(historyMs: number): number {
  return Math.min(LEARN_NEW_EDGES_MS, historyMs / 2);
}

/** Where our own metrics are served. */
function prometheusReader({ telemetry }: Ports): object {
  return { pull: { exporter: { prometheus: { host: HOST, port: telemetry } } } };
}

function configuration(ports: Ports, file: string, historyMs: number): GatewayInput {
  const learnFor = learnNewEdgesFor(historyMs);
  return {
    receivers: {
      otlp: {
        protocols: { grpc: { endpoint: `${HOST}:${ports.grpc}` }, http: { endpoint: `${HOST}:${ports.http}` } },
      },
    },
    processors: {
      memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 20 },
      // Faster than real time, its clock is ahead of every receipt.
      anomaly: {
        max_future: '0s',
        max_past: '0s',
        detectors: { new_edge: { learn_for: `${Math.round(learnFor / 1000)}s` } },
      },
    },
    connectors: { anomaly_events: {} },
    exporters: {
      prometheus: { endpoint: `${HOST}:${ports.prometheus}` },
      file: { path: file },
      demo: {},
    },
    service: {
      telemetry: { logs: { level: 'warn' }, metrics: { readers: [prometheusReader(ports)] } },
      pipelines: {
        metrics: {
          receivers: ['otlp'],
          processors: ['memory_limiter', 'anomaly'],
          exporters: ['prometheus', 'anomaly_events'],
        },
        logs: { receivers: ['anomaly_events'], exporters: ['file', 'demo'] },
      },
    },
  };
}

/** The gateway, not yet started. `take` gets every event. */
export function demoGateway(
  ports: Ports,
  file: string,
  historyMs: number,
  take: (event: AnomalyEvent) => void,
): Gateway {
  return createGateway(configuration(ports, file, historyMs), { components: [...COMPONENTS, watcher(take)] });
}

/** Windows that the detectors have closed so far. */
export async function windowsClosed({ telemetry }: Gateway): Promise<number> {
  const metric = await telemetry.registry.getSingleMetric('pxanomaly_windows_closed')?.get();
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

/** The file, or one in the temporary directory where this one cannot be written. */
export async function writableFile(file: string): Promise<string> {
  try {
    await access(dirname(resolve(file)), constants.W_OK);
    return file;
  } catch {
    return join(tmpdir(), 'anomalies.jsonl');
  }
}
