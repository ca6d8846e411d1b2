// The kernel: one WebAssembly instance behind its typed face.

import type { Signal } from '../pipeline/index.js';
import { configureDetectors } from './detect-columns.js';
import { CapacityError } from './errors.js';
import type { KernelOptions, RowRanges, Scan } from './face.js';
import { type KernelExports, loadKernel } from './load.js';
import { Scanner } from './scanner.js';
import { Views } from './views.js';

export class Kernel {
  readonly #wasm: KernelExports;
  readonly views: Views;
  readonly scanner: Scanner;

  /** A kernel with memory laid out for the options' capacities. Throws `CapacityError` where they do not fit into 4 GiB. */
  static create(options: KernelOptions): Kernel {
    return new Kernel(loadKernel(), options);
  }

  private constructor(wasm: KernelExports, options: KernelOptions) {
    this.#wasm = wasm;
    this.views = new Views(wasm.memory);
    configureDetectors(wasm, options.forest, false, options.seed);
    wasm.configureDecoding(options.hashSeed);
    const status = wasm.init(options.maxEdges, options.maxServices, options.maxGroups, options.inputLimitBytes);
    if (status !== wasm.Status.OK.value) throw new CapacityError('the configured capacities do not fit into memory');
    this.scanner = new Scanner(wasm, this.views);
  }

  /** See `KernelFace`. */
  scan(signal: Signal, body: Uint8Array, skip = 0): Scan {
    return this.scanner.scan(signal, body, skip);
  }

  ranges(row: number): RowRanges {
    return this.scanner.ranges(row);
  }

  /** Bytes of linear memory. */
  memoryBytes(): number {
    return this.#wasm.memory.buffer.byteLength;
  }
}
