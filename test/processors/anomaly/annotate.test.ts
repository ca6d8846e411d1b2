// Scores as attributes of forwarded points, for those who come from isolationforestprocessor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { Bench } from '../../support/anomaly.js';
import { fault, PAYMENT, shopRequest } from '../../support/shop.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const NAMES = ['anomaly.isolation_score', 'anomaly.is_anomaly'];

/** Attributes of every point by its resource's service. */
function attributesOf(body: Uint8Array): { service: string; attributes: Map<string, unknown> }[] {
  return ExportMetricsServiceRequest.decode(body).resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const service = resource?.attributes?.find(({ key }) => key === 'service.name')?.value?.stringValue ?? '';
    return (scopeMetrics ?? []).flatMap(({ metrics }) =>
      (metrics ?? []).flatMap(({ gauge, summary }) =>
        ((gauge ?? summary)?.dataPoints ?? []).map(({ attributes }) => ({
          service,
          attributes: new Map(
            (attributes ?? []).map(({ key, value }) => [key!, value?.doubleValue ?? value?.boolValue]),
          ),
        })),
      ),
    );
  });
}

test('off by default: the very bytes', async () => {
  const bench = new Bench();
  await bench.processor.start();
  const body = shopRequest(0);
  await bench.send(body);
  assert.equal(bench.sink.forwarded[0]!.body, body);
  await bench.processor.shutdown();
});

test('every point carries the score and verdict of its edge, learnt from the points as they came', async () => {
  const bench = new Bench({ score_attributes: true });
  await bench.processor.start();
  const change = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6 }));
  for (let i = 0; i < 306; i++) await bench.send(shopRequest(i, change));
  const points = attributesOf(bench.sink.forwarded.at(-1)!.body);
  assert.equal(points.length, 16);
  for (const { service, attributes } of points) {
    assert.ok(NAMES.every((name) => attributes.has(name)));
    assert.equal(attributes.get('anomaly.is_anomaly'), service === 'shop/payment');
    const score = Number(attributes.get('anomaly.isolation_score'));
    assert.equal(score > 0.9, service === 'shop/payment');
  }
  assert.ok(
    attributesOf(bench.sink.forwarded[0]!.body).every(({ attributes }) => !attributes.has(NAMES[0]!)),
    'nothing known yet',
  );
  assert.equal(bench.processor.status().edges, 4);
  assert.equal(bench.processor.status().series.mapped, 16);
  await bench.processor.shutdown();
});
