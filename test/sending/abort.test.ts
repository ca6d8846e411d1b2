import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Attempt, type Cancel, onAbort, signalOf } from '../../src/sending/abort.js';

/** Both that can be listened to, with what aborts them. */
const ENDS: Readonly<Record<string, () => { readonly cancel: Cancel; abort(reason?: unknown): void }>> = {
  AbortSignal() {
    const end = new AbortController();
    return { cancel: end.signal, abort: (reason) => end.abort(reason) };
  },
  Attempt() {
    const cancel = new Attempt();
    return { cancel, abort: (reason) => cancel.abort(reason) };
  },
};

for (const [name, make] of Object.entries(ENDS))
  test(`${name}: every listener hears of the abort once, in order`, () => {
    const end = make();
    const heard: number[] = [];
    for (const i of [1, 2, 3]) onAbort(end.cancel, () => heard.push(i));
    end.abort();
    end.abort();
    assert.deepEqual(heard, [1, 2, 3]);
  });

for (const [name, make] of Object.entries(ENDS))
  test(`${name}: one that was taken back hears nothing, also where another takes it back`, () => {
    const end = make();
    const heard: number[] = [];
    const unsubscribers = [0, 1, 2, 3].map((i) =>
      onAbort(end.cancel, () => {
        heard.push(i);
        unsubscribers[2]?.();
      }),
    );
    unsubscribers[1]?.();
    unsubscribers[1]?.();
    end.abort();
    assert.deepEqual(heard, [0, 3]);
  });

test('ten thousand requests leave one listener at the signal', () => {
  const end = new AbortController();
  for (let i = 0; i < 10_000; i++) onAbort(end.signal, () => assert.fail('was taken back'))();
  assert.equal(getEventListeners(end.signal, 'abort').length, 1);
  end.abort();
});

test('an attempt is an AbortSignal for those who need one, whenever they ask', () => {
  const attempt = new Attempt();
  const before = signalOf(attempt);
  assert.equal(before.aborted, false);
  attempt.abort('late');
  attempt.abort('later');
  assert.deepEqual([before.aborted, before.reason, attempt.reason], [true, 'late', 'late']);
  const given = new Attempt();
  given.abort('early');
  assert.deepEqual([signalOf(given).aborted, signalOf(given).reason], [true, 'early']);
  const { signal } = new AbortController();
  assert.equal(signalOf(signal), signal);
});
