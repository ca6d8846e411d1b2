// Typed views of the kernel's memory, remade only when the memory has grown.
import type { KernelExports } from './load.js';

/** Views over the whole memory; index = byte address / element size. */
export class Views {
  readonly #memory: KernelExports['memory'];
  #buffer: ArrayBuffer | undefined;
  #u8: Uint8Array = new Uint8Array(0);
  #u32: Uint32Array = new Uint32Array(0);
  #i32: Int32Array = new Int32Array(0);
  #f64: Float64Array = new Float64Array(0);
  #u64: BigUint64Array = new BigUint64Array(0);

  constructor(memory: KernelExports['memory']) {
    this.#memory = memory;
  }

  #refresh(): void {
    const buffer = this.#memory.buffer;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
  }

  /** The buffer behind every view: for views of a type or length of one's own. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }
  get u8(): Uint8Array {
    this.#refresh();
    return this.#u8;
  }
  get u32(): Uint32Array {
    this.#refresh();
    return this.#u32;
  }
  get i32(): Int32Array {
    this.#refresh();
    return this.#i32;
  }
  get f64(): Float64Array {
    this.#refresh();
    return this.#f64;
  }
  get u64(): BigUint64Array {
    this.#refresh();
    return this.#u64;
  }
}
