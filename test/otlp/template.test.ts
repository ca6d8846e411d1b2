import assert from 'node:assert/strict';
import { it } from 'node:test';
import { opentelemetry } from '#proto';
import { double, integer, TemplateWriter, TIME, template } from '../../src/otlp/template.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

const block = template({
  resource: { attributes: [{ key: 'service.name', value: { stringValue: 'größer' } }] },
  scopeMetrics: [
    {
      metrics: [
        { name: 'a', gauge: { dataPoints: [{ timeUnixNano: TIME, asInt: integer(0) }] } },
        { name: 'b', gauge: { dataPoints: [{ timeUnixNano: TIME, asDouble: double(1) }] } },
        { name: 'c', summary: { dataPoints: [{ timeUnixNano: TIME, count: integer(2), sum: double(1) }] } },
      ],
    },
  ],
});

it('fills every hole, and nothing else, of every block of a request', () => {
  const writer = new TemplateWriter();
  const time = 1_793_491_200_000_000_007n;
  const rows = [
    [0, -0.5, 9_007_199_254_740_991],
    [-3, 1e300, 4_294_967_296],
  ];
  for (const row of rows) writer.append(block, time, row);
  const bytes = writer.take();
  assert.equal(writer.length, 0);
  const expected = rows.map(([a, b, c]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'größer' } }] },
    scopeMetrics: [
      {
        metrics: [
          { name: 'a', gauge: { dataPoints: [{ timeUnixNano: String(time), asInt: a }] } },
          { name: 'b', gauge: { dataPoints: [{ timeUnixNano: String(time), asDouble: b }] } },
          { name: 'c', summary: { dataPoints: [{ timeUnixNano: String(time), count: c, sum: b }] } },
        ],
      },
    ],
  }));
  assert.deepEqual(
    bytes,
    Uint8Array.from(ExportMetricsServiceRequest.encode({ resourceMetrics: expected as never }).finish()),
  );
});

it('grows with its blocks', () => {
  const writer = new TemplateWriter();
  for (let i = 0; i < 5000; i++) writer.append(block, BigInt(i + 1), [i, i / 2, 1]);
  const bytes = writer.take();
  assert.equal(bytes.length, 5000 * block.bytes.length);
  assert.equal(ExportMetricsServiceRequest.decode(bytes).resourceMetrics.length, 5000);
});
