// HotROD, Jaeger's demo application, from a recording of its spans: edges and counts, a slow database, a restart.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpanPairs } from '../../../src/detection/learning/spans/pair.js';
import { type Consumer, ownBatch } from '../../../src/pipeline/index.js';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { schema } from '../../../src/processors/anomaly/schema.js';
import { Random } from '../../../src/simulation/random.js';
import { readEvents, type SeenEvent } from '../../support/behaviour/events.js';
import { type HotrodMinute, hotrodRequests, hotrodTraffic } from '../../support/hotrod.js';
import { testSettings } from '../../support/settings.js';
import { callsOf, PAIR_OPTIONS, tally } from '../../support/spans.js';

const START = 1_767_571_200_000_000_000n;
const MINUTES = 300;

/** Events of five hours of HotROD. */
async function play(happens: (minute: number) => HotrodMinute): Promise<SeenEvent[]> {
  const processor = createAnomalyProcessor(testSettings('anomaly'), schema.parse({}), REPLAY);
  const events: SeenEvent[] = [];
  const sink = (take: Consumer['consume']): Consumer => ({ refusal: () => undefined, consume: take });
  processor.stage(
    'metrics',
    'metrics',
    sink((batch) => void (batch.events && events.push(...readEvents(batch.events.body, START)))),
  );
  const traces = processor.stage(
    'traces',
    'traces',
    sink(() => undefined),
  );
  await processor.start();
  const random = new Random(11);
  const traffic = hotrodTraffic({ startUnixNano: START, minutes: MINUTES, dispatchesAMinute: 12, random, happens });
  for (const body of traffic) await traces.consume({ ...ownBatch('traces', body, 1), origin: 'received' });
  await processor.flush();
  await processor.shutdown();
  return events;
}

const opened = (events: readonly SeenEvent[]) =>
  events.filter(({ state }) => state === 'started' || state === 'opened');

describe('HotROD', () => {
  it("has the Collector's edges and counts, and its callers outside and its databases besides", () => {
    const pairs = new SpanPairs(PAIR_OPTIONS);
    const calls = [...callsOf(pairs, ...hotrodRequests()), ...pairs.flush()];
    const servicegraph = { 'frontend -> customer': 44, 'frontend -> driver': 44, 'frontend -> route': 440 };
    assert.deepEqual(tally(calls), {
      ...servicegraph,
      '? -> frontend': 44,
      'customer -> mysql': 44,
      'driver -> redis-manual': 484,
      'driver -> redis-manual !': 110,
    });
  });

  it('finds a slow database: one incident, whose likeliest source it is', async () => {
    const events = opened(await play((minute) => (minute >= 270 && minute < 280 ? { database: 6 } : {})));
    const edges = events.filter(({ kind }) => kind !== 'incident');
    assert.ok(edges.some(({ edge, kind }) => edge === 'default: customer -> mysql' && kind === 'latency_spike'));
    assert.ok(
      edges.every(({ edge }) => !edge.includes('mysql -> ')),
      'the database calls nobody',
    );
    const incidents = events.filter(({ kind }) => kind === 'incident');
    assert.equal(incidents.length, 1);
    assert.ok(incidents[0]!.at >= 270 * 60 && incidents[0]!.at < 275 * 60, `${incidents[0]!.at}`);
    assert.match(incidents[0]!.body, /mysql|customer/);
  });

  it('takes a restart of the application for no fault', async () => {
    const events = opened(await play((minute) => (minute === 270 ? { down: [10, 45] } : {})));
    assert.deepEqual(
      events.filter(({ at }) => at >= 265 * 60).map(({ kind, edge }) => `${kind} ${edge}`),
      [],
    );
  });
});
