// Points without a time, where recordings are told apart from the present: they follow what others tell, and say
// nothing of the time themselves.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BelievedTimes, Role, type SeriesBinding, SeriesType } from '../../src/kernel/api.js';
import { ReferenceWindows } from '../reference/window.js';
import { smallKernel } from '../support/kernels.js';
import fc from '../support/property.js';
import { KernelDriver, point, ReferenceDriver, type StreamPoint } from '../synthetic/point-streams.js';

const SECOND = 1_000_000_000n;
const WINDOW = 10n * SECOND;
const DAY = 86_400n * SECOND;
const NOW = 1_790_000_000n * SECOND;
const LONG_AGO = NOW - 365n * DAY;
/** Series 0 and 1 are of one sender, 2 and 3 of another. */
const SERIES = [0, 1, 2, 3];

const believed = (received: bigint): BelievedTimes => ({
  earliestUnixNano: received - DAY,
  latestUnixNano: received + 300n * SECOND,
});

class Story {
  readonly kernel: KernelDriver;
  readonly reference: ReferenceDriver;

  constructor() {
    const kernel = smallKernel();
    const reference = new ReferenceWindows();
    for (const each of [kernel, reference]) {
      each.addGroup(WINDOW, WINDOW / 2n);
      each.addClock(0);
    }
    kernel.addFeed(0, false);
    reference.addFeed(0);
    for (const _ of SERIES) reference.addEdge(0, kernel.addEdge(0, -1, -1, 0));
    const bindings = SERIES.map((edge): SeriesBinding => {
      const shape = { type: SeriesType.AMOUNT, roles: Role.REQUESTS, rank: 0, scale: 1 };
      return { edge, feed: 0, clock: edge < 2 ? 0 : 1, ...shape };
    });
    for (const [series, binding] of bindings.entries()) reference.bind(series, binding);
    this.kernel = new KernelDriver(kernel, bindings, believed);
    this.reference = new ReferenceDriver(reference, believed);
  }

  send(receivedUnixNano: bigint, ...points: StreamPoint[]): void {
    this.kernel.send({ points, receivedUnixNano });
    this.reference.send({ points, receivedUnixNano });
  }

  end(): this {
    this.kernel.flush(1);
    this.reference.flush(1);
    assert.deepEqual(this.kernel.closed, this.reference.closed);
    assert.deepEqual(this.kernel.kernel.counts(), this.reference.reference.counts());
    assert.ok(this.kernel.kernel.isIntact());
    return this;
  }

  get counts() {
    return this.kernel.kernel.counts();
  }
  /** Times of the windows that were closed, seconds after `from`. */
  times(from: bigint): number[] {
    return this.kernel.closed.map(({ timeUnixNano }) => Number((timeUnixNano - from) / SECOND));
  }
}

const tens = (count: number): number[] => Array.from({ length: count }, (_, i) => 10 * i);

describe('points without a time', () => {
  for (const [title, at, own] of [
    ['in the middle of a recording', 5, 1],
    ['in the middle of a recording, from another sender', 5, 2],
    ['before a recording', 0, 1],
    ['before a recording, from another sender', 0, 2],
  ] as const)
    it(`${title}, are no end of it: everything after is learnt`, () => {
      const s = new Story();
      for (let i = 0; i < 20; i++) {
        if (i === at) s.send(NOW + BigInt(i) * SECOND, point(own, 0n));
        s.send(NOW + BigInt(i) * SECOND, point(0, LONG_AGO + BigInt(i) * WINDOW));
      }
      s.end();
      assert.deepEqual(s.times(LONG_AGO), tens(20));
      assert.equal(s.counts.past + s.counts.late, 0);
      assert.equal(s.counts.folded, at === 0 ? 20 : 21);
      assert.equal(s.counts.held, at === 0 ? 1 : 0);
    });

  it('in the same requests as those of a recording, and first in them, are learnt with it', () => {
    const s = new Story();
    for (let i = 0; i < 20; i++)
      s.send(NOW + BigInt(i) * SECOND, point(1, 0n), point(0, LONG_AGO + BigInt(i) * WINDOW));
    s.end();
    assert.deepEqual(s.times(LONG_AGO), tens(20));
    assert.equal(s.counts.past + s.counts.late, 0);
    assert.equal(s.counts.folded, 39, 'all but the first');
  });

  it('of a sender that tells nothing else are of their receipt, from the second request on with the first', () => {
    const s = new Story();
    for (let i = 0; i < 20; i++) s.send(NOW + BigInt(i) * WINDOW, point(0, 0n));
    s.end();
    assert.deepEqual(s.times(NOW), tens(20));
    assert.equal(s.counts.folded, 20);
  });

  it('go on at the pace of their receipt after the last that had one, and after a silence of days', () => {
    for (const start of [LONG_AGO, NOW]) {
      const s = new Story();
      for (let i = 0; i < 10; i++) s.send(NOW + BigInt(i) * WINDOW, point(0, start + BigInt(i) * WINDOW));
      for (let i = 10; i < 20; i++) s.send(NOW + BigInt(i) * WINDOW, point(2, 0n));
      for (let i = 20; i < 30; i++) s.send(NOW + 3n * DAY + BigInt(i) * WINDOW, point(2, 0n));
      s.end();
      assert.deepEqual(s.times(start).slice(0, 20), tens(20));
      assert.equal(s.times(start).at(-1), 3 * 86_400 + 290);
      assert.equal(s.counts.folded, 30);
    }
  });

  it('do not hold up the present, once a sender tells it', () => {
    const s = new Story();
    for (let i = 0; i < 10; i++)
      s.send(NOW + BigInt(i) * SECOND, point(0, LONG_AGO + BigInt(i) * WINDOW), point(1, 0n));
    for (let i = 10; i < 30; i++) s.send(NOW + BigInt(i) * WINDOW, point(2, NOW + BigInt(i) * WINDOW), point(1, 0n));
    s.end();
    assert.deepEqual(s.times(NOW).slice(-20), tens(30).slice(10));
    assert.equal(s.counts.folded, 60);
  });

  it('anywhere among those of recordings and of the present: the kernel does as the reference does', () => {
    // Two days behind: the reference passes over an outage one window at a time.
    const seen = { folded: 0, held: 0, past: 0 };
    const step = fc.record({
      series: fc.constantFrom(...SERIES),
      /** Seconds of receipt, and of event time where that goes on at a pace of its own. */
      gone: fc.constantFrom(0, 1, 3, 10, 10, 10, 10, 40, 700, 50_000),
      paced: fc.constantFrom(0, 1, 5, 10, 10, 10, 60),
      time: fc.constantFrom('none', 'none', 'old', 'old', 'old', 'now'),
      isCut: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 120, size: '+2' }), (steps) => {
        const s = new Story();
        let [now, old] = [NOW, NOW - 2n * DAY];
        let points: StreamPoint[] = [];
        for (const { series, gone, paced, time, isCut } of steps) {
          now += BigInt(gone) * SECOND;
          old += BigInt(paced) * SECOND;
          points.push(point(series, time === 'none' ? 0n : time === 'old' ? old : now));
          if (!isCut) continue;
          s.send(now, ...points);
          points = [];
        }
        s.end();
        seen.folded += s.counts.folded;
        seen.held += s.counts.held;
        seen.past += s.counts.past;
      }),
      { numRuns: 100 },
    );
    assert.ok(seen.folded > 1000 && seen.held > 50 && seen.past > 200, JSON.stringify(seen));
  });
});
