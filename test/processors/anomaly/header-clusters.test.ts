// Senders whose data names no cluster, and is equal: the header says whose it is, and what one of them sends is never
// another's.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { anomalyConfig, Sink } from '../../support/anomaly.js';
import { type Attributes, gauge, metricsRequest, summary } from '../../support/otlp.js';
import { testSettings } from '../../support/settings.js';
import { MemoryStorage } from '../../support/stored.js';

const START = 1_757_894_400;
const WINDOW = 10;
/** Its headers, by the cluster that is expected. */
const SENDERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  default: {},
  east: { 'x-pxanomaly-cluster': 'east' },
  west: { 'x-pxanomaly-cluster': 'west', 'x-pxanomaly-threshold': '0.9' },
};

/** Three edges, the same names and times whoever sends them. */
function request(t: number, slow: number, more: Attributes = {}): Uint8Array {
  const points = ['a', 'b', 'c'].map((name, i) => ({
    attributes: { 'source.service.name': `web-${name}` },
    time: t,
    count: 100 + 7 * i,
  }));
  return metricsRequest(
    ...points.map(({ count, ...point }, i) => ({
      resource: { 'service.name': 'shop', ...more },
      metrics: [
        summary('http.edge.latency', { ...point, unit: 'ns', count, sum: count * 1e7 * (i === 0 ? slow : 1) }),
        gauge('http.edge.requests', count, point),
      ],
    })),
  );
}

function open(storage: MemoryStorage) {
  const settings = testSettings('anomaly', { extension: () => storage });
  const config = anomalyConfig({ default_cluster: 'default' });
  const processor = createAnomalyProcessor(settings, config, { ...REPLAY, hashSeed: 7n });
  const sink = new Sink();
  const stage = processor.stage('metrics', 'metrics', sink);
  const send = async (body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<void> => {
    const metadata = new Map(Object.entries(headers));
    await stage.consume({ signal: 'metrics', body, items: 0, origin: 'received', metadata, receivedUnixNano: 0n });
  };
  return { processor, sink, send };
}

describe('equal data under different x-pxanomaly-cluster', () => {
  /** Whether each sends bytes of its own, or all of them the very same. */
  for (const isShared of [false, true])
    test(`each is a cluster, over a restart too (${isShared ? 'one body' : 'bodies of their own'})`, async () => {
      const storage = new MemoryStorage();
      let at = open(storage);
      await at.processor.start();
      for (let i = 0; i < 240; i++) {
        if (i === 120) {
          await at.processor.shutdown();
          at = open(storage);
          await at.processor.start();
        }
        const body = request(START + WINDOW * i, 1);
        for (const [cluster, headers] of Object.entries(SENDERS)) {
          const isSlow = cluster === 'west' && i >= 220;
          await at.send(isSlow || !isShared ? request(START + WINDOW * i, isSlow ? 6 : 1) : body, headers);
        }
      }
      await at.processor.flush();
      const { clusters, points, edges } = at.processor.status();
      assert.deepEqual(clusters.map(({ id }) => id).toSorted(), Object.keys(SENDERS).toSorted());
      assert.equal(edges, 9);
      assert.equal(points.duplicate, 0);
      const found = at.sink.events.filter(({ name }) => name === 'px.anomaly.network.latency_spike');
      assert.ok(found.length > 0);
      for (const { attributes } of found) {
        assert.equal(attributes['px.cluster.id'], 'west');
        assert.equal(attributes.src_service, 'web-a');
      }
      await at.processor.shutdown();
    });

  test('data that names its cluster belongs to that one, whatever the header says', async () => {
    const { processor, send } = open(new MemoryStorage());
    await processor.start();
    for (let i = 0; i < 20; i++)
      for (const headers of Object.values(SENDERS))
        await send(request(START + WINDOW * i, 1, { 'px.cluster.id': 'named' }), headers);
    await processor.flush();
    assert.deepEqual(
      processor.status().clusters.map(({ id }) => id),
      ['named'],
    );
    await processor.shutdown();
  });
});
