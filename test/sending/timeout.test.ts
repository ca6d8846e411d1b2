import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { type Cancel, signalOf } from '../../src/sending/abort.js';
import { dropReason, type Send, TimeoutError } from '../../src/sending/send.js';
import { timeout } from '../../src/sending/timeout.js';
import { opaqueBatch } from '../support/batches.js';
import { fakeClock } from '../support/clock.js';

/** Never answers, but ends when it is aborted, with an error of its own. */
const deaf: Send = (_batch, signal) =>
  new Promise((_resolve, reject) =>
    signalOf(signal).addEventListener('abort', () => reject(new Error('stream closed'))),
  );

test('an attempt that takes too long fails with TimeoutError', async (t) => {
  const clock = fakeClock(t);
  const send = timeout({ timeoutMs: 500 }, deaf)(opaqueBatch(1), new AbortController().signal);
  const failed = assert.rejects(send, (error) => error instanceof TimeoutError && dropReason(error) === 'timeout');
  await clock.advance(499);
  await clock.advance(1);
  await failed;
});

test('an abort from outside keeps the error of the attempt', async () => {
  const outer = new AbortController();
  const send = timeout({ timeoutMs: 60_000 }, deaf)(opaqueBatch(1), outer.signal);
  outer.abort();
  await assert.rejects(send, /stream closed/);
});

test('an outer signal that has aborted already reaches the attempt', async () => {
  let seen = false;
  const look: Send = async (_batch, signal) => {
    seen = signal.aborted;
    return undefined;
  };
  await timeout({ timeoutMs: 1_000 }, look)(opaqueBatch(1), AbortSignal.abort());
  assert.equal(seen, true);
});

test('an attempt that ended hears of no abort, and a thousand leave one listener', async () => {
  const outer = new AbortController();
  const attempts: Cancel[] = [];
  const answer: Send = async (_batch, signal) => {
    attempts.push(signal);
    return { rejected: 2, message: 'x' };
  };
  const send = timeout({ timeoutMs: 60_000 }, answer);
  for (let i = 0; i < 1_000; i++)
    assert.deepEqual(await send(opaqueBatch(3), outer.signal), { rejected: 2, message: 'x' });
  assert.equal(getEventListeners(outer.signal, 'abort').length, 1);
  outer.abort();
  assert.ok(attempts.every((attempt) => !attempt.aborted));
});

test('0 is no bound: the layer disappears', () => assert.equal(timeout({ timeoutMs: 0 }, deaf), deaf));
