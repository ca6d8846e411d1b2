// The layer that tries again: exponential backoff with jitter, and the pause that the next hop asks for.
import { RetryableError } from '../pipeline/index.js';
import type { ExporterEvents } from '../telemetry/exporter-events.js';
import { type Cancel, onAbort } from './abort.js';
import { GivenUpError, isKept, type Send } from './send.js';

/** Longest pause between attempts while shutting down, unless the next hop asks for one; ms. */
const STOPPING_INTERVAL_MS = 1_000;

export interface RetryOptions {
  readonly enabled: boolean;
  readonly initialIntervalMs: number;
  /** An interval is drawn from interval × [1 − factor, 1 + factor]. */
  readonly randomizationFactor: number;
  readonly multiplier: number;
  readonly maxIntervalMs: number;
  /** From the first attempt on; 0: for ever. */
  readonly maxElapsedMs: number;
}

export interface RetryHost {
  /** Aborts when shutdown begins: whoever waits for its next attempt makes one at once, and then goes on as before. */
  readonly stopping: AbortSignal;
  /** Shutdown ends it instead: nothing is lost by that. */
  readonly endsWithStop?: () => boolean;
  readonly events: Pick<ExporterEvents, 'retrying'>;
  /** Monotonic, ms. */
  readonly now?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Resolves after `ms`, or as soon as one of the signals aborts. */
function pause(ms: number, ...signals: readonly Cancel[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const unsubscribe of unsubscribers) unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const unsubscribers = signals.map((signal) => onAbort(signal, done));
  });
}

/**
 * Retries `RetryableError` until it succeeds, `maxElapsedMs` would be passed (`GivenUpError`, `retries_exhausted`) or
 * shutdown is over (`shutdown`). A pause asked for by the next hop (RetryInfo, Retry-After) holds back every batch of
 * this exporter, also while stopping: OTLP says that a client must throttle.
 */
export function retry(options: RetryOptions, host: RetryHost, next: Send): Send {
  if (!options.enabled) return next;
  const { stopping, events } = host;
  const now = host.now ?? (() => performance.now());
  const random = host.random ?? Math.random;
  let throttledUntil = 0;

  const ends = (): boolean => stopping.aborted && host.endsWithStop?.() === true;

  /** Like `pause`; the beginning of shutdown ends it once. */
  const wait = (ms: number, aborted: Cancel): Promise<void> =>
    stopping.aborted ? pause(ms, aborted) : pause(ms, aborted, stopping);

  const throttle = async (aborted: Cancel): Promise<void> => {
    while (!aborted.aborted && !ends() && now() < throttledUntil) await wait(throttledUntil - now(), aborted);
  };

  const drawn = (intervalMs: number): number =>
    intervalMs * (1 - options.randomizationFactor + 2 * options.randomizationFactor * random());

  /** Until the next attempt; while shutting down there is no time for long pauses of our own. */
  const delay = (intervalMs: number, askedMs: number): number =>
    Math.max(Math.min(drawn(intervalMs), stopping.aborted ? STOPPING_INTERVAL_MS : intervalMs * 2), askedMs);

  return async (batch, aborted) => {
    await throttle(aborted);
    const startedAt = now();
    let intervalMs = options.initialIntervalMs;
    let last: unknown = 'throttled';
    while (!aborted.aborted && !ends()) {
      try {
        return await next(batch, aborted);
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        last = error;
        if (aborted.aborted || ends()) break;
        const asked = error.retryAfterMs ?? 0;
        const delayMs = delay(intervalMs, asked);
        if (options.maxElapsedMs > 0 && now() - startedAt + delayMs > options.maxElapsedMs)
          throw new GivenUpError('retries_exhausted', error);
        intervalMs = Math.min(intervalMs * options.multiplier, options.maxIntervalMs);
        throttledUntil = Math.max(throttledUntil, now() + asked);
        events.retrying(batch, error, delayMs);
        await wait(delayMs, aborted);
        await throttle(aborted);
      }
    }
    throw new GivenUpError('shutdown', last, ends() || isKept(aborted.reason));
  };
}
