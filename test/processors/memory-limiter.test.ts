import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Batch, type Consumer, RetryableError } from '../../src/pipeline/index.js';
import { limitsOf } from '../../src/processors/memory-limiter/config.js';
import factory from '../../src/processors/memory-limiter/factory.js';
import { processMemory } from '../../src/processors/memory-limiter/memory.js';
import { MemoryLimiter } from '../../src/processors/memory-limiter/memory-limiter.js';
import { metricSum, opaqueBatch, testSettings } from '../support/batches.js';
import { fakeClock } from '../support/clock.js';

const MIB = 1024 * 1024;

/** Limit 100 MiB, soft limit 80 MiB. */
const OPTIONS = { limit_mib: 100, min_gc_interval_when_soft_limited: '10s', min_gc_interval_when_hard_limited: '2s' };

function setup(context: TestContext, options: object = {}) {
  const clock = fakeClock(context);
  const memory = {
    mib: 10,
    afterCollection: undefined as number | undefined,
    collections: 0,
    total: () => 1_000 * MIB,
    used: () => memory.mib * MIB,
    heap: 0.1,
    heapShare: () => memory.heap,
    collect: () => {
      memory.collections++;
      memory.mib = memory.afterCollection ?? memory.mib;
    },
  };
  const settings = testSettings('memory_limiter');
  const limiter = new MemoryLimiter(settings, factory.schema.parse({ ...OPTIONS, ...options }), memory, clock.now);
  const passed: Batch[] = [];
  const nextRefusal = new RetryableError('queue is full');
  const next: Consumer = {
    consume: (batch) => {
      passed.push(batch);
      return undefined;
    },
    refusal: (bytes) => (bytes > 1_000 ? nextRefusal : undefined),
  };
  const stage = limiter.stage('metrics', 'metrics', next);
  const count = (what: string): Promise<number> => metricSum(settings.telemetry, what);
  return { clock, memory, settings, limiter, passed, nextRefusal, stage, count };
}

test('below the soft limit everything passes, and the next stage’s refusal is told', async (t) => {
  const { limiter, stage, passed, nextRefusal, count } = setup(t);
  await limiter.start();
  const batch = opaqueBatch(5);
  assert.equal(stage.refusal(10), undefined);
  assert.equal(stage.refusal(2_000), nextRefusal);
  assert.equal(stage.consume(batch), undefined);
  assert.deepEqual(passed, [batch]);
  assert.equal(await count('otelcol_processor_memory_limiter_accepted_metric_points'), 5);
  await limiter.shutdown();
});

test('above the soft limit data is refused as retryable, and taken again below it', async (t) => {
  const { clock, memory, limiter, stage, passed, count, settings } = setup(t);
  await limiter.start();
  memory.mib = 80;
  assert.equal(stage.refusal(1), undefined, 'not yet looked');
  await clock.advance(1_000);
  assert.equal(limiter.pressure, 'soft');
  const refused = stage.refusal(1);
  assert.ok(refused instanceof RetryableError);
  assert.equal(refused.retryAfterMs, 1_000);
  assert.throws(() => stage.consume(opaqueBatch(7)), RetryableError);
  assert.equal(await count('otelcol_processor_memory_limiter_refused_metric_points'), 7);
  assert.equal(await count('pxanomaly_memory_limiter_refused_requests'), 1);
  memory.mib = 79;
  await clock.advance(1_000);
  void stage.consume(opaqueBatch(1));
  assert.equal(passed.length, 1);
  const texts = settings.lines.map((line) => String(line.msg));
  assert.ok(texts.some((text) => /above soft limit/.test(text)));
  assert.ok(texts.some((text) => /back within limits/.test(text)));
  await limiter.shutdown();
});

test('a collection that helps keeps data flowing', async (t) => {
  const { clock, memory, limiter, stage } = setup(t);
  await limiter.start();
  memory.mib = 120;
  memory.afterCollection = 30;
  await clock.advance(1_000);
  assert.equal(memory.collections, 1);
  assert.equal(stage.refusal(1), undefined);
  await limiter.shutdown();
});

