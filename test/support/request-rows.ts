// The rows of a metrics request as the kernel's scan reports them, copies left out.
import type { RowRanges } from '../../src/kernel/api.js';
import { smallKernel } from './kernels.js';

const kernel = smallKernel();

/** One entry a data point; of a row that Pixie sent several times, the first. */
export function requestRows(body: Uint8Array): RowRanges[] {
  const scan = kernel.scan('metrics', body);
  return Array.from({ length: scan.rows }, (_, row) => row)
    .filter((row) => !scan.row(row).isCopy)
    .map((row) => scan.ranges(row));
}
