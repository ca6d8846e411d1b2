// A compiled forest as it lies in memory: a head, then buckets, trees (forest-tables.ts), keys (each column's followed
// by padding), codes.
import { Numbers, numbersAt } from '../numbers';
import { COMPILED_COLUMNS } from './forest-tables';

/** Batches, one a byte of a vector. */
export const BATCHES = 16;
export const BUCKETS = 1024;
/** Bytes of a batch's codes of sixteen rows: twelve columns, then the same as coefficients (forest-walk.ts). */
export const BATCH_BYTES: usize = COMPILED_COLUMNS << 5;

export const enum Form {
  /** Not made. */
  NONE = 0,
  READY = 1,
  /** More columns, levels or batches than fit: trees are walked as they are. */
  UNFIT = 2,
}

@unmanaged
export class Compiled {
  form: Form;
  /** Batches in use; bytes of a row of codes, 4 or 16. */
  batches: i32;
  width: i32;
  spare: i32;
  low0: v128;
  low4: v128;
  low8: v128;
  scale0: v128;
  scale4: v128;
  scale8: v128;
  firstKey0: v128;
  firstKey4: v128;
  firstKey8: v128;
  firstCode0: v128;
  firstCode4: v128;
  firstCode8: v128;
  half0: v128;
  half4: v128;
  half8: v128;

  /** By column: bucket = (value - low) × scale. */
  // @ts-ignore: decorator
  @inline
  get low(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Compiled>('low0'));
  }

  // @ts-ignore: decorator
  @inline
  get scale(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Compiled>('scale0'));
  }

  /** By column: offset of its first key, and of its first code. */
  // @ts-ignore: decorator
  @inline
  get firstKey(): Numbers<i32> {
    return numbersAt<i32>(changetype<usize>(this), offsetof<Compiled>('firstKey0'));
  }

  // @ts-ignore: decorator
  @inline
  get firstCode(): Numbers<i32> {
    return numbersAt<i32>(changetype<usize>(this), offsetof<Compiled>('firstCode0'));
  }

  /** By column: half of the bisection's window; 0: no search. */
  // @ts-ignore: decorator
  @inline
  get half(): Numbers<i32> {
    return numbersAt<i32>(changetype<usize>(this), offsetof<Compiled>('half0'));
  }

  /** Address of u16[BUCKETS]: keys of the column in lower buckets. */
  // @ts-ignore: decorator
  @inline
  below(column: usize): usize {
    return changetype<usize>(this) + offsetof<Compiled>() + column * (BUCKETS << 1);
  }

  /** Address of the first tree. */
  // @ts-ignore: decorator
  @inline
  get trees(): usize {
    return changetype<usize>(this) + HEAD_BYTES;
  }
}

/** Bytes in front of the trees. */
export const HEAD_BYTES: usize = offsetof<Compiled>() + COMPILED_COLUMNS * (BUCKETS << 1);
