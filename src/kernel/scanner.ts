// Walks request bodies in the kernel. Rows of the last few metrics requests stay in scratch, each in a place of its
// own.
import type { Signal } from '../pipeline/index.js';
import type { BadTexts, Scan } from './api.js';
import { CapacityError, MalformedError, reasonOf } from './errors.js';
import { KEPT_SCANS, Status } from './generated/constants.js';
import type { KernelExports } from './load.js';
import { KernelScan, type Scratch } from './scan.js';
import type { Views } from './views.js';

/** A scan whose rows are still in scratch. Its body is nobody's to keep alive. */
interface Kept {
  readonly body: WeakRef<Uint8Array>;
  readonly skip: number;
  readonly scan: KernelScan;
}

export class Scanner implements Scratch {
  readonly wasm: KernelExports;
  readonly views: Views;
  /** Scans of metrics by their place in scratch, the next place to be overwritten, and the place that is selected. */
  readonly #kept: (Kept | undefined)[] = new Array<undefined>(KEPT_SCANS).fill(undefined);
  #next = 0;
  #selected = -1;
  /** Address of the selected scan's rows. */
  #rows = 0;

  constructor(wasm: KernelExports, views: Views) {
    this.wasm = wasm;
    this.views = views;
  }

  /**
   * Walks the body whole and records the rows of a metrics request from point `skip` on; free for one of the last few
   * that were walked. Throws `MalformedError`, or `CapacityError` for a body over the input limit.
   */
  scan(signal: Signal, body: Uint8Array, skip: number): KernelScan {
    if (signal !== 'metrics') {
      this.#selected = -1;
      return this.#walk(signal, body, 0);
    }
    const kept = this.#kept.find((one) => one?.skip === skip && one.body.deref() === body);
    return kept ? kept.scan : this.#record(body, skip);
  }

  #record(body: Uint8Array, skip: number): KernelScan {
    const place = this.#next;
    this.#next = (place + 1) % KEPT_SCANS;
    this.#kept[place] = undefined;
    this.wasm.selectScan(place, 0);
    this.#selected = -1;
    const scan = this.#walk('metrics', body, skip);
    this.#kept[place] = { body: new WeakRef(body), skip, scan };
    return scan;
  }

  select(scan: Scan): number {
    const place = this.#selected;
    if (place >= 0 && this.#kept[place]?.scan === scan) return this.#rows;
    const found = this.#kept.findIndex((one) => one?.scan === scan);
    if (found < 0) throw new RangeError('the rows of this scan are no longer in scratch');
    this.#selected = found;
    this.wasm.selectScan(found, scan.rows);
    this.#rows = this.wasm.rowAt(0) >>> 0;
    return this.#rows;
  }

  #walk(signal: Signal, body: Uint8Array, skip: number): KernelScan {
    const address = this.wasm.inputFor(body.length) >>> 0;
    if (address === 0) throw new CapacityError(`a request of ${body.length} bytes is over the kernel's input limit`);
    this.views.u8.set(body, address);
    const status = this.#call(signal, address, body.length, skip);
    if (status !== Status.OK) throw new MalformedError(reasonOf(status), this.wasm.scanFailedAt());
    return new KernelScan(this, this.wasm.scanItems(), this.wasm.scanRows(), this.#badTexts(signal));
  }

  #badTexts(signal: Signal): BadTexts | undefined {
    const count = signal === 'logs' ? this.wasm.scanBadTexts() : 0;
    return count === 0 ? undefined : { count, first: [this.wasm.scanBadTextStart(), this.wasm.scanBadTextEnd()] };
  }

  #call(signal: Signal, address: number, bytes: number, skip: number): number {
    switch (signal) {
      case 'metrics':
        return this.wasm.scanMetrics(address, bytes, skip);
      case 'traces':
        return this.wasm.scanTraces(address, bytes);
      case 'logs':
        return this.wasm.scanLogs(address, bytes);
    }
  }
}
