import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type Batch,
  type Consumer,
  ownBatch,
  PermanentError,
  RetryableError,
  UndeliveredError,
} from '../../src/pipeline/index.js';
import factory from '../../src/processors/batch/factory.js';
import { metricSum, opaqueBatch, testSettings } from '../support/batches.js';
import { type FakeClock, fakeClock } from '../support/clock.js';
import fc from '../support/property.js';

type Answer = () => undefined | Promise<void>;

function setup(context: TestContext, options: object = {}, known?: FakeClock) {
  const clock = known ?? fakeClock(context);
  const settings = testSettings('batch');
  const processor = factory.create(settings, factory.schema.parse({ send_batch_size: 10, ...options }));
  const passed: Batch[] = [];
  const hop: { answer: Answer; refusal: RetryableError | undefined } = { answer: () => undefined, refusal: undefined };
  const next: Consumer = {
    refusal: () => hop.refusal,
    consume(batch) {
      const taken = hop.answer();
      passed.push(batch);
      return taken;
    },
  };
  const stage = processor.stage('metrics', 'metrics', next);
  const items = (): number[] => passed.map((batch) => batch.items);
  return { clock, settings, processor, stage, hop, items, passed };
}

const busy = (): never => {
  throw new RetryableError('queue is full');
};

test('leaves at send_batch_size at once, and after timeout otherwise', async (t) => {
  const { clock, stage, items, settings } = setup(t);
  assert.equal(stage.consume(opaqueBatch(6)), undefined);
  assert.deepEqual(items(), []);
  void stage.consume(opaqueBatch(4));
  assert.deepEqual(items(), [10]);
  void stage.consume(opaqueBatch(3));
  await clock.advance(199);
  assert.deepEqual(items(), [10]);
  await clock.advance(1);
  assert.deepEqual(items(), [10, 3]);
  assert.equal(await metricSum(settings.telemetry, 'otelcol_processor_batch_batch_size_trigger_send'), 1);
  assert.equal(await metricSum(settings.telemetry, 'otelcol_processor_batch_timeout_trigger_send'), 1);
});

test('timeout 0: every request leaves at once, whole', (t) => {
  const { stage, items } = setup(t, { timeout: 0 });
  for (const n of [1, 2, 3]) void stage.consume(opaqueBatch(n));
  assert.deepEqual(items(), [1, 2, 3]);
});

test('send_batch_max_size is not passed by joining', (t) => {
  const { stage, items } = setup(t, { send_batch_max_size: 12 });
  for (const n of [8, 7, 9, 50]) void stage.consume(opaqueBatch(n));
  assert.deepEqual(items(), [8, 7, 9, 50]);
});

test('metadata_keys keep senders apart, and are all that is kept of the metadata', async (t) => {
  const { clock, stage, passed } = setup(t, { metadata_keys: ['Tenant'] });
  const of = (tenant: string, items: number): Batch => ({
    ...opaqueBatch(items),
    metadata: new Map([
      ['tenant', tenant],
      ['request', String(items)],
    ]),
  });
  for (const batch of [of('a', 1), of('b', 2), of('a', 3)]) void stage.consume(batch);
  await clock.advance(200);
  assert.deepEqual(
    passed.map((batch) => [batch.items, [...batch.metadata]]),
    [
      [4, [['tenant', 'a']]],
      [2, [['tenant', 'b']]],
    ],
  );
});

test('too many combinations at the same time are refused until some have left', async (t) => {
  const { clock, stage } = setup(t, { metadata_keys: ['t'], metadata_cardinality_limit: 2 });
  const of = (tenant: string): Batch => ({ ...opaqueBatch(1), metadata: new Map([['t', tenant]]) });
  void stage.consume(of('a'));
  void stage.consume(of('b'));
  void stage.consume(of('a'));
  assert.throws(() => stage.consume(of('c')), RetryableError);
  await clock.advance(200);
  assert.equal(stage.consume(of('c')), undefined);
});

test('events that ride on batches are joined', async (t) => {
  const { clock, stage, passed } = setup(t);
  for (const n of [1, 2]) void stage.consume(ownBatch('metrics', new Uint8Array(1), 1, opaqueBatch(n, 1, 'logs')));
  await clock.advance(200);
  assert.equal(passed[0]?.events?.items, 3);
});

test('the refusal of the next stage is told', (t) => {
  const { stage, hop } = setup(t);
  hop.refusal = new RetryableError('full');
  assert.equal(stage.refusal(1), hop.refusal);
});

