// A tick being closed: driven in slices, it keeps what the tick came to.
import type { Closing } from './api.js';
import { ClosingTick } from './generated/layouts.js';
import type { KernelExports } from './load.js';
import type { Views } from './views.js';

export class KernelClosing implements Closing {
  readonly group: number;
  readonly tick: number;
  readonly timeUnixNano: bigint;
  readonly newEdges: Uint32Array;
  readonly skipped: number;
  readonly #wasm: KernelExports;
  readonly #views: Views;
  #alerting: readonly number[] = [];
  #channels: readonly number[] = [];
  #seen = 0;
  #live = 0;

  /** Throws `RangeError` where the group has nothing to close, or is being closed. */
  constructor(wasm: KernelExports, views: Views, group: number) {
    if (!wasm.beginClose(group)) {
      throw new RangeError(`kernel: group ${group} has nothing to close, or is being closed`);
    }
    this.#wasm = wasm;
    this.#views = views;
    const { tick, time, newCount, skipped } = ClosingTick.read(views, this.#at);
    this.group = group;
    this.tick = tick;
    this.timeUnixNano = time;
    this.newEdges = ClosingTick.newEdges(views, this.#at, newCount).slice();
    this.skipped = skipped;
  }

  /** Address of the kernel's record. */
  get #at(): number {
    return this.#wasm.closingTick() >>> 0;
  }

  append(edges: readonly number[]): void {
    for (const edge of edges) {
      if (!this.#wasm.appendEdge(edge)) throw new RangeError(`kernel: edge ${edge} cannot be put in order`);
    }
  }

  work(edges: number): boolean {
    if (!this.#wasm.closeSlice(this.group, edges)) return false;
    const { alertingCount, channelCount, seen, live } = ClosingTick.read(this.#views, this.#at);
    this.#alerting = Array.from(ClosingTick.alerting(this.#views, this.#at, alertingCount));
    this.#channels = Array.from(ClosingTick.channels(this.#views, this.#at, channelCount));
    this.#seen = seen;
    this.#live = live;
    return true;
  }

  get alerting(): readonly number[] {
    return this.#alerting;
  }

  get channels(): readonly number[] {
    return this.#channels;
  }

  get seen(): number {
    return this.#seen;
  }

  get live(): number {
    return this.#live;
  }
}
