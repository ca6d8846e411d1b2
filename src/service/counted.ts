// A hop between two components that counts the items that pass it.
import type { Batch, Consumer, RetryableError } from '../pipeline/index.js';
import type { Tally } from '../telemetry/pipeline-items.js';

class CountedItems implements Consumer {
  private readonly next: Consumer;
  private readonly tallies: readonly Tally[];

  constructor(next: Consumer, tallies: readonly Tally[]) {
    this.next = next;
    this.tallies = tallies;
  }

  get retainsBody(): boolean {
    return this.next.retainsBody !== false;
  }

  refusal(bytes: number): RetryableError | undefined {
    return this.next.refusal(bytes);
  }

  checkMetadata(metadata: ReadonlyMap<string, string>): void {
    this.next.checkMetadata?.(metadata);
  }

  consume(batch: Batch): undefined | Promise<void> {
    let answer: undefined | Promise<void>;
    try {
      answer = this.next.consume(batch);
    } catch (error) {
      for (const tally of this.tallies) tally.failure += batch.items;
      throw error;
    }
    if (answer) return this.settle(answer, batch.items);
    for (const tally of this.tallies) tally.success += batch.items;
    return undefined;
  }

  private async settle(answer: Promise<void>, items: number): Promise<void> {
    try {
      await answer;
    } catch (error) {
      for (const tally of this.tallies) tally.failure += items;
      throw error;
    }
    for (const tally of this.tallies) tally.success += items;
  }
}

/** `next`, counted; `next` itself where nobody counts. */
export function counted(next: Consumer, tallies: readonly Tally[]): Consumer {
  return tallies.length > 0 ? new CountedItems(next, tallies) : next;
}
