// The ledger of bytes: who waits, who gives way, what counts once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Account,
  type Held,
  HOLDERS,
  Ledger,
  type LedgerLimits,
  ledgerLimits,
  type Stored,
} from '../../src/pipeline/index.js';
import { fakeClock } from '../support/clock.js';
import fc from '../support/property.js';

const MIB = 1024 * 1024;
const LIMITS: LedgerLimits = { softBytes: 10 * MIB, hardBytes: 20 * MIB, totalBytes: 40 * MIB, queueBytes: 20 * MIB };

describe('limits', () => {
  it('are shares of the memory, with room for one request of the usual limit, and no more than bodies need', () => {
    const of = (mib: number): number[] => {
      const { softBytes, hardBytes, totalBytes, queueBytes } = ledgerLimits(mib * MIB);
      return [softBytes, hardBytes, totalBytes, queueBytes].map((bytes) => bytes / MIB);
    };
    assert.deepEqual(of(512), [80, 160, 256, 128]);
    assert.deepEqual(of(256), [48, 96, 128, 64]);
    assert.deepEqual(of(65_536), [256, 512, 32_768, 16_384]);
  });

  it('become smaller while somebody knows of less memory, never larger', () => {
    const ledger = new Ledger(ledgerLimits(1024 * MIB));
    const backs = [400, 800, 4_000].map((mib) => ledger.restrict(mib * MIB));
    assert.equal(ledger.queueBytes, 100 * MIB);
    backs[0]!();
    assert.equal(ledger.queueBytes, 200 * MIB);
    backs[1]!();
    assert.equal(ledger.queueBytes, 256 * MIB);
    backs[2]!();
    assert.equal(ledger.queueBytes, 256 * MIB);
  });
});

describe('bodies that are stored', () => {
  it('count once, whoever keeps them, until the last lets go', () => {
    const kinds = HOLDERS.filter((kind): kind is Stored => kind !== 'underway');
    const step = fc.record({ body: fc.nat(3), kind: fc.constantFrom(...kinds), keep: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger(LIMITS);
        const bodies = [0, 1, 100, 1000].map((bytes) => new Uint8Array(bytes));
        const kept: [Stored, Uint8Array][] = [];
        for (const { body, kind, keep } of steps) {
          const bytes = bodies[body]!;
          const at = kept.findIndex((each) => each[0] === kind && each[1] === bytes);
          if (keep) {
            kept.push([kind, bytes]);
            ledger.store(kind, bytes);
          } else if (at >= 0) {
            kept.splice(at, 1);
            ledger.release(kind, bytes);
          }
          const sum = (all: Iterable<Uint8Array>): number => [...all].reduce((bytes, { length }) => bytes + length, 0);
          assert.equal(ledger.held, sum(new Set(kept.map(([, each]) => each))));
          for (const each of kinds)
            assert.equal(ledger.heldBy(each), sum(kept.flatMap(([of, b]) => (of === each ? [b] : []))));
        }
      }),
    );
  });

  it('are refused beyond what everything together may take, but for one when there is nothing else', () => {
    const ledger = new Ledger(LIMITS);
    assert.equal(ledger.refusal(100 * MIB), undefined);
    ledger.store('queues', new Uint8Array(39 * MIB));
    assert.equal(ledger.refusal(MIB), undefined);
    assert.match(ledger.refusal(2 * MIB)!.message, /^41 MB of requests are held already$/);
  });
});

/** A body of one peer, and whether it had to give way. */
function body(account: Account, bytes: number): { held: Held; gone: string[] } {
  const gone: string[] = [];
  const held = account.hold((error) => gone.push(error.message));
  held.resize(bytes);
  return { held, gone };
}

