// What the process knows about memory, and the way to collect it.
import { totalmem } from 'node:os';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface ProcessMemory {
  /** Memory that this process may use: of the control group, else of the machine. Bytes. */
  total(): number;
  /** Resident now, what is outside of JavaScript's heap included. Bytes. */
  used(): number;
  /** Live and dead objects in JavaScript's heap, as a share of the limit at which V8 ends the process. */
  heapShare(): number;
  /** A full collection, synchronous. */
  collect(): void;
}

/** A limit that the control group does not set reads as a huge number. */
function total(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * A process that refuses everything allocates nothing, so nothing would make V8 collect what the spike has left:
 * without a way to force it the limiter could refuse for ever. Node started without `--expose-gc` learns the function
 * here.
 */
function collector(): () => void {
  const known = globalThis.gc;
  if (known) return () => void known();
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** The memory of this process. */
export function processMemory(): ProcessMemory {
  let collect: (() => void) | undefined;
  return {
    total,
    used: () => process.memoryUsage.rss(),
    heapShare() {
      const { used_heap_size, heap_size_limit } = getHeapStatistics();
      return used_heap_size / heap_size_limit;
    },
    collect() {
      collect ??= collector();
      collect();
    },
  };
}
