// The layer that bounds one attempt in time.
import { Attempt, onAbort } from './abort.js';
import { type Send, TimeoutError } from './send.js';

export interface TimeoutOptions {
  /** ms; 0: no bound. */
  readonly timeoutMs: number;
}

/** Aborts `next` after `timeoutMs` and then fails with `TimeoutError`, whatever `next` makes of the abort. */
export function timeout(options: TimeoutOptions, next: Send): Send {
  const { timeoutMs } = options;
  if (timeoutMs === 0) return next;
  return async (batch, outer) => {
    const attempt = new Attempt();
    if (outer.aborted) attempt.abort(outer.reason);
    const unsubscribe = onAbort(outer, () => attempt.abort(outer.reason));
    const timer = setTimeout(() => attempt.abort(new TimeoutError(timeoutMs)), timeoutMs);
    try {
      return await next(batch, attempt);
    } catch (error) {
      throw attempt.reason instanceof TimeoutError ? attempt.reason : error;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  };
}
