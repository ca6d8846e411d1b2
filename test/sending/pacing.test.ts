// Acknowledgements that wait while a queue grows.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pacing } from '../../src/sending/pacing.js';
import { fakeClock } from '../support/clock.js';

function setup(context: TestContext) {
  const clock = fakeClock(context);
  const pacing = new Pacing(100, clock.now);
  const done: number[] = [];
  const wait = (held: number): boolean => {
    const number = done.length;
    const waits = pacing.after(held, 1_000);
    void waits?.then(() => done.push(number));
    return waits !== undefined;
  };
  return { clock, pacing, done, wait };
}

test('nobody waits while little is held, nor while nothing is delivered', async (context) => {
  const { clock, pacing, wait } = setup(context);
  assert.equal(wait(1_000), false);
  pacing.delivered(1_000);
  assert.equal(wait(100), false);
  assert.equal(wait(101), true);
  await clock.advance(1_100);
  assert.equal(wait(1_000), false);
});

test('a delivery lets one go on, a short queue all', async (context) => {
  const { clock, pacing, done, wait } = setup(context);
  pacing.delivered(500);
  for (let i = 0; i < 4; i++) wait(500);
  pacing.delivered(400);
  await clock.advance(0);
  assert.equal(done.length, 1);
  pacing.delivered(50);
  await clock.advance(0);
  assert.equal(done.length, 4);
});

test('nobody waits longer than a quarter of a second, or a second where the queue is nearly full', async (context) => {
  const { clock, pacing, done, wait } = setup(context);
  pacing.delivered(500);
  wait(500);
  wait(1_000);
  await clock.advance(249);
  assert.equal(done.length, 0);
  await clock.advance(1);
  assert.equal(done.length, 1);
  await clock.advance(750);
  assert.equal(done.length, 2);
});

test('at the end nobody waits', async (context) => {
  const { clock, pacing, done, wait } = setup(context);
  pacing.delivered(500);
  wait(500);
  wait(500);
  pacing.end();
  await clock.advance(0);
  assert.equal(done.length, 2);
});
