// How much memory this process may use, by everything that bounds it.
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** Bodies lie outside of V8's heap; whoever made that small does not want them to be many times larger than it. */
const TIMES_HEAP = 2;

/**
 * The least of the machine's memory, the control group's, and what the heap's own limit (`--max-old-space-size`) lets
 * expect. Bytes.
 */
export function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  const container = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.min(container, TIMES_HEAP * getHeapStatistics().heap_size_limit);
}