describe('bodies under way', () => {
  it('give way at the hard bound: that of the peer that has held the most for the longest', () => {
    let now = 0;
    const ledger = new Ledger(LIMITS, () => now);
    const [greedy, honest] = [new Account(ledger), new Account(ledger)];
    const first = body(greedy, 9 * MIB);
    const second = body(greedy, 9 * MIB);
    now += 1_000;
    const ours = body(honest, 10 * MIB);
    assert.deepEqual([first.gone.length, second.gone.length, ours.gone.length], [1, 0, 0]);
    assert.equal(ledger.held, 19 * MIB);
    assert.equal(ledger.evictions, 1);
    first.held.resize(5);
    assert.equal(greedy.bytes, 9 * MIB);
  });

  it('give way themselves where nobody else holds more', () => {
    const ledger = new Ledger(LIMITS, () => 0);
    const { gone } = body(new Account(ledger), 21 * MIB);
    assert.equal(gone.length, 1);
    assert.equal(ledger.held, 0);
  });

  it('never hold more than the hard bound, and what is held is the sum of what is open', () => {
    const step = fc.record({ account: fc.nat(4), mib: fc.nat(15), close: fc.boolean(), at: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let now = 0;
        const ledger = new Ledger(LIMITS, () => now);
        const accounts = Array.from({ length: 5 }, () => new Account(ledger));
        const bodies: Held[] = [];
        for (const { account, mib, close, at } of steps) {
          now += 10;
          const known = bodies[at];
          if (!known) bodies.push(body(accounts[account]!, mib * MIB).held);
          else if (close) known.close();
          else known.resize(mib * MIB);
          const open = bodies.filter((held) => !held.closed);
          assert.equal(
            ledger.held,
            open.reduce((sum, { bytes }) => sum + bytes, 0),
          );
          assert.ok(ledger.held <= LIMITS.hardBytes);
          assert.equal(
            ledger.accounts.size,
            new Set(open.filter(({ bytes }) => bytes > 0).map((held) => held.account)).size,
          );
        }
      }),
    );
  });

  it('peers that hold much wait past the soft bound, in order; others do not', () => {
    const ledger = new Ledger(LIMITS, () => 0);
    const [large, small] = [new Account(ledger), new Account(ledger)];
    const early = body(new Account(ledger), 1000);
    const first = body(large, 11 * MIB);
    body(small, 1000);
    assert.deepEqual([large.mustWait, small.mustWait], [true, false]);
    assert.equal(early.gone.length, 0);
    const log: string[] = [];
    large.wait(() => log.push('a'));
    const unwait = large.wait(() => log.push('b'));
    small.wait(() => log.push('c'));
    unwait();
    first.held.resize(9 * MIB);
    assert.deepEqual(log, ['a', 'c']);
    assert.equal(large.mustWait, false);
  });

  it('who waits for a second sees the one go that holds the most, and does not wait for ever', async (context) => {
    const clock = fakeClock(context);
    const ledger = new Ledger(LIMITS, clock.now);
    const [greedy, honest] = [new Account(ledger), new Account(ledger)];
    const bodies = [body(greedy, 6 * MIB), body(greedy, 6 * MIB)];
    await clock.advance(5_000);
    const ours = body(honest, 3 * MIB);
    let resumed = 0;
    honest.wait(() => resumed++);
    await clock.advance(900);
    assert.equal(resumed, 0);
    await clock.advance(200);
    assert.equal(resumed, 1);
    assert.deepEqual([bodies[0]!.gone.length, bodies[1]!.gone.length, ours.gone.length], [1, 0, 0]);
  });

  it('the first in line goes on past the soft bound, and the next one when it is done', () => {
    const ledger = new Ledger(LIMITS, () => 0);
    const accounts = Array.from({ length: 3 }, () => new Account(ledger));
    const bodies = accounts.map((account) => body(account, 6 * MIB));
    assert.deepEqual(
      accounts.map(({ mustWait }) => mustWait),
      [false, true, true],
    );
    const log: number[] = [];
    for (const i of [1, 2]) accounts[i]!.wait(() => log.push(i));
    bodies[1]!.held.resize(7 * MIB);
    bodies[0]!.held.close();
    assert.deepEqual(log, [1]);
    bodies[1]!.held.close();
    assert.deepEqual(log, [1, 2]);
  });

  it('one request that is larger than the soft bound comes in where nothing else is held', () => {
    const ledger = new Ledger(LIMITS, () => 0);
    const account = new Account(ledger);
    const { held, gone } = body(account, MIB);
    for (let mib = 2; mib <= 19; mib++) {
      held.resize(mib * MIB);
      assert.equal(account.mustWait, false);
    }
    assert.equal(gone.length, 0);
  });

  it('who is first in line and sends is left alone by those who wait, for three seconds', async (context) => {
    const clock = fakeClock(context);
    const ledger = new Ledger(LIMITS, clock.now);
    const [first, second] = [new Account(ledger), new Account(ledger)];
    const sending = body(first, 11 * MIB);
    body(second, 2 * MIB);
    let resumed = 0;
    second.wait(() => resumed++);
    for (let ms = 0; ms < 2_900; ms += 100) {
      sending.held.resize(sending.held.bytes + 1);
      await clock.advance(100);
    }
    assert.deepEqual([sending.gone.length, resumed], [0, 0]);
    for (let ms = 0; ms < 300; ms += 100) {
      sending.held.resize(sending.held.bytes + 1);
      await clock.advance(100);
    }
    assert.deepEqual([sending.gone.length, resumed], [1, 1]);
  });

  it('what does not come in time is told so', () => {
    const ledger = new Ledger(LIMITS, () => 0);
    const { held, gone } = body(new Account(ledger), 5);
    held.expire(60_000);
    assert.deepEqual(gone, ['the request did not come within 60 s']);
    assert.equal(ledger.held, 0);
  });
});
