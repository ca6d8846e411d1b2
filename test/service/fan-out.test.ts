import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, type Consumer, PermanentError, RetryableError } from '../../src/pipeline/index.js';
import { fanOut } from '../../src/service/fan-out.js';
import { opaqueBatch } from '../support/batches.js';
import fc from '../support/property.js';

type Behaviour = 'takes' | 'takes later' | 'permanent' | 'permanent later' | 'retryable' | 'retryable later' | 'bug';

class Branch implements Consumer {
  readonly got: Batch[] = [];
  private readonly behaviour: Behaviour;
  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }
  refusal(): RetryableError | undefined {
    return undefined;
  }
  consume(batch: Batch): undefined | Promise<void> {
    this.got.push(batch);
    const failure = this.failure();
    if (this.behaviour.endsWith('later')) return failure ? Promise.reject(failure) : Promise.resolve();
    if (failure) throw failure;
    return undefined;
  }
  private failure(): Error | undefined {
    if (this.behaviour.startsWith('permanent')) return new PermanentError('bad data', 'permission_denied');
    if (this.behaviour.startsWith('retryable')) return new RetryableError('full', 2_000);
    return this.behaviour === 'bug' ? new TypeError('x is not a function') : undefined;
  }
}

const behaviour = fc.constantFrom<Behaviour>(
  'takes',
  'takes later',
  'permanent',
  'permanent later',
  'retryable',
  'retryable later',
  'bug',
);

test('every branch gets the batch once, and the answer is the worst that a retry can mend', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 4 }), async (behaviours) => {
      const branches = behaviours.map((one) => new Branch(one));
      const batch = opaqueBatch(1);
      let failure: unknown;
      let synchronous = true;
      try {
        const answer = fanOut(branches).consume(batch);
        synchronous = answer === undefined;
        await answer;
      } catch (error) {
        failure = error;
      }
      for (const branch of branches) assert.deepEqual(branch.got, [batch]);
      assert.equal(synchronous, !behaviours.some((one) => one.endsWith('later')));
      const any = (start: string): boolean => behaviours.some((one) => one.startsWith(start));
      if (any('retryable')) assert.ok(failure instanceof RetryableError && failure.retryAfterMs === 2_000);
      else if (any('permanent')) assert.ok(failure instanceof PermanentError && failure.code === 'permission_denied');
      else if (behaviours.length > 1 && any('bug'))
        assert.ok(failure instanceof PermanentError && failure.code === 'internal');
      else assert.equal(failure instanceof TypeError, any('bug'));
    }),
  );
});

test('the first refusal of any branch refuses', () => {
  const free = new Branch('takes');
  const full: Consumer = { consume: () => undefined, refusal: (bytes) => new RetryableError(`${bytes} do not fit`) };
  assert.equal(fanOut([free, free]).refusal(5), undefined);
  assert.equal(fanOut([free, full]).refusal(5)?.message, '5 do not fit');
  assert.deepEqual(free.got, []);
});

test('one branch stands for itself', () => {
  const only = new Branch('takes');
  assert.equal(fanOut([only]), only);
});
