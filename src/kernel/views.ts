// Typed views of the kernel's memory, remade only when the memory has grown.

/** A WebAssembly memory: its buffer is another one once it has grown. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

/** Every view over one buffer. */
function viewsOf(buffer: ArrayBuffer) {
  return {
    u8: new Uint8Array(buffer),
    i8: new Int8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
  };
}

/** Views over the whole memory; index = byte address / element size. */
export class Views {
  readonly #memory: Memory;
  #buffer: ArrayBuffer | undefined;
  #views: ReturnType<typeof viewsOf> = viewsOf(new ArrayBuffer(0));

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  #current(): ReturnType<typeof viewsOf> {
    const { buffer } = this.#memory;
    if (buffer === this.#buffer) return this.#views;
    this.#buffer = buffer;
    this.#views = viewsOf(buffer);
    return this.#views;
  }

  /** The buffer behind every view. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }
  get u8(): Uint8Array {
    return this.#current().u8;
  }
  get i8(): Int8Array {
    return this.#current().i8;
  }
  get u16(): Uint16Array {
    return this.#current().u16;
  }
  get i32(): Int32Array {
    return this.#current().i32;
  }
  get u32(): Uint32Array {
    return this.#current().u32;
  }
  get f32(): Float32Array {
    return this.#current().f32;
  }
  get f64(): Float64Array {
    return this.#current().f64;
  }
  get i64(): BigInt64Array {
    return this.#current().i64;
  }
  get u64(): BigUint64Array {
    return this.#current().u64;
  }
}
