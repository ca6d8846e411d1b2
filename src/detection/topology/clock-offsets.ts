// By how much the clocks of a cluster's senders are off, said once a change.
import type { ClockState, KernelApi } from '../../kernel/api.js';
import type { AnomalyEvents, ClockReport } from '../../telemetry/anomaly-events.js';
import type { GroupState, SenderClock } from './graph.js';

export interface ClockOffset {
  readonly sender: string;
  /** Ahead of the others, or of its receipt, seconds; negative: behind. */
  readonly offsetS: number;
  /** Its data is left out, not aligned. */
  readonly isLeftOut: boolean;
}

interface KnownClock extends SenderClock {
  readonly state: ClockState;
}

const seconds = (nanos: bigint): number => Number(nanos / 1_000_000n) / 1000;
const size = (nanos: bigint): bigint => (nanos < 0n ? -nanos : nanos);

/** Senders of a group whose clocks are off. */
export function clockOffsets(kernel: KernelApi, { clocks, windowMs }: GroupState): ClockOffset[] {
  const known: KnownClock[] = [...clocks.values()].map((clock) => ({ ...clock, state: kernel.clock(clock.slot) }));
  const right = rightShift(
    known.map(({ state }) => state),
    BigInt(Math.round(windowMs * 1e6)),
  );
  return known.flatMap(({ sender, state }) => {
    const { shiftNanos, aheadNanos } = state;
    const offset = aheadNanos === 0n ? shiftNanos - right : aheadNanos;
    return offset === 0n ? [] : [{ sender, offsetS: seconds(offset), isLeftOut: aheadNanos !== 0n }];
  });
}

/**
 * Offsets are relative: the shift of the clock that is right. Live it is the one whose times are nearest to their
 * receipt; in a replay that of the most senders, of equally many the smallest.
 */
function rightShift(clocks: readonly ClockState[], window: bigint): bigint {
  const told = clocks.filter(({ newestUnixNano }) => newestUnixNano !== 0n);
  let best: { readonly shift: bigint; readonly worth: bigint } | undefined;
  for (const { shiftNanos: shift, newestUnixNano, receivedUnixNano } of told) {
    const alike = told.filter((other) => size(other.shiftNanos - shift) <= window).length;
    const worth = receivedUnixNano === 0n ? BigInt(alike) : -size(newestUnixNano + shift - receivedUnixNano);
    if (!best || worth > best.worth || (worth === best.worth && size(shift) < size(best.shift)))
      best = { shift, worth };
  }
  return best?.shift ?? 0n;
}

/** Tells of what has changed since it last told. */
export class ClockTold {
  readonly #kernel: KernelApi;
  readonly #told = new Map<string, ClockReport>();
  #moves = -1;

  constructor(kernel: KernelApi) {
    this.#kernel = kernel;
  }

  /** After every request: costs nothing while no clock was aligned or left out. */
  look(groups: readonly GroupState[], events: AnomalyEvents): void {
    const moves = this.#kernel.clockMoves();
    if (moves === this.#moves) return;
    this.#moves = moves;
    const before = new Map(this.#told);
    this.#told.clear();
    for (const group of groups) {
      for (const offset of clockOffsets(this.#kernel, group)) {
        const report = { ...offset, cluster: group.cluster.name, windowS: group.windowMs / 1000 };
        const key = `${report.cluster}\u0000${report.sender}\u0000${report.windowS}`;
        const last = before.get(key);
        before.delete(key);
        this.#told.set(key, report);
        if (!last || last.isLeftOut !== report.isLeftOut || last.offsetS !== report.offsetS) events.clockIsOff(report);
      }
    }
    for (const report of before.values()) events.clockAgrees(report);
  }
}