test('a next stage that refuses: kept, offered again, and new data refused when too much waits', async (t) => {
  const { clock, stage, hop, items } = setup(t);
  hop.answer = busy;
  for (let i = 1; i <= 10; i++) void stage.consume(opaqueBatch(10 + i));
  assert.ok(stage.refusal(1) instanceof RetryableError);
  assert.throws(() => stage.consume(opaqueBatch(1)), RetryableError);
  await clock.advance(1_000);
  assert.deepEqual(items(), []);
  hop.answer = () => undefined;
  await clock.advance(1_000);
  assert.deepEqual(items(), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  assert.equal(stage.refusal(1), undefined);
});

test('a batch that the next stage refuses for good is dropped and counted; the next one goes on', async (t) => {
  const { stage, hop, items, settings } = setup(t);
  hop.answer = () => {
    throw new PermanentError('bad');
  };
  void stage.consume(opaqueBatch(11));
  hop.answer = () => undefined;
  void stage.consume(opaqueBatch(12));
  assert.deepEqual(items(), [12]);
  assert.equal(await metricSum(settings.telemetry, 'pxanomaly_batch_dropped_items', { reason: 'permanent' }), 11);
});

test('an asynchronous next stage gets one batch after the other', async (t) => {
  const { clock, stage, hop, items } = setup(t);
  const resolvers: (() => void)[] = [];
  hop.answer = () => new Promise((resolve) => resolvers.push(resolve));
  for (const n of [11, 12, 13]) void stage.consume(opaqueBatch(n));
  assert.deepEqual(items(), [11]);
  resolvers.shift()?.();
  await clock.settle();
  assert.deepEqual(items(), [11, 12]);
});

test('shutdown hands on what is held', async (t) => {
  const { processor, stage, items } = setup(t);
  void stage.consume(opaqueBatch(3));
  await processor.shutdown();
  assert.deepEqual(items(), [3]);
  await processor.shutdown();
});

test('shutdown waits for a stage that is busy, but not for ever', async (t) => {
  const { clock, processor, stage, hop, settings } = setup(t);
  hop.answer = busy;
  void stage.consume(opaqueBatch(3));
  const closed = assert.rejects(processor.shutdown(), /^UndeliveredError: 3 metric points not delivered$/);
  await clock.advance(3_000, 500);
  await closed;
  assert.equal(await metricSum(settings.telemetry, 'pxanomaly_batch_dropped_items', { reason: 'shutdown' }), 3);
});

test('accepted = handed on + dropped, whatever the next stage does', async (t) => {
  const clock = fakeClock(t);
  const answer = fc.constantFrom<string>('ok', 'ok', 'busy', 'bad', 'later', 'never later');
  const step = fc.oneof(fc.record({ offer: fc.nat(15) }), fc.record({ wait: fc.constantFrom(50, 1_500) }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.array(answer, { minLength: 1, maxLength: 6 }),
      async (steps, script) => {
        const { settings, processor, stage, hop } = setup(t, {}, clock);
        let i = 0;
        hop.answer = () => {
          const now = script[i++ % script.length];
          if (now === 'busy') busy();
          if (now === 'bad') throw new PermanentError('bad');
          if (now === 'later') return new Promise((resolve) => setTimeout(resolve, 100));
          return now === 'ok'
            ? undefined
            : new Promise((_, reject) => setTimeout(() => reject(new RetryableError('no')), 100));
        };
        let accepted = 0;
        for (const one of steps) {
          if ('wait' in one) await clock.advance(one.wait, 50);
          else {
            try {
              void stage.consume(opaqueBatch(one.offer));
              accepted += one.offer;
            } catch (error) {
              assert.ok(error instanceof RetryableError);
            }
          }
        }
        const closed = processor.shutdown().catch((error) => assert.ok(error instanceof UndeliveredError));
        await clock.advance(3_500, 50);
        await closed;
        const dropped = await metricSum(settings.telemetry, 'pxanomaly_batch_dropped_items');
        const sent = await settings.telemetry.registry
          .getSingleMetric('otelcol_processor_batch_batch_send_size')
          ?.get();
        const sum =
          sent?.values.find((value) => /_sum$/.test((value as { metricName?: string }).metricName ?? ''))?.value ?? 0;
        assert.equal(sum + dropped, accepted);
      },
    ),
    { numRuns: 60 },
  );
});

test('a bound below the size, and a key named twice, are refused', () => {
  const problems = (options: object): string => factory.validate?.(factory.schema.parse(options))?.join() ?? '';
  assert.match(problems({ send_batch_max_size: 5 }), /send_batch_max_size/);
  assert.match(problems({ metadata_keys: ['A', 'a'] }), /twice/);
});