for (const [mib, pause, state] of [
  [85, 10, 'soft'],
  [150, 2, 'hard'],
] as const) {
  test(`${state}: collected at most every ${pause} s`, async (t) => {
    const { clock, memory, limiter } = setup(t);
    memory.mib = mib;
    // From 20 s on the clock, so that the first check may collect whatever the pause.
    await clock.advance(20_000);
    await limiter.start();
    await clock.advance(pause * 3_000, 1_000);
    assert.equal(limiter.pressure, state);
    assert.equal(memory.collections, 4);
    await limiter.shutdown();
  });
}

test('shutdown lets what is drained pass and stops looking', async (t) => {
  const { clock, memory, limiter, stage, passed } = setup(t);
  memory.mib = 150;
  await limiter.start();
  assert.ok(stage.refusal(1));
  await limiter.shutdown();
  const { collections } = memory;
  await clock.advance(60_000, 1_000);
  assert.equal(memory.collections, collections);
  void stage.consume(opaqueBatch(1));
  assert.equal(passed.length, 1);
  await limiter.shutdown();
});

test('limits: MiB before percent, a fifth as spike by default', () => {
  const total = 1_000 * MIB;
  const of = (options: object): number[] => {
    const { hardBytes, softBytes } = limitsOf(factory.schema.parse(options), total);
    return [hardBytes / MIB, softBytes / MIB];
  };
  assert.deepEqual(of({ limit_mib: 400 }), [400, 320]);
  assert.deepEqual(of({ limit_mib: 400, spike_limit_mib: 100 }), [400, 300]);
  assert.deepEqual(of({ limit_percentage: 80, spike_limit_percentage: 20 }), [800, 600]);
  assert.deepEqual(of({ limit_percentage: 50 }), [500, 400]);
  assert.deepEqual(of({ limit_mib: 100, limit_percentage: 50 }), [100, 80]);
});

for (const [options, pattern] of [
  [{}, /limit_mib or limit_percentage/],
  [{ limit_mib: 10, spike_limit_mib: 10 }, /spike_limit_mib must be smaller/],
  [{ limit_percentage: 20, spike_limit_percentage: 30 }, /spike_limit_percentage must be smaller/],
  [{ limit_mib: 10, min_gc_interval_when_hard_limited: '20s' }, /min_gc_interval/],
] as const) {
  test(`refused: ${JSON.stringify(options)}`, () => {
    assert.match(factory.validate?.(factory.schema.parse(options))?.join() ?? '', pattern);
  });
}

test('a check interval of 0 and more than all memory are refused', () => {
  assert.equal(factory.schema.safeParse({ limit_mib: 10, check_interval: '0s' }).success, false);
  assert.equal(factory.schema.safeParse({ limit_percentage: 101 }).success, false);
});

test('the real memory: a plausible total, and a collection that frees what nothing holds', () => {
  const memory = processMemory();
  assert.ok(memory.total() > 64 * MIB && memory.total() < 2 ** 50);
  assert.ok(memory.used() > 10 * MIB && memory.used() < memory.total());
  const held = new WeakRef({});
  return new Promise<void>((resolve) => {
    // In a later turn: a WeakRef keeps its target for the turn that made it.
    setTimeout(() => {
      memory.collect();
      assert.equal(held.deref(), undefined);
      resolve();
    }, 1);
  });
});

test('the heap of V8 has a limit: near it data is refused although the process is small', async (context) => {
  const { clock, memory, limiter, stage } = setup(context);
  await limiter.start();
  assert.equal(stage.refusal(1), undefined);
  memory.heap = 0.85;
  await clock.advance(1_000);
  assert.equal(limiter.pressure, 'soft');
  assert.ok(stage.refusal(1));
  memory.heap = 0.95;
  await clock.advance(1_000);
  assert.equal(limiter.pressure, 'hard');
  memory.heap = 0.2;
  await clock.advance(1_000);
  assert.equal(limiter.pressure, 'none');
  await limiter.shutdown();
});

test('the ledger of bytes follows the hard limit while the limiter runs', async (context) => {
  const { limiter, settings } = setup(context);
  const before = settings.ledger.queueBytes;
  await limiter.start();
  assert.equal(settings.ledger.queueBytes, 25 * MIB);
  await limiter.shutdown();
  assert.equal(settings.ledger.queueBytes, before);
});
