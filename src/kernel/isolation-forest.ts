// An isolation forest on any numeric table, trained and scored by the kernel: the detector's forest without the
// detector.
import { BLOCK_ROWS } from './generated/constants.js';
import { lists } from './generated/exports.js';
import { type KernelExports, loadKernel } from './load.js';
import { Views } from './views.js';

export interface IsolationForestOptions {
  /** 100. */
  readonly trees?: number;
  /** Rows of a tree's subsample, at most 4,096; 256. */
  readonly subsample?: number;
  /** Unsigned 32 bits; 0. The same seed and table give the same forest. */
  readonly seed?: number;
}

/** A trained forest. It keeps a WebAssembly instance with the table in it for as long as it lives. */
export class IsolationForest {
  readonly #wasm: KernelExports;
  readonly #views: Views;
  /** Features of a row; those of a padded row. */
  readonly columns: number;
  readonly #padded: number;

  /**
   * Trains on a row-major table. A feature that is NaN in a row is not split on in nodes that hold the row.
   * Throws `RangeError` where the table is empty or ragged, a size is out of bounds, or memory is short.
   */
  static train(matrix: Float32Array, columns: number, options: IsolationForestOptions = {}): IsolationForest {
    if (!(columns >= 1) || matrix.length === 0 || matrix.length % columns !== 0) {
      throw new RangeError(`${matrix.length} numbers are no table of ${columns} columns`);
    }
    return new IsolationForest(matrix, columns, options);
  }

  private constructor(matrix: Float32Array, columns: number, options: IsolationForestOptions) {
    const { trees = 100, subsample = 256, seed = 0 } = options;
    const rows = matrix.length / columns;
    this.#wasm = loadKernel();
    this.columns = columns;
    this.#padded = (columns + 3) & ~3;
    if (!this.#wasm.tableInit(rows, columns, trees, subsample)) {
      throw new RangeError('isolation forest: a size is out of bounds, or memory is short');
    }
    this.#views = new Views(this.#wasm.memory);
    this.#place(lists.tableAt(this.#views, this.#wasm.tableAt(), rows * this.#padded), matrix, 0, rows);
    this.#wasm.tableTrain(seed >>> 0);
  }

  /** Writes rows [first, first + count) of the matrix, padded. */
  #place(target: Float32Array, matrix: Float32Array, first: number, count: number): void {
    for (let row = 0; row < count; row++) {
      const from = (first + row) * this.columns;
      target.set(matrix.subarray(from, from + this.columns), row * this.#padded);
    }
  }

  /**
   * Scores a row-major table of the same columns: 2^(-mean path length / c(psi)) of each row, near 1 isolated, below
   * 0.5 ordinary. Throws `RangeError` where the table is ragged.
   */
  score(matrix: Float32Array): Float64Array {
    if (matrix.length % this.columns !== 0) {
      throw new RangeError(`${matrix.length} numbers are no table of ${this.columns} columns`);
    }
    const rows = matrix.length / this.columns;
    const scores = new Float64Array(rows);
    for (let first = 0; first < rows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - first);
      const block = lists.tableScoreRows(this.#views, this.#wasm.tableScoreRows(), count * this.#padded);
      this.#place(block, matrix, first, count);
      this.#wasm.tableScore(count);
      scores.set(lists.tableScores(this.#views, this.#wasm.tableScores(), count), first);
    }
    return scores;
  }
}
