// Which sender's clock a series goes by.
import type { KernelApi, Packed, Scan } from '../../kernel/api.js';
import type { Row } from '../rules/rows.js';
import type { BoundCounts } from '../topology/bounds.js';
import { alike, Clocks, senderOf } from '../topology/clocks.js';
import type { Edges } from '../topology/edges.js';
import { type EdgeState, edgeText, type GroupState } from '../topology/graph.js';
import { SlotColumn } from './slot-column.js';

export class SeriesClocks {
  /** Clocks of series whose sender has no name: what comes with one of them is of the same sender. */
  readonly #clocks = new SlotColumn();
  readonly #senders: Clocks;
  readonly #bounds: Pick<BoundCounts, 'clocks'>;

  constructor(kernel: KernelApi, { groups, counts }: Pick<Edges, 'groups' | 'counts'>) {
    this.#senders = new Clocks(kernel, groups);
    this.#bounds = counts;
  }

  /** The clock of the row's sender for a series of this edge; -1: there is no room for it. */
  of(edge: EdgeState, row: Row, series: number, scan: Scan): number {
    const { name, isShared } = senderOf(row);
    if (!isShared) return this.#named(edge.group, name);
    const slot = this.#alike(edge, name, scan);
    this.#clocks.set(series, slot);
    return slot;
  }

  #named(group: GroupState, sender: string): number {
    const slot = this.#senders.named(group, sender)?.slot ?? -1;
    if (slot < 0) this.#bounds.clocks++;
    return slot;
  }

  /** The clock of those of this name that came in the same request, or one more. */
  #alike(edge: EdgeState, name: string, scan: Scan): number {
    const { group } = edge;
    const slots = alike(group, name);
    return this.#companion(slots, scan) ?? this.#senders.another(group, name, edgeText(edge))?.slot ?? -1;
  }

  #companion(slots: ReadonlySet<number>, scan: Scan): number | undefined {
    if (slots.size === 0) return undefined;
    for (let row = 0; row < scan.rows; row++) {
      const series = scan.seriesOf(row);
      const slot = series < 0 ? -1 : this.#clocks.get(series);
      if (slots.has(slot)) return slot;
    }
    return undefined;
  }

  /** The series goes by no sender's clock of its own. */
  forget(series: number): void {
    this.#clocks.set(series, -1);
  }

  /** The kernel has moved series into other slots. */
  renumber({ series }: Packed): void {
    for (const [from, to] of series) this.#clocks.move(from, to);
  }

  save(): Int32Array {
    return this.#clocks.save();
  }

  restore(clocks: Int32Array): void {
    this.#clocks.restore(clocks);
  }
}
