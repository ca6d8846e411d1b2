// One target's campaign in a thread, watched from outside: an input that never returns is found, too.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { readCorpus } from './corpus.js';
import type { Instrumented } from './instrument.js';
import { type Order, type Outcome, Slot, sharedBytes, sharedIn } from './shared.js';

/** Seen from build/js/fuzz. */
const CORPUS = join(fileURLToPath(new URL('../../..', import.meta.url)), 'fuzz/corpus');

/** An input that says nothing for so long never ends; ms. */
const STUCK_MS = 20_000;

export interface Plan {
  readonly tree: Instrumented;
  readonly seconds: number;
  readonly seed: number;
}

/** Rejects where the thread ends without a word. */
export function campaign(name: string, { tree, seconds, seed }: Plan): Promise<Outcome> {
  const memory = new SharedArrayBuffer(sharedBytes);
  const { numbers, input } = sharedIn(memory);
  const order: Order = {
    target: name,
    memory,
    branches: tree.branches,
    seed,
    seconds,
    corpus: readCorpus(CORPUS, name),
  };
  const worker = new Worker(pathToFileURL(join(tree.folder, 'js/fuzz/worker.js')), { workerData: order });
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const inputs = Atomics.load(numbers, Slot.inputs);
      if (inputs === last) {
        const found = { input: Uint8Array.from(input.subarray(0, numbers[Slot.length])), message: 'does not end' };
        resolve({ target: name, proves: '', inputs, seconds, reached: 0, corpus: [], fault: found });
        void worker.terminate();
      }
      last = inputs;
    }, STUCK_MS);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearInterval(watch);
      reject(new Error(`${name}: the thread ended without a word`));
    });
  });
}
