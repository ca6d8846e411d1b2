// Structure check for receivers: counts, refusals, and whose scratch it uses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CapacityError, MalformedError } from '../../src/kernel/errors.js';
import { inspect, registerKernel, unregisterKernel } from '../../src/kernel/inspect.js';
import type { Signal } from '../../src/pipeline/index.js';
import { smallKernel } from '../support/kernels.js';
import { fixture } from '../support/paths.js';

const pixie = (name: string): Uint8Array => new Uint8Array(readFileSync(fixture(`pixie/pixie-golden-${name}.binpb`)));

test('counts the items of what Pixie sends', () => {
  assert.equal(inspect('metrics', pixie('gauge-http-edge')).items, 18);
  assert.equal(inspect('metrics', pixie('summary-http-edge')).items, 3);
  assert.equal(inspect('metrics', pixie('conn-stats-otel-preset')).items, 12);
  assert.equal(inspect('metrics', pixie('empty')).items, 0);
  assert.equal(inspect('traces', pixie('spans-http')).items, 3);
});

test('refuses a body cut short, with the offset', () => {
  const body = pixie('gauge-http-edge').slice(0, -1);
  assert.throws(
    () => inspect('metrics', body),
    (error) => error instanceof MalformedError && error.offset > 0 && /past the end/.test(error.message),
  );
  assert.equal(inspect('metrics', pixie('gauge-http-edge')).items, 18);
});

test('the first registered kernel is used, until it is unregistered', () => {
  const calls: string[] = [];
  const spy = (name: string) => ({
    scan: (signal: Signal) => {
      calls.push(`${name} ${signal}`);
      return { items: 7, badTexts: undefined };
    },
  });
  const first = spy('first');
  const second = spy('second');
  registerKernel(first);
  registerKernel(second);
  registerKernel(first);
  assert.equal(inspect('logs', new Uint8Array(0)).items, 7);
  unregisterKernel(first);
  inspect('traces', new Uint8Array(0));
  unregisterKernel(second);
  unregisterKernel(second);
  assert.equal(inspect('logs', new Uint8Array(0)).items, 0);
  assert.deepEqual(calls, ['first logs', 'second traces']);
});

test('a body over the kernel limit is no matter of structure', () => {
  const kernel = smallKernel({ inputLimitBytes: 100 });
  assert.throws(() => kernel.scan('metrics', new Uint8Array(101)), CapacityError);
  assert.equal(kernel.scan('metrics', new Uint8Array(0)).items, 0);
});

test('a body that was walked is not walked again, and another in between is not mistaken for it', () => {
  const kernel = smallKernel();
  const a = pixie('gauge-http-edge');
  const b = pixie('summary-http-edge');
  const first = kernel.scan('metrics', a);
  assert.equal(kernel.scan('metrics', a), first);
  const second = kernel.scan('metrics', b);
  assert.equal(kernel.scan('metrics', a), first);
  assert.equal(kernel.scan('metrics', b), second);
  assert.throws(() => kernel.scan('metrics', a.slice(0, 50)), MalformedError);
  assert.equal(kernel.scan('metrics', a), first);
  kernel.scan('traces', pixie('spans-http'));
  assert.equal(kernel.scan('metrics', a), first);
});

test('rows of a scan are the same after others were walked, and after its place was given away', () => {
  const kernel = smallKernel();
  const rowsOf = (body: Uint8Array): unknown[] => {
    const scan = kernel.scan('metrics', body);
    return Array.from({ length: scan.rows }, (_, row) => [scan.row(row), scan.ranges(row)]);
  };
  const [a, b] = [pixie('gauge-http-edge'), pixie('summary-http-edge')];
  const [ofA, ofB] = [rowsOf(a), rowsOf(b)];
  assert.deepEqual(rowsOf(a), ofA);
  assert.deepEqual(rowsOf(b), ofB);
  for (let i = 0; i < 20; i++) kernel.scan('metrics', b.slice());
  assert.deepEqual(rowsOf(a), ofA);
  assert.deepEqual(rowsOf(b), ofB);
});
