// Draws the pictures of docs/how-it-detects.md from a real run: `npm run pictures` writes docs/images/*.svg.
import { writeFileSync } from 'node:fs';
import { opentelemetry } from '#proto';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../src/processors/anomaly/processor.js';
import { schema } from '../../src/processors/anomaly/schema.js';
import { deliver } from '../../test/support/behaviour/delivery.js';
import { RowSource, STEADY } from '../../test/support/behaviour/rows.js';
import { ROOT } from '../../test/support/paths.js';
import { testSettings } from '../../test/support/settings.js';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const START = 1_767_571_200_000_000_000n;
const WINDOW_S = 10;
const EDGE = 'shop/checkout -> shop/payment';

type Name = 'observed' | 'expected' | 'lower' | 'upper' | 'score';
type Series = Record<Name, { at: number; value: number }[]>;

/** An edge with a fault of two minutes and, later, a shift that stays; three steady edges beside it. */
const STREAM = {
  edges: {
    [EDGE]: {
      requests: '300~',
      latency: '50ms~6% for 180m then 160ms~6% for 2m then 50ms~6% for 18m then 75ms~6%',
      errors: '1%~',
      bytes: '3MB~5%',
    },
    'steady/a -> steady/b': STEADY,
    'steady/c -> steady/d': STEADY,
    'steady/e -> steady/f': STEADY,
  },
  seconds: 230 * 60,
};

async function run(): Promise<Series> {
  const config = schema.parse({ export_bands: 'all', export_interval: '10s' });
  const processor = createAnomalyProcessor(testSettings('anomaly'), config, REPLAY);
  const series: Series = { observed: [], expected: [], lower: [], upper: [], score: [] };
  const stage = processor.stage('metrics', 'metrics', {
    refusal: () => undefined,
    consume: (batch) => {
      if (batch.origin === 'anomaly') read(batch, series);
      return undefined;
    },
  });
  await processor.start();
  const stream = { startUnixNano: START, seconds: STREAM.seconds, window: WINDOW_S };
  for (const body of deliver(new RowSource(STREAM.edges, 3), {}, stream))
    await stage.consume({ ...ownBatch('metrics', body, 0), origin: 'received' });
  await processor.flush();
  await processor.shutdown();
  return series;
}

function read({ body }: Batch, series: Series): void {
  for (const { scopeMetrics } of MetricsRequest.decode(body).resourceMetrics)
    for (const metric of (scopeMetrics ?? []).flatMap(({ metrics }) => metrics ?? [])) {
      const name = (metric.name ?? '').replace('px.anomaly.', '') as Name;
      if (!(name in series)) continue;
      for (const { attributes, asDouble, timeUnixNano } of metric.gauge?.dataPoints ?? []) {
        const value = (key: string): string => attributes?.find((a) => a.key === key)?.value?.stringValue ?? '';
        if (value('dst_service') !== 'payment') continue;
        if (name !== 'score' && value('anomaly.feature') !== 'latency') continue;
        const at = Number(BigInt((timeUnixNano ?? 0).toString()) - START) / 60e9;
        series[name].push({ at, value: asDouble ?? Number.NaN });
      }
    }
}

const WIDTH = 960;
const LEFT = 60;
const RIGHT = 20;
const FROM_MIN = 170;
const TO_MIN = STREAM.seconds / 60;

const x = (at: number): number => LEFT + ((at - FROM_MIN) / (TO_MIN - FROM_MIN)) * (WIDTH - LEFT - RIGHT);

function path(points: readonly { at: number; value: number }[], y: (value: number) => number, bottom: number): string {
  const shown = points.filter(({ at }) => at >= FROM_MIN);
  return shown
    .map(({ at, value }, i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${Math.min(y(value), bottom).toFixed(1)}`)
    .join('');
}

function draw(series: Series): string {
  const top = { from: 36, to: 236, max: 0.2 };
  const low = { from: 276, to: 366 };
  const y = (value: number): number => top.to - (Math.min(value, top.max) / top.max) * (top.to - top.from);
  const s = (value: number): number => low.to - value * (low.to - low.from);
  const band = [
    ...series.upper.filter(({ at }) => at >= FROM_MIN),
    ...series.lower.filter(({ at }) => at >= FROM_MIN).reverse(),
  ];
  const area = band
    .map(({ at, value }, i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
  const ticks = [180, 190, 200, 210, 220, 230].map(
    (at) => `<text x="${x(at).toFixed(1)}" y="388" text-anchor="middle">${at} min</text>`,
  );
  const latencies = [0, 50, 100, 150, 200].map(
    (ms) => `<text x="${LEFT - 8}" y="${(y(ms / 1000) + 4).toFixed(1)}" text-anchor="end">${ms} ms</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 400" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#44546a" role="img" aria-label="Latency of an edge with its band, and its score">
<rect width="${WIDTH}" height="400" fill="#ffffff"/>
<text x="${LEFT}" y="20" font-weight="bold" fill="#1f2d3d">Latency of ${EDGE.replace('->', '→')}: observed, expected, and the band within which the instant alone does not alert</text>
<path d="${area}Z" fill="#d6e6f5" stroke="none"/>
<path d="${path(series.expected, y, top.to)}" fill="none" stroke="#3f72af" stroke-width="1.5"/>
<path d="${path(series.observed, y, top.to)}" fill="none" stroke="#1f2d3d" stroke-width="1"/>
${latencies.join('\n')}
<text x="${LEFT}" y="264" font-weight="bold" fill="#1f2d3d">Score; 0.9 is the alert level</text>
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${s(0.9)}" y2="${s(0.9)}" stroke="#c0392b" stroke-dasharray="4 3"/>
<path d="${path(series.score, s, low.to)}" fill="none" stroke="#c0392b" stroke-width="1.2"/>
<text x="${LEFT - 8}" y="${s(0.9) + 4}" text-anchor="end">0.9</text><text x="${LEFT - 8}" y="${s(0) + 4}" text-anchor="end">0</text>
${ticks.join('\n')}
</svg>
`;
}

writeFileSync(`${ROOT}/docs/images/latency-band.svg`, draw(await run()));
