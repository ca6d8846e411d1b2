// The order of a group's edges against a plain array: appended, removed from anywhere, appended again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeOrder } from '../../src/kernel/detection.js';
import { Status } from '../../src/kernel/generated/constants.js';
import { type KernelExports, loadKernel } from '../../src/kernel/load.js';
import { Views } from '../../src/kernel/views.js';
import fc from '../support/property.js';

const EDGES = 700;
const GROUPS = 3;

function emptyKernel(): KernelExports {
  const wasm = loadKernel();
  assert.equal(wasm.init(EDGES, 1, GROUPS, 0), Status.OK);
  for (let g = 0; g < GROUPS; g++) wasm.resetGroup(g, 10);
  for (let e = 0; e < EDGES; e++) wasm.resetEdge(e);
  return wasm;
}

/** One step: fill up a group, or thin it out at a stride. */
type Step =
  | { readonly group: number; readonly append: number }
  | { readonly group: number; readonly keepEvery: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ group: fc.nat(GROUPS - 1), append: fc.integer({ min: 1, max: 150 }) }),
    fc.record({ group: fc.nat(GROUPS - 1), keepEvery: fc.integer({ min: 1, max: 70 }) }),
  ),
  { maxLength: 60 },
);

/** The same steps on plain arrays. */
class Model {
  readonly orders: number[][] = Array.from({ length: GROUPS }, () => []);
  readonly free: number[] = Array.from({ length: EDGES }, (_, e) => e);

  apply(wasm: KernelExports, step: Step): void {
    const order = this.orders[step.group]!;
    if ('append' in step) {
      for (const edge of this.free.splice(0, step.append)) {
        wasm.resetEdge(edge);
        wasm.orderAppend(step.group, edge);
        order.push(edge);
      }
      return;
    }
    const gone = order.filter((_, i) => i % step.keepEvery !== 0);
    for (const edge of gone) wasm.orderRemove(edge);
    this.orders[step.group] = order.filter((_, i) => i % step.keepEvery === 0);
    this.free.push(...gone);
  }
}

test('order: any appends and removals', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const wasm = emptyKernel();
      const model = new Model();
      for (const step of list) {
        model.apply(wasm, step);
        for (const [g, order] of model.orders.entries()) {
          assert.deepEqual([...edgeOrder(wasm, new Views(wasm.memory), g)], order);
          assert.equal(wasm.orderCount(g), order.length);
        }
      }
      assert.equal(wasm.brokenGuard(), -1);
    }),
    { numRuns: 40 },
  );
});

test('order: an edge in no order is removed without effect', () => {
  const wasm = emptyKernel();
  wasm.orderAppend(0, 5);
  wasm.orderRemove(6);
  wasm.orderRemove(5);
  wasm.orderRemove(5);
  assert.equal(wasm.orderCount(0), 0);
  wasm.orderAppend(0, 6);
  assert.deepEqual([...edgeOrder(wasm, new Views(wasm.memory), 0)], [6]);
});
