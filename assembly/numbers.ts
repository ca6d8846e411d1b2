// Numbers and records that lie one behind the other in memory: what a record holds many of, and columns over slots.

/** Numbers of one type. An object of this class is their address. */
@unmanaged
export class Numbers<T> {
  // @ts-ignore: decorator
  @inline
  @operator('[]')
  get(i: i32): T {
    return load<T>(changetype<usize>(this) + <usize>i * sizeof<T>());
  }

  // @ts-ignore: decorator
  @inline
  @operator('[]=')
  set(i: i32, value: T): void {
    store<T>(changetype<usize>(this) + <usize>i * sizeof<T>(), value);
  }

  /** Address of the i-th. */
  // @ts-ignore: decorator
  @inline
  at(i: i32): usize {
    return changetype<usize>(this) + <usize>i * sizeof<T>();
  }
}

/** Records of one class. An object of this class is the address of the first. */
@unmanaged
export class Records<T> {
  // @ts-ignore: decorator
  @inline
  @operator('[]')
  get(i: i32): T {
    return changetype<T>(changetype<usize>(this) + <usize>i * offsetof<T>());
  }
}

/** The numbers that begin at so many bytes of a record. */
// @ts-ignore: decorator
@inline
export function numbersAt<T>(record: usize, offset: usize): Numbers<T> {
  return changetype<Numbers<T>>(record + offset);
}
