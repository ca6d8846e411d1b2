// Every producer that docs/reference/producers.md lists, in each of its spellings: which edges and features its metrics
// become.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compileMutes } from '../../../src/detection/rules/mutes.js';
import { formatService } from '../../../src/detection/rules/names.js';
import { type Mapped, resolveRow } from '../../../src/detection/rules/resolve.js';
import { RowReader } from '../../../src/detection/rules/rows.js';
import { createRuleBook } from '../../../src/detection/rules/rule-book.js';
import { featuresOf, isDistribution } from '../../../src/detection/rules/series-roles.js';
import { detectionSettings } from '../../../src/processors/anomaly/settings.js';
import { openRecording } from '../../../src/replay/readers/index.js';
import { anomalyConfig } from '../../support/anomaly.js';
import {
  asRange,
  asScraped,
  asSent,
  PRODUCERS,
  type ProducerRow,
  parseSeries,
  translated,
} from '../../support/producers.js';
import { requestRows } from '../../support/request-rows.js';

const rules = createRuleBook(detectionSettings(anomalyConfig()).rules);
const mutes = compileMutes({ namespaces: ['pl'], services: ['pxanomaly'], paths: [] });
const folder = mkdtempSync(join(tmpdir(), 'producers-'));

function resolve(body: Uint8Array): Mapped[] {
  const reader = new RowReader(body);
  return requestRows(body)
    .map((ranges) => resolveRow(reader.read(ranges), 'default', { rules, mutes }))
    .filter((resolution) => resolution.used || resolution.reason !== 'ignored' || undefined)
    .map((resolution) => {
      assert.ok(resolution.used, JSON.stringify(resolution));
      return resolution;
    });
}

/** "source -> destination: features", with the unit of latency, each once. */
function edgesOf(rows: readonly Mapped[]): string[] {
  const lines = rows.map(({ source, destination, roles, unit }) => {
    const features = featuresOf(roles).map((feature) => (feature === 'latency' ? `latency [${unit}]` : feature));
    return `${source ? formatService(source) : 'nobody'} -> ${formatService(destination)}: ${features.join(', ')}`;
  });
  return [...new Set(lines)].sort();
}

async function replayed(row: ProducerRow, text: string): Promise<Mapped[]> {
  const path = join(folder, `${PRODUCERS.indexOf(row)}.json`);
  writeFileSync(path, text);
  const rows: Mapped[] = [];
  for await (const { body } of (await openRecording([path])).requests()) rows.push(...resolve(body));
  return rows;
}

function check(row: ProducerRow, rows: readonly Mapped[]): void {
  assert.deepEqual(edgesOf(rows), [...row.edges].sort());
  assert.deepEqual([...new Set(rows.map(({ rule }) => rule.preset))], [row.preset]);
  for (const { assumedUnit, rule } of rows) {
    // Old histograms say neither in unit nor name what they are in, once Prometheus has had them.
    if (!rule.rule.likelyUnit) assert.equal(assumedUnit, undefined, rule.rule.name);
  }
}

for (const row of PRODUCERS) {
  describe(`${row.producer} (${row.spelling})`, () => {
    if (row.otlp) {
      test('as it is sent', () => check(row, resolve(asSent(row))));
      for (const withSuffixes of [true, false]) {
        if (!withSuffixes && row.needsUnit) continue;
        const form = withSuffixes ? 'with unit and type in the name' : 'without';
        test(`through Prometheus, ${form}, scraped by a Collector`, () =>
          check(row, resolve(asScraped(translated(row, withSuffixes)))));
        test(`through Prometheus, ${form}, replayed`, async () => {
          const series = translated(row, withSuffixes);
          // A counter that does not say that it is one comes out of a range query as a gauge.
          if (series.some(({ __name__ = '' }) => !/_(?:total|sum|count)$/.test(__name__))) return;
          check(row, await replayed(row, asRange(series)));
        });
      }
    }
    if (row.prometheus) {
      const series = row.prometheus.map(parseSeries);
      test('scraped by a Collector', () => check(row, resolve(asScraped(series))));
      test('replayed from the answer of a range query', async () => check(row, await replayed(row, asRange(series))));
    }
  });
}

test('each preset for metrics of others has its rows', () => {
  const shown = new Set(PRODUCERS.map(({ preset }) => preset));
  for (const { name } of anomalyConfig().presets) {
    // Our own scripts, Pixie's and our own spans have tests of their own.
    if (!['edge', 'pixie', 'spans'].includes(name)) assert.ok(shown.has(name), name);
  }
});

test('two reports of one request: the client is heard, the server is shadowed', () => {
  const istio = PRODUCERS.filter(({ preset }) => preset === 'istio').slice(0, 3);
  const ranks = istio.map((row) => {
    const requests = resolve(asScraped((row.prometheus ?? []).map(parseSeries)));
    return requests.find(({ rule }) => !isDistribution((rule.rule.data ?? ['sum'])[0] ?? 'sum'))?.rank ?? -1;
  });
  const [source = -1, destination = -1, waypoint = -1] = ranks;
  assert.ok(source >= 0 && source < destination && source < waypoint, ranks.join());
});
