// Whatever the next hop does: every item that was offered is sent or dropped under a reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Exporter, PermanentError, RetryableError, UndeliveredError } from '../../src/pipeline/index.js';
import { onAbort } from '../../src/sending/abort.js';
import {
  maxElapsedMs,
  queueSchema,
  retrySchema,
  type SendingConfig,
  sendingAdvice,
  sendingExtensions,
  sendingProblems,
  timeoutSchema,
} from '../../src/sending/config.js';
import { sendingExporter } from '../../src/sending/exporter.js';
import type { Send } from '../../src/sending/send.js';
import { metricSum, metricValue, opaqueBatch, testSettings } from '../support/batches.js';
import { type FakeClock, fakeClock } from '../support/clock.js';
import fc from '../support/property.js';

const schema = z.strictObject({
  timeout: timeoutSchema('5s'),
  retry_on_failure: retrySchema,
  sending_queue: queueSchema,
});

type Answer = 'ok' | 'partial' | 'warning' | 'busy' | 'throttle' | 'bad' | 'fault' | 'silence';

function answers(script: readonly Answer[]): Send {
  let next = 0;
  return (batch, signal) => {
    const answer = script[next++ % script.length];
    if (answer === 'silence') return new Promise((_, reject) => onAbort(signal, () => reject(signal.reason as Error)));
    return Promise.resolve().then(() => {
      if (answer === 'busy') throw new RetryableError('busy');
      if (answer === 'throttle') throw new RetryableError('slow down', 700);
      if (answer === 'bad') throw new PermanentError('bad');
      if (answer === 'fault') throw new TypeError('undefined is not a function');
      if (answer === 'partial') return { rejected: Math.min(3, batch.items), message: 'three were bad' };
      return answer === 'warning' ? { rejected: 0, message: 'careful' } : undefined;
    });
  };
}

type Step = { offer: number } | { wait: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ offer: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(1, 250, 6_000) }) },
);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Answer>('ok') },
  { weight: 4, arbitrary: fc.constantFrom<Answer>('busy', 'partial', 'bad', 'silence') },
  { weight: 2, arbitrary: fc.constantFrom<Answer>('throttle', 'warning', 'fault') },
);

const config: fc.Arbitrary<unknown> = fc.record({
  timeout: fc.constantFrom('1s', '0s'),
  retry_on_failure: fc.record({
    enabled: fc.boolean(),
    initial_interval: fc.constantFrom('100ms', '2s'),
    max_elapsed_time: fc.constantFrom('3s', '0s'),
  }),
  sending_queue: fc.record(
    {
      enabled: fc.constantFrom(true, true, true, false),
      num_consumers: fc.integer({ min: 1, max: 4 }),
      queue_size: fc.integer({ min: 1, max: 12 }),
      sizer: fc.constantFrom('requests', 'items', 'bytes'),
      block_on_overflow: fc.boolean(),
      wait_for_result: fc.boolean(),
      drain_timeout: fc.constant('5s'),
      batch: fc.record({ min_size: fc.integer({ min: 0, max: 60 }), flush_timeout: fc.constant('300ms') }),
    },
    { requiredKeys: ['enabled', 'num_consumers', 'queue_size', 'drain_timeout'] },
  ),
});

/** Offers and waits as told, then shuts down. Returns the items that were offered and whose sender got an OK. */
async function run(exporter: Exporter, steps: readonly Step[], clock: FakeClock) {
  let offered = 0;
  let acknowledged = 0;
  for (const s of steps) {
    if ('wait' in s) {
      await clock.advance(s.wait, 50);
      continue;
    }
    if (exporter.refusal(8)) continue;
    offered += s.offer;
    const ok = (): void => {
      acknowledged += s.offer;
    };
    try {
      const consumed = exporter.consume(opaqueBatch(s.offer, 1));
      if (consumed === undefined) ok();
      else consumed.then(ok, () => {});
    } catch (error) {
      assert.ok(error instanceof RetryableError || error instanceof PermanentError);
    }
  }
  const closed = exporter.shutdown().catch((error) => assert.ok(error instanceof UndeliveredError));
  await clock.advance(5_001, 50);
  await closed;
  return { offered, acknowledged };
}

