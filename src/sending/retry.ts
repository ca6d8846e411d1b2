// The layer that tries again: exponential backoff with jitter, and the pause that the next hop asks for.
import { RetryableError } from '../pipeline/index.js';
import type { ExporterEvents } from '../telemetry/exporter-events.js';
import { type Cancel, onAbort } from './abort.js';
import { GivenUpError, type Send } from './send.js';

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
  /** Aborts when shutdown begins: whoever waits for its next attempt makes one at once, and it is the last. */
  readonly stopping: AbortSignal;
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
      for (const deaf of deafen) deaf();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const deafen = signals.map((signal) => onAbort(signal, done));
  });
}

/**
 * Retries `RetryableError` until it succeeds, `maxElapsedMs` would be passed (`GivenUpError`, `retries_exhausted`) or shutdown
 * ends it (`shutdown`). A pause asked for by the next hop (RetryInfo, Retry-After) holds back every batch of this exporter, also
 * while stopping: OTLP says that a client must throttle.
 */
export function retry(options: RetryOptions, host: RetryHost, next: Send): Send {
  if (!options.enabled) return next;
  const { stopping, events } = host;
  const now = host.now ?? (() => performance.now());
  const random = host.random ?? Math.random;
  let throttledUntil = 0;

  const throttle = async (aborted: Cancel): Promise<void> => {
    while (!aborted.aborted && now() < throttledUntil) await pause(throttledUntil - now(), aborted);
  };

  const drawn = (intervalMs: number): number =>
    intervalMs * (1 - options.randomizationFactor + 2 * options.randomizationFactor * random());

  return async (batch, aborted) => {
    await throttle(aborted);
    const startedAt = now();
    let intervalMs = options.initialIntervalMs;
    let last: unknown = 'throttled';
    while (!aborted.aborted) {
      const lastTry = stopping.aborted;
      try {
        return await next(batch, aborted);
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        last = error;
        if (lastTry) break;
        const asked = error.retryAfterMs ?? 0;
        const delayMs = Math.max(drawn(intervalMs), asked);
        if (options.maxElapsedMs > 0 && now() - startedAt + delayMs > options.maxElapsedMs)
          throw new GivenUpError('retries_exhausted', error);
        intervalMs = Math.min(intervalMs * options.multiplier, options.maxIntervalMs);
        throttledUntil = Math.max(throttledUntil, now() + asked);
        events.retrying(batch, error, delayMs);
        await pause(delayMs, aborted, stopping);
        await throttle(aborted);
      }
    }
    throw new GivenUpError('shutdown', last);
  };
}
