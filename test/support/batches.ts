// Batches and settings for the tests of exporters and processors.

import { pino } from 'pino';
import { opentelemetry } from '#proto';
import type { Settings } from '../../src/config/settings.js';
import { type Batch, type ComponentId, ownBatch, type Signal } from '../../src/pipeline/index.js';
import { createTelemetry, type Telemetry } from '../../src/telemetry/index.js';
import { testLedger } from './ledger.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

/** A batch whose body is `bytes` arbitrary bytes: for stages that never look inside. */
export function opaqueBatch(items: number, bytes = 8, signal: Signal = 'metrics', fill = 1): Batch {
  return { ...ownBatch(signal, new Uint8Array(bytes).fill(fill), items), origin: 'received' };
}

/** A metrics request of `points` gauges, each its own metric. */
export function metricsBatch(points: number, name = 'requests'): Batch {
  const metrics = Array.from({ length: points }, (_, i) => ({
    name: `${name}.${i}`,
    gauge: { dataPoints: [{ timeUnixNano: 1_700_000_000_000_000_000, asDouble: i + 0.5 }] },
  }));
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
  const body = ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(request)).finish();
  return { ...ownBatch('metrics', body, points), origin: 'received' };
}

export interface TestSettings extends Settings {
  /** Log lines written so far, parsed. */
  readonly lines: Record<string, unknown>[];
}

/** Settings with a registry of their own and a logger that keeps its lines. */
export function testSettings(type: string, telemetryOrNone?: Telemetry): TestSettings {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const telemetry = telemetryOrNone ?? createTelemetry({ log: pino({ level: 'debug' }, { write }) });
  const id: ComponentId = { type, name: '' };
  const resource = { 'service.name': 'pxanomaly' };
  const ledger = testLedger();
  const extension = (): undefined => undefined;
  return { id, telemetry, version: '0.0.0-test', instanceId: 'test', resource, ledger, extension, lines };
}

/** Value of a metric with exactly these labels; 0 where it has not been touched. */
export async function metricValue(
  telemetry: Telemetry,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const metric = await telemetry.registry.getSingleMetric(name)?.get();
  const wanted = Object.entries(labels);
  const value = metric?.values.find((v) => {
    const own = v.labels as Record<string, unknown>;
    return Object.keys(own).length === wanted.length && wanted.every(([key, text]) => own[key] === text);
  });
  return value?.value ?? 0;
}

/** Sum of a metric over the label sets that include these labels. */
export async function metricSum(
  telemetry: Telemetry,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const metric = await telemetry.registry.getSingleMetric(name)?.get();
  return (metric?.values ?? [])
    .filter((v) => Object.entries(labels).every(([key, text]) => (v.labels as Record<string, unknown>)[key] === text))
    .reduce((sum, v) => sum + v.value, 0);
}