test('offered = sent + dropped by reason, under any next hop', async (t) => {
  const clock = fakeClock(t);
  const scripts = fc.array(answer, { minLength: 1, maxLength: 8 });
  const steps = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(config, scripts, steps, async (written, script, sequence) => {
      const settings = testSettings('test');
      const { telemetry } = settings;
      const checked: SendingConfig = schema.parse(written);
      let closedWith = -1;
      let active = 0;
      const hop = answers(script);
      const push = {
        send: (async (batch, signal) => {
          active++;
          if (checked.sending_queue.enabled) assert.ok(active <= checked.sending_queue.num_consumers);
          return hop(batch, signal).finally(() => active--);
        }) as Send,
        close: async () => {
          closedWith = active;
        },
      };
      const exporter = sendingExporter(settings, checked, push);
      const { offered, acknowledged } = await run(exporter, sequence, clock);

      const sent = await metricSum(telemetry, 'otelcol_exporter_sent_metric_points');
      const drops = (reason?: string): Promise<number> =>
        metricSum(telemetry, 'pxanomaly_exporter_dropped_items', reason ? { reason } : {});
      assert.equal(sent + (await drops()), offered);
      assert.ok(acknowledged <= offered - (await drops('queue_full')));
      const failed = await metricSum(telemetry, 'otelcol_exporter_send_failed_metric_points');
      const refused = await metricSum(telemetry, 'otelcol_exporter_enqueue_failed_metric_points');
      assert.equal(failed + refused + (await drops('rejected')), await drops());
      assert.equal(refused, await drops('queue_full'));
      assert.equal(await metricSum(telemetry, 'otelcol_exporter_queue_size'), 0);
      assert.equal(await metricSum(telemetry, 'otelcol_exporter_in_flight_requests'), 0);
      assert.equal(closedWith, 0, 'closed once, when nothing was being sent');
    }),
    { numRuns: 150 },
  );
});

async function outcomeOf(script: readonly Answer[], written: object): Promise<(reason: string) => Promise<number>> {
  const settings = testSettings('test');
  const exporter = sendingExporter(settings, schema.parse(written), { send: answers(script), close: async () => {} });
  await Promise.resolve(exporter.consume(opaqueBatch(5))).catch(() => {});
  await exporter.shutdown().catch((error) => assert.ok(error instanceof UndeliveredError));
  return (reason) =>
    metricValue(settings.telemetry, 'pxanomaly_exporter_dropped_items', {
      exporter: 'test',
      signal: 'metrics',
      reason,
    });
}

const NO_QUEUE = { sending_queue: { enabled: false } };
const NO_RETRY = { retry_on_failure: { enabled: false } };

for (const [reason, script, written] of [
  ['permanent', ['bad'], {}],
  ['permanent', ['fault'], {}],
  ['rejected', ['partial'], {}],
  ['timeout', ['silence'], { ...NO_RETRY, timeout: '20ms' }],
  ['retries_exhausted', ['busy'], { ...NO_RETRY }],
  [
    'retries_exhausted',
    ['busy'],
    { ...NO_QUEUE, retry_on_failure: { initial_interval: '1ms', max_elapsed_time: '5ms' } },
  ],
  ['shutdown', ['busy'], { sending_queue: { drain_timeout: '20ms' } }],
  ['shutdown', ['silence'], { ...NO_RETRY, timeout: 0, sending_queue: { drain_timeout: '20ms' } }],
] as const) {
  test(`${script[0]} with ${JSON.stringify(written)} is dropped as ${reason}`, async () => {
    const dropped = await outcomeOf(script, written);
    assert.equal(await dropped(reason), reason === 'rejected' ? 3 : 5);
  });
}

test('without a queue the failure is the sender’s answer', async () => {
  const settings = testSettings('test');
  const push = { send: answers(['bad', 'busy', 'ok']), close: async () => {} };
  const exporter = sendingExporter(settings, schema.parse({ ...NO_QUEUE, ...NO_RETRY }), push);
  await assert.rejects(async () => exporter.consume(opaqueBatch(1)), PermanentError);
  await assert.rejects(async () => exporter.consume(opaqueBatch(1)), RetryableError);
  await exporter.consume(opaqueBatch(1));
  await exporter.shutdown();
  assert.throws(() => exporter.consume(opaqueBatch(1)), /shutting down/);
});

test('a drop writes one line that says what, how much and why, and repeats only with a count', async () => {
  const settings = testSettings('test');
  const exporter = sendingExporter(settings, schema.parse({}), { send: answers(['bad']), close: async () => {} });
  for (let i = 0; i < 5; i++) void exporter.consume(opaqueBatch(5));
  await assert.rejects(exporter.shutdown(), UndeliveredError);
  const lines = settings.lines.filter((line) => /Dropping data/.test(String(line.msg)));
  assert.equal(lines.length, 1);
  assert.deepEqual(
    { reason: lines[0]?.reason, items: lines[0]?.dropped_items, error: lines[0]?.error },
    { reason: 'permanent', items: 5, error: 'bad' },
  );
});

