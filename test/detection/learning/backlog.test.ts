// Work that no request may run beside: after the current request, before those that wait, in steps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LearningBacklog } from '../../../src/detection/learning/backlog.js';
import type { PendingRequest } from '../../../src/detection/pending-request.js';
import { packTexts, unpackTexts } from '../../../src/detection/topology/texts.js';
import { ownBatch } from '../../../src/pipeline/index.js';
import { testLedger } from '../../support/ledger.js';

function pending(items: number): PendingRequest {
  return { batch: ownBatch('metrics', new Uint8Array(8), items), sender: {}, route: {} } as unknown as PendingRequest;
}

function backlogInto(log: string[]): LearningBacklog {
  return new LearningBacklog({
    ledger: testLedger(),
    *learn({ batch: { items } }) {
      for (let step = 0; step < 3; step++) {
        log.push(`request ${items}`);
        yield;
      }
    },
    maxBytes: 1000,
    failed: (_, error) => assert.fail(String(error)),
    took: () => {},
  });
}

test('exclusive work runs between two requests, and its answer comes back', async () => {
  const log: string[] = [];
  const backlog = backlogInto(log);
  void backlog.add(pending(1));
  void backlog.add(pending(2));
  function* work(): Generator<void, string> {
    log.push('work');
    yield;
    log.push('work');
    return 'saved';
  }
  const { answer, took } = await backlog.exclusively(work());
  await backlog.drained();
  assert.equal(answer, 'saved');
  assert.ok(took.longestMs >= 0);
  assert.equal(log.filter((entry) => entry === 'work').length, 2);
  assert.equal(log.indexOf('work') % 3, 0, 'after a whole number of requests');
  assert.equal(log.indexOf('work') + 1, log.lastIndexOf('work'), 'nothing in between');
  assert.equal(backlog.bytes, 0);
});

test('exclusive work that fails says so, and requests go on', async () => {
  const log: string[] = [];
  const backlog = backlogInto(log);
  // biome-ignore lint/correctness/useYield: a generator that fails at its first step
  function* work(): Generator<void, void> {
    throw new Error('no room');
  }
  const failed = backlog.exclusively(work());
  void backlog.add(pending(1));
  await assert.rejects(failed, /no room/);
  await backlog.drained();
  assert.deepEqual(log, ['request 1', 'request 1', 'request 1']);
});

test('finishing at once ends exclusive work too', async () => {
  const log: string[] = [];
  const backlog = backlogInto(log);
  function* work(): Generator<void, number> {
    yield;
    yield;
    return 7;
  }
  const done = backlog.exclusively(work());
  backlog.finish();
  assert.equal((await done).answer, 7);
});

test('texts come back as they were, whatever is in them', () => {
  const texts = ['', 'a', 'ä\u0000b', '', '🦔', 'a'.repeat(1000)];
  assert.deepEqual(unpackTexts(packTexts(texts)), texts);
  assert.deepEqual(unpackTexts(packTexts([])), []);
});
