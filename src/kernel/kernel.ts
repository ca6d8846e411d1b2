// The kernel: one WebAssembly instance behind its typed face.
import { CapacityError } from './errors.js';
import type { KernelOptions } from './face.js';
import { type KernelExports, loadKernel } from './load.js';
import { Views } from './views.js';

export class Kernel {
  readonly #wasm: KernelExports;
  readonly views: Views;

  /** A kernel with memory laid out for the options' capacities. Throws `CapacityError` where they do not fit into 4 GiB. */
  static create(options: KernelOptions): Kernel {
    return new Kernel(loadKernel(), options);
  }

  private constructor(wasm: KernelExports, options: KernelOptions) {
    this.#wasm = wasm;
    this.views = new Views(wasm.memory);
    const status = wasm.init(options.maxEdges, options.maxServices, options.maxGroups, options.inputLimitBytes);
    if (status !== wasm.Status.OK.value) throw new CapacityError('the configured capacities do not fit into memory');
  }

  /** Bytes of linear memory. */
  memoryBytes(): number {
    return this.#wasm.memory.buffer.byteLength;
  }
}
