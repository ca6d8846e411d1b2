// One batch to several consumers: each gets it, whatever happens at the others.
import { type Batch, type Consumer, PermanentError, RetryableError } from '../pipeline/index.js';

/**
 * The one failure that stands for several. A retry can still help where one of them is retryable, and then it is worth
 * it: at the branches that have failed for good it fails again, and those that took the batch get it twice, as after
 * any retry.
 */
function combine(failures: readonly unknown[]): Error {
  const errors = failures.map((failure) => (failure instanceof Error ? failure : new Error(String(failure))));
  const message = [...new Set(errors.map((error) => error.message))].join('; ');
  const cause = errors.length === 1 ? errors[0] : new AggregateError(errors, message);
  const retryable = errors.filter((error) => error instanceof RetryableError);
  if (retryable.length > 0) {
    if (errors.length === 1) return retryable[0] as Error;
    const waits = retryable.flatMap((error) => error.retryAfterMs ?? []);
    return new RetryableError(message, waits.length > 0 ? Math.max(...waits) : undefined, { cause });
  }
  const permanent = errors.find((error) => error instanceof PermanentError);
  if (permanent && errors.length === 1) return permanent;
  return new PermanentError(message, permanent?.code ?? 'internal', { cause });
}

class FanOut implements Consumer {
  private readonly branches: readonly Consumer[];

  constructor(branches: readonly Consumer[]) {
    this.branches = branches;
  }

  get retainsBody(): boolean {
    return this.branches.some((branch) => branch.retainsBody !== false);
  }

  refusal(bytes: number): RetryableError | undefined {
    for (const branch of this.branches) {
      const refusal = branch.refusal(bytes);
      if (refusal) return refusal;
    }
    return undefined;
  }

  checkMetadata(metadata: ReadonlyMap<string, string>): void {
    for (const branch of this.branches) branch.checkMetadata?.(metadata);
  }

  /** Answers at once when every branch does. */
  consume(batch: Batch): undefined | Promise<void> {
    const failures: unknown[] = [];
    const waiting: Promise<void>[] = [];
    for (const branch of this.branches) {
      try {
        const answer = branch.consume(batch);
        if (answer) waiting.push(answer);
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (waiting.length > 0) return this.settle(waiting, failures);
    if (failures.length > 0) throw combine(failures);
    return undefined;
  }

  private async settle(waiting: readonly Promise<void>[], failures: unknown[]): Promise<void> {
    for (const result of await Promise.allSettled(waiting)) {
      if (result.status === 'rejected') failures.push(result.reason);
    }
    if (failures.length > 0) throw combine(failures);
  }
}

/** A consumer that hands every batch to all of these. A single one stands for itself. */
export function fanOut(branches: readonly Consumer[]): Consumer {
  const [only] = branches;
  return branches.length === 1 && only ? only : new FanOut(branches);
}
