// The scripts of the Pixie kit through Pixie's sink into the gateway: the columns that each exports become edges with
// all their features.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import { type AnomalyProcessor, createAnomalyProcessor } from '../../src/processors/anomaly/processor.js';
import { schema } from '../../src/processors/anomaly/schema.js';
import { ROOT } from '../support/paths.js';
import { type Export, type PxlRow, parseExport, sinkRequest } from '../support/pxl-export.js';
import { testSettings } from '../support/settings.js';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const START = 1_767_571_200_000_000_000n;
const WINDOW = 10_000_000_000n;

const script = (name: string): Export =>
  parseExport(readFileSync(join(ROOT, 'deploy/pixie/scripts', `${name}.pxl`), 'utf8'));

const ROW: PxlRow = {
  cluster_id: 'c1',
  cluster_name: 'prod',
  provider: 'pixie',
  source_service: 'shop/checkout',
  source_namespace: 'shop',
  source_pod: 'shop/checkout-1',
  destination_service: 'shop/payment',
  destination_namespace: 'shop',
  destination_pod: 'shop/payment-1',
  remote_addr: '10.0.0.1',
  requests: 100,
  latency_sum: 100 * 5e6,
  errors: 4,
  req_bytes: 1000,
  resp_bytes: 9000,
};

interface Played {
  readonly processor: AnomalyProcessor;
  /** Observed values of the last window by edge and feature; windows are kept in single precision. */
  readonly observed: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/** Plays windows of rows and reads back what the gateway says it observed. */
async function play(name: string, rows: (window: number) => PxlRow[], windows = 64): Promise<Played> {
  const config = schema.parse({ export_bands: 'all', export_interval: '10s' });
  const processor = createAnomalyProcessor(testSettings('anomaly'), config, REPLAY);
  const observed = new Map<string, Record<string, number>>();
  const stage = processor.stage('metrics', 'metrics', {
    refusal: () => undefined,
    consume: (batch) => {
      if (batch.origin === 'anomaly') readObserved(batch, observed);
      return undefined;
    },
  });
  await processor.start();
  const exported = script(name);
  for (let window = 1; window <= windows; window++) {
    const body = sinkRequest(exported, rows(window), START + BigInt(window) * WINDOW);
    await stage.consume({ ...ownBatch('metrics', body, 0), origin: 'received' });
  }
  await processor.flush();
  return { processor, observed };
}

function readObserved({ body }: Batch, observed: Map<string, Record<string, number>>): void {
  for (const { scopeMetrics } of MetricsRequest.decode(body).resourceMetrics)
    for (const metric of (scopeMetrics ?? []).flatMap(({ metrics }) => metrics ?? []))
      if (metric.name === 'px.anomaly.observed')
        for (const { attributes, asDouble } of metric.gauge?.dataPoints ?? []) {
          const value = (key: string): string => attributes?.find((a) => a.key === key)?.value?.stringValue ?? '';
          const edge = `${value('src_namespace')}/${value('src_service')} -> ${value('namespace')}/${value('dst_service')}`;
          observed.set(edge, {
            ...observed.get(edge),
            [value('anomaly.feature')]: Number((asDouble ?? Number.NaN).toPrecision(6)),
          });
        }
}

const EDGE = 'shop/checkout -> shop/payment';

describe('Pixie kit: from columns to edges', () => {
  it('HTTP edges have latency, requests, errors and bytes, with the values of the rows', async () => {
    const { observed } = await play('http-edges', () => [ROW]);
    assert.deepEqual([...observed.keys()], [EDGE]);
    assert.deepEqual(observed.get(EDGE), { latency: 5e6, requests: 100, errors: 0.04, bytes: 10_000 });
  });

  it('pods of a service add up', async () => {
    const other = {
      ...ROW,
      source_pod: 'shop/checkout-2',
      destination_pod: 'shop/payment-2',
      requests: 300,
      latency_sum: 300 * 9e6,
    };
    const { observed } = await play('http-edges', () => [ROW, other]);
    assert.deepEqual(observed.get(EDGE), { latency: 8e6, requests: 400, errors: 0.02, bytes: 20_000 });
  });

  it('a pod of two services is one edge, counted once', async () => {
    const twice = { ...ROW, destination_service: '["shop/payment-headless","shop/payment"]' };
    const { observed } = await play('http-edges', () => [twice]);
    assert.deepEqual([...observed.keys()], [EDGE]);
    assert.equal(observed.get(EDGE)?.requests, 100);
  });

  it('a client outside the cluster is external', async () => {
    const { observed } = await play('http-edges', () => [
      { ...ROW, source_service: '', source_namespace: '', source_pod: '' },
    ]);
    assert.deepEqual([...observed.keys()], ['/external -> shop/payment']);
  });

  it("Pixie's own traffic and the gateway's are left out, even where a script lets them through", async () => {
    const own = [
      { ...ROW, destination_service: 'pl/vizier-query-broker-svc', destination_namespace: 'pl' },
      { ...ROW, destination_service: 'observability/pxanomaly', destination_namespace: 'observability' },
    ];
    const { observed } = await play('http-edges', () => own);
    assert.deepEqual([...observed.keys()], []);
  });

  it('connection edges are differences of counters, and the sum of both directions', async () => {
    const rows = (window: number): PxlRow[] =>
      ['a', 'b'].map((process, i) => ({
        ...ROW,
        process,
        remote_port: 8080,
        bytes_sent: window * 1000 * (i + 1),
        bytes_recv: window * 5000 * (i + 1),
      }));
    const { observed } = await play('connection-edges', rows);
    assert.deepEqual(observed.get(EDGE), { bytes: 18_000 });
  });

  it('a process that restarts counts from zero again, and nothing is negative', async () => {
    const rows = (window: number): PxlRow[] => [
      {
        ...ROW,
        process: 'a',
        remote_port: 8080,
        bytes_sent: (window <= 62 ? window : window - 62) * 1000,
        bytes_recv: 0,
      },
    ];
    const { observed } = await play('connection-edges', rows);
    assert.deepEqual(observed.get(EDGE), { bytes: 1000 });
  });

  for (const [name, features] of Object.entries({
    'postgresql-edges': ['latency', 'requests'],
    'mysql-edges': ['errors', 'latency', 'requests'],
    'redis-edges': ['latency', 'requests'],
    'kafka-edges': ['latency', 'requests'],
  }))
    it(`${name} have ${features.join(', ')}`, async () => {
      const { observed } = await play(name, () => [ROW]);
      assert.deepEqual(new Set(Object.keys(observed.get(EDGE) ?? {})), new Set(features));
      assert.equal(observed.get(EDGE)?.latency, 5e6);
    });
});
