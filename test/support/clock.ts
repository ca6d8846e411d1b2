// A clock that stands still until a test moves it: node:test's mock timers, with the event loop turned between steps.

import type { TestContext } from 'node:test';
import { setImmediate as realImmediate } from 'node:timers';

export interface FakeClock {
  /** ms since the clock was made. */
  now(): number;
  /** Moves time on in steps of `stepMs`, letting promises and immediates run after each. */
  advance(ms: number, stepMs?: number): Promise<void>;
  /** Lets promises and immediates run without moving time. */
  settle(): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

/** Replaces setTimeout and setInterval for the rest of the test. */
export function fakeClock(context: TestContext): FakeClock {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let nowMs = 0;
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) await turn();
  };
  return {
    now: () => nowMs,
    settle,
    async advance(ms, stepMs = ms) {
      await settle();
      for (let left = ms; left > 0; left -= stepMs) {
        const step = Math.min(stepMs, left);
        nowMs += step;
        context.mock.timers.tick(step);
        await settle();
      }
    },
  };
}
