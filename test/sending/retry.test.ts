import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermanentError, RetryableError } from '../../src/pipeline/index.js';
import { type RetryOptions, retry } from '../../src/sending/retry.js';
import { GivenUpError, type Send } from '../../src/sending/send.js';
import { opaqueBatch } from '../support/batches.js';
import { type FakeClock, fakeClock } from '../support/clock.js';

const OPTIONS: RetryOptions = {
  enabled: true,
  initialIntervalMs: 100,
  randomizationFactor: 0,
  multiplier: 2,
  maxIntervalMs: 1_000,
  maxElapsedMs: 10_000,
};

const NEVER = new AbortController().signal;
const BATCH = opaqueBatch(1);

interface Setup {
  readonly options?: Partial<RetryOptions>;
  readonly random?: () => number;
  /** What each attempt throws; after the last one it succeeds. */
  readonly errors: readonly unknown[];
  readonly endsWithStop?: () => boolean;
}

function setup(clock: FakeClock, { options, random, errors, endsWithStop }: Setup) {
  const attempts: number[] = [];
  const stopping = new AbortController();
  const push: Send = async () => {
    const error = errors[attempts.length];
    attempts.push(clock.now());
    if (error !== undefined) throw error;
    return undefined;
  };
  const host = {
    stopping: stopping.signal,
    events: { retrying: () => {} },
    now: clock.now,
    ...(random && { random }),
    ...(endsWithStop && { endsWithStop }),
  };
  return { attempts, stopping, send: retry({ ...OPTIONS, ...options }, host, push) };
}

/** How a promise ends, without an unhandled rejection in between. */
function outcome(promise: Promise<unknown>): { error?: unknown; done: boolean } {
  const state: { error?: unknown; done: boolean } = { done: false };
  promise.then(
    () => {
      state.done = true;
    },
    (error: unknown) => {
      state.done = true;
      state.error = error;
    },
  );
  return state;
}

const busy = (retryAfterMs?: number): RetryableError => new RetryableError('busy', retryAfterMs);

test('waits grow by the multiplier up to the largest', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { errors: Array.from({ length: 7 }, () => busy()) });
  const end = outcome(send(BATCH, NEVER));
  await clock.advance(10_000, 10);
  assert.deepEqual(attempts, [0, 100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
  assert.deepEqual(end, { done: true });
});

for (const [drawn, first] of [
  [0, 50],
  [0.5, 100],
  [0.999999, 150],
] as const) {
  test(`jitter: a draw of ${drawn} waits ${first} of 100 ms at a factor of 0.5`, async (t) => {
    const clock = fakeClock(t);
    const setting = { options: { randomizationFactor: 0.5 }, random: () => drawn, errors: [busy()] };
    const { attempts, send } = setup(clock, setting);
    outcome(send(BATCH, NEVER));
    await clock.advance(200, 1);
    assert.equal(attempts.length, 2);
    assert.ok(Math.abs((attempts[1] as number) - first) <= 1, `second attempt at ${attempts[1]}`);
  });
}

test('a permanent error is not tried again', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { errors: [new PermanentError('bad data')] });
  await assert.rejects(send(BATCH, NEVER), PermanentError);
  assert.equal(attempts.length, 1);
});

test('an error of unknown kind is not tried again', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { errors: [new TypeError('a fault of ours')] });
  await assert.rejects(send(BATCH, NEVER), TypeError);
  assert.equal(attempts.length, 1);
});

test('gives up before the attempt that would be later than max_elapsed_time', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { options: { maxElapsedMs: 1_000 }, errors: Array(20).fill(busy()) });
  const end = outcome(send(BATCH, NEVER));
  await clock.advance(5_000, 10);
  assert.deepEqual(attempts, [0, 100, 300, 700]);
  assert.ok(end.error instanceof GivenUpError);
  assert.equal(end.error.reason, 'retries_exhausted');
});

test('max_elapsed_time 0 tries for ever', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { options: { maxElapsedMs: 0 }, errors: Array(100).fill(busy()) });
  const end = outcome(send(BATCH, NEVER));
  await clock.advance(60_000, 100);
  assert.equal(end.done, false);
  assert.ok(attempts.length > 50);
});

test('off: the first error is the answer', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { options: { enabled: false }, errors: [busy()] });
  await assert.rejects(send(BATCH, NEVER), /busy/);
  assert.equal(attempts.length, 1);
});

test('a pause that the next hop asks for is kept, and holds back other batches too', async (t) => {
  const clock = fakeClock(t);
  const { attempts, send } = setup(clock, { errors: [busy(3_000)] });
  outcome(send(BATCH, NEVER));
  await clock.advance(500, 10);
  const other = outcome(send(opaqueBatch(1), NEVER));
  await clock.advance(2_490, 10);
  assert.deepEqual(attempts, [0]);
  await clock.advance(20, 10);
  assert.deepEqual(attempts, [0, 3_000, 3_000]);
  assert.deepEqual(other, { done: true });
});

test('shutdown makes an attempt at once', async (t) => {
  const clock = fakeClock(t);
  const { attempts, stopping, send } = setup(clock, {
    options: { initialIntervalMs: 5_000, maxIntervalMs: 5_000 },
    errors: [busy()],
  });
  const end = outcome(send(BATCH, NEVER));
  await clock.advance(50);
  stopping.abort();
  await clock.settle();
  assert.deepEqual(attempts, [0, 50]);
  assert.deepEqual(end, { done: true });
});

test('attempts go on during shutdown, at most a second apart, until the drain is over', async (t) => {
  const clock = fakeClock(t);
  const { attempts, stopping, send } = setup(clock, {
    options: { initialIntervalMs: 5_000, maxIntervalMs: 30_000, maxElapsedMs: 0 },
    errors: Array(99).fill(busy()),
  });
  const over = new AbortController();
  const end = outcome(send(BATCH, over.signal));
  await clock.advance(50);
  stopping.abort();
  await clock.advance(4_000, 50);
  assert.ok(attempts.length >= 5 && attempts.length <= 7, `${attempts.length} attempts`);
  assert.equal(end.done, false);
  over.abort();
  await clock.settle();
  assert.ok(end.error instanceof GivenUpError);
  assert.equal(end.error.reason, 'shutdown');
  assert.equal(end.error.isKept, false);
});

test('where nothing is lost by it shutdown ends the attempts, a throttle too', async (t) => {
  for (const error of [busy(), busy(60_000)]) {
    const clock = fakeClock(t);
    const { attempts, stopping, send } = setup(clock, {
      options: { maxElapsedMs: 0 },
      errors: Array(9).fill(error),
      endsWithStop: () => true,
    });
    const end = outcome(send(BATCH, NEVER));
    await clock.advance(50);
    stopping.abort();
    await clock.settle();
    assert.equal(attempts.length, 1);
    assert.ok(end.error instanceof GivenUpError && end.error.isKept);
    t.mock.timers.reset();
  }
});

test('a throttle outlasts shutdown until the drain is over', async (t) => {
  const clock = fakeClock(t);
  const { attempts, stopping, send } = setup(clock, { errors: [busy(60_000)], options: { maxElapsedMs: 0 } });
  const over = new AbortController();
  const end = outcome(send(BATCH, over.signal));
  await clock.advance(50);
  stopping.abort();
  await clock.advance(5_000, 100);
  assert.deepEqual(attempts, [0]);
  over.abort();
  await clock.settle();
  assert.deepEqual(attempts, [0]);
  assert.ok(end.error instanceof GivenUpError && end.error.reason === 'shutdown');
});
