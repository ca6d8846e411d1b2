import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { onAbort } from '../../src/sending/abort.js';

test('every listener hears of the abort once, in order', () => {
  const end = new AbortController();
  const heard: number[] = [];
  for (const i of [1, 2, 3]) onAbort(end.signal, () => heard.push(i));
  end.abort();
  end.abort();
  assert.deepEqual(heard, [1, 2, 3]);
});

test('one that was taken back hears nothing, also where another takes it back', () => {
  const end = new AbortController();
  const heard: number[] = [];
  const deafen = [0, 1, 2, 3].map((i) =>
    onAbort(end.signal, () => {
      heard.push(i);
      deafen[2]?.();
    }),
  );
  deafen[1]?.();
  deafen[1]?.();
  end.abort();
  assert.deepEqual(heard, [0, 3]);
});

test('ten thousand requests leave one listener at the signal', () => {
  const end = new AbortController();
  for (let i = 0; i < 10_000; i++) onAbort(end.signal, () => assert.fail('was taken back'))();
  assert.equal(getEventListeners(end.signal, 'abort').length, 1);
  end.abort();
});
