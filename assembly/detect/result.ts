// What the closing of a tick comes to, besides the columns. Whoever closes owns the record, and reads it once the tick
// is closed.
import { Numbers } from '../numbers';

@unmanaged
export class TickResult {
  /** Edges whose alert is on or changed, and those whose incident channel changed, in the group's order. */
  alerting: Numbers<u32>;
  channels: Numbers<u32>;
  alertingCount: i32;
  channelCount: i32;
  /** Edges that were seen. */
  seen: i32;
  /** Edges that are live: seen, silent for not too long to tell, or not seen in any window yet. */
  live: i32;
  /** Trees are to be grown once the contexts are known. */
  isTraining: bool;
}

/** Empties a result; its lists keep their places. */
export function startResult(result: TickResult): void {
  result.alertingCount = 0;
  result.channelCount = 0;
  result.seen = 0;
  result.live = 0;
}
