// Spans into a traces pipeline, anomalies out of a metrics pipeline: the whole processor on the real kernel.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import { type Batch, type Consumer, ownBatch } from '../../../src/pipeline/index.js';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { schema } from '../../../src/processors/anomaly/schema.js';
import { Random } from '../../../src/simulation/random.js';
import { readEvents, type SeenEvent } from '../../support/behaviour/events.js';
import { testSettings } from '../../support/settings.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
const START = 1_767_571_200_000_000_000n;
const MINUTE = 60;
const CALLS = 12;

/** Spans of one minute: each call has a client span of checkout and a server span of payment. */
function minute(at: number, seconds: number, random: Random): Uint8Array {
  const spans = (kind: number): object[] =>
    Array.from({ length: CALLS }, (_, i) => {
      const end = START + BigInt(Math.round((at * MINUTE + (i * MINUTE) / CALLS) * 1e9));
      const id = Buffer.alloc(8);
      id.writeUInt32BE(at * CALLS + i + 1, 0);
      return {
        traceId: Buffer.alloc(16, 7),
        spanId: kind === 3 ? id : Buffer.alloc(8, 9),
        parentSpanId: kind === 3 ? Buffer.alloc(0) : id,
        kind,
        startTimeUnixNano: (end - BigInt(Math.round(seconds * random.lognormal(0.05) * 1e9))).toString(),
        endTimeUnixNano: end.toString(),
      };
    });
  const resource = (service: string, kind: number): object => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans: spans(kind) }],
  });
  const resourceSpans = [resource('checkout', 3), resource('payment', 2)];
  return TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
}

async function play(
  minutes: number,
  latency: (minute: number) => number,
): Promise<{ events: SeenEvent[]; forwarded: Batch[]; text: string }> {
  const settings = testSettings('anomaly');
  const processor = createAnomalyProcessor(settings, schema.parse({}), REPLAY);
  const forwarded: Batch[] = [];
  const events: SeenEvent[] = [];
  const sink = (take: (batch: Batch) => void): Consumer => ({
    refusal: () => undefined,
    consume: (batch) => {
      take(batch);
      return undefined;
    },
  });
  processor.stage(
    'metrics',
    'metrics',
    sink((batch) => batch.events && events.push(...readEvents(batch.events.body, START))),
  );
  const traces = processor.stage(
    'traces',
    'traces',
    sink((batch) => forwarded.push(batch)),
  );
  await processor.start();
  const random = new Random(5);
  for (let at = 0; at < minutes; at++) {
    const body = minute(at, latency(at), random);
    await traces.consume({ ...ownBatch('traces', body, CALLS * 2), origin: 'received' });
  }
  await processor.flush();
  await processor.shutdown();
  return { events, forwarded, text: await settings.telemetry.registry.metrics() };
}

describe('spans through the processor', () => {
  it('finds a slow service and names both ends', async () => {
    const { events } = await play(400, (at) => (at >= 380 && at < 390 ? 0.5 : 0.05));
    const started = events.filter(({ state, kind }) => state === 'started' && kind !== 'incident');
    assert.deepEqual(
      started.map(({ kind, edge }) => [kind, edge]),
      [['latency_spike', 'default: checkout -> payment']],
    );
    const [spike] = started;
    assert.ok(spike && spike.at >= 380 * MINUTE && spike.at <= 383 * MINUTE, `${spike?.at}`);
    const [observed, expected] = ['observed', 'expected'].map((key) => Number(spike.attributes.get(`anomaly.${key}`)));
    assert.ok(
      observed! > 0.15 && observed! < 0.6,
      `observed ${observed} s, of a window that may hold half of the fault's first minute`,
    );
    assert.ok(Math.abs(expected! - 0.05) < 0.01, `expected ${expected} s`);
  });

  it('forwards the very bytes, and counts what became of the spans', async () => {
    const { forwarded, text } = await play(5, () => 0.05);
    assert.equal(forwarded.length, 5);
    assert.deepEqual(forwarded[0]?.body, minute(0, 0.05, new Random(5)));
    assert.match(text, new RegExp(`pxanomaly_spans\\{processor="anomaly",outcome="paired"\\} ${5 * CALLS}`));
  });

  it('says so when no metrics pipeline takes the results', async () => {
    const settings = testSettings('anomaly');
    const lines: string[] = [];
    const log = {
      ...settings.telemetry.log,
      warn: (line: string) => lines.push(line),
      info() {},
      debug() {},
      error() {},
    };
    const child = Object.assign(log, { child: () => log });
    const processor = createAnomalyProcessor(
      { ...settings, telemetry: { ...settings.telemetry, log: child as never } },
      schema.parse({}),
      REPLAY,
    );
    processor.stage('traces', 'traces', { refusal: () => undefined, consume: () => undefined });
    await processor.start();
    await processor.shutdown();
    assert.match(lines.join('\n'), /no metrics pipeline names this processor/);
  });
});