test('undelivered data at shutdown is summed up in one line and fails the shutdown, with words', async () => {
  const settings = testSettings('test');
  const written = { sending_queue: { drain_timeout: '20ms' } };
  const exporter = sendingExporter(settings, schema.parse(written), { send: answers(['busy']), close: async () => {} });
  for (let i = 0; i < 3; i++) void exporter.consume(opaqueBatch(5));
  void exporter.consume(opaqueBatch(1, 8, 'traces'));
  await assert.rejects(exporter.shutdown(), /^UndeliveredError: 15 metric points and 1 span not delivered$/);
  const line = settings.lines.find((l) => l.msg === 'Shut down with data undelivered');
  assert.equal(line?.undelivered_items, 16);
  assert.deepEqual(line?.undelivered, { metrics: 15, traces: 1 });
});

test('the whole drain is used: a next hop that comes back in it gets everything', async (t) => {
  const clock = fakeClock(t);
  const settings = testSettings('test');
  let isUp = false;
  const attempts: number[] = [];
  const push = {
    send: (async () => {
      attempts.push(clock.now());
      if (!isUp) throw new RetryableError('away');
      return undefined;
    }) as Send,
    close: async () => {},
  };
  const exporter = sendingExporter(settings, schema.parse({ sending_queue: { num_consumers: 1 } }), push);
  for (let i = 0; i < 3; i++) void exporter.consume(opaqueBatch(5));
  await clock.advance(100);
  const closed = exporter.shutdown();
  await clock.advance(15_000, 50);
  assert.ok(attempts.length > 8, `${attempts.length} attempts`);
  isUp = true;
  await clock.advance(5_000, 50);
  await closed;
  assert.equal(await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points'), 15);
});

test('the host says how long it waits, and gets its answer in time', async (t) => {
  const clock = fakeClock(t);
  const settings = testSettings('test');
  const exporter = sendingExporter(settings, schema.parse({}), { send: answers(['busy']), close: async () => {} });
  void exporter.consume(opaqueBatch(5));
  const closed = assert.rejects(exporter.shutdown(3_000), UndeliveredError);
  await clock.advance(2_999, 50);
  await closed;
});

test('an exporter hands its queue to one that delivers to the same place, and to no other', async () => {
  const make = (destination: string, script: readonly Answer[]) => {
    const settings = testSettings('test');
    const push = { send: answers(script), close: async () => {}, destination };
    return {
      settings,
      exporter: sendingExporter(settings, schema.parse({ sending_queue: { drain_timeout: '20ms' } }), push),
    };
  };
  const sent = (settings: ReturnType<typeof testSettings>): Promise<number> =>
    metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points');
  const old = make('a', ['busy']);
  const [same, other] = [make('a', ['ok']), make('b', ['ok'])];
  for (let i = 0; i < 3; i++) void old.exporter.consume(opaqueBatch(5));
  other.exporter.adopt?.(old.exporter);
  same.exporter.adopt?.(old.exporter);
  await old.exporter.shutdown();
  await other.exporter.start();
  await same.exporter.start();
  await same.exporter.shutdown();
  await other.exporter.shutdown();
  assert.deepEqual([await sent(same.settings), await sent(other.settings)], [15, 0]);
  assert.equal(await metricSum(old.settings.telemetry, 'pxanomaly_exporter_dropped_items'), 0);
});

test('storage: refused together with wait_for_result, retries without end, unknown keys by their name', () => {
  const stored = schema.parse({ sending_queue: { storage: 'file_storage' } }) as SendingConfig;
  assert.equal(maxElapsedMs(stored), 0);
  assert.equal(maxElapsedMs(schema.parse({})), 300_000);
  assert.deepEqual(sendingAdvice(stored), []);
  assert.deepEqual(sendingExtensions(stored), { 'sending_queue.storage': 'file_storage' });
  const bounded = schema.parse({
    sending_queue: { storage: 'file_storage', wait_for_result: true },
    retry_on_failure: { max_elapsed_time: '5m' },
  }) as SendingConfig;
  assert.equal(maxElapsedMs(bounded), 300_000);
  assert.match(sendingAdvice(bounded).join(), /the beginning of a longer outage is dropped/);
  assert.match(sendingProblems(bounded).join(), /wait_for_result contradicts it/);
  assert.match(schema.safeParse({ sending_queue: { queue_sise: 5 } }).error?.message ?? '', /queue_sise/);
});

test('the defaults are the Collector’s', () => {
  assert.deepEqual(schema.parse({}), {
    timeout: 5_000,
    retry_on_failure: {
      enabled: true,
      initial_interval: 5_000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
    },
    sending_queue: {
      enabled: true,
      num_consumers: 10,
      queue_size: 1_000,
      sizer: 'requests',
      max_bytes: 0,
      block_on_overflow: false,
      wait_for_result: false,
      drain_timeout: 20_000,
    },
  });
});
