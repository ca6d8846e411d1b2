// Lets connections take turns: one that brings much in one chunk goes on after the others have been heard.

/** Milliseconds for those who go on, in each turn of the event loop. */
const TURN_MS = 2;

export class Turns {
  /** Those who have more to do, in order. */
  private lane: (() => boolean)[] = [];
  private count = 0;
  private scheduled: NodeJS.Immediate | undefined;

  /** The number of this turn of the event loop. */
  get current(): number {
    this.scheduled ??= setImmediate(() => this.next());
    return this.count;
  }

  /** Calls `goOn` in a later turn, and again in others while it says that there is more to do. */
  later(goOn: () => boolean): void {
    this.lane.push(goOn);
    this.scheduled ??= setImmediate(() => this.next());
  }

  private next(): void {
    this.scheduled = undefined;
    this.count++;
    const { lane } = this;
    if (lane.length === 0) return;
    const end = performance.now() + TURN_MS;
    const again: (() => boolean)[] = [];
    let served = 0;
    do {
      const goOn = lane[served++]!;
      if (goOn()) again.push(goOn);
    } while (served < lane.length && performance.now() < end);
    this.lane = [...lane.slice(served), ...again];
    if (this.lane.length > 0) this.scheduled ??= setImmediate(() => this.next());
  }
}

/** Of all connections of the process. */
export const turns: Turns = new Turns();
