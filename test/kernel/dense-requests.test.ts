// Requests that consist of nothing but the smallest messages: a few kilobytes of gzip, a second of the event loop.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../src/kernel/errors.js';
import { MOST_MESSAGES } from '../../src/kernel/generated/constants.js';
import type { Signal } from '../../src/pipeline/index.js';
import { smallKernel } from '../support/kernels.js';

const EMPTY_BYTES = 2;
/** Wire types: a group's end is the next one. */
const START_GROUP = 3;

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** So many empty messages, or groups, of this tag, within one message for each of `around`, the outermost first. */
function dense(count: number, tag: number, around: readonly number[]): Buffer {
  const body = Buffer.alloc(count * EMPTY_BYTES);
  for (let i = 0; i < body.length; i += EMPTY_BYTES) {
    body[i] = tag;
    if ((tag & 7) === START_GROUP) body[i + 1] = tag + 1;
  }
  return around.reduceRight(
    (inner: Buffer, outer) => Buffer.concat([Buffer.from([outer, ...varint(inner.length)]), inner]),
    body,
  );
}

/** Tags of length-delimited fields by their numbers. */
const [F1, F2, F5, F7, F9, F10, F11] = [0x0a, 0x12, 0x2a, 0x3a, 0x4a, 0x52, 0x5a] as const;

const GROUP = 0x7b;

const FORMS: readonly [string, Signal, number, readonly number[]][] = [
  ['ResourceMetrics', 'metrics', F1, []],
  ['ScopeMetrics', 'metrics', F2, [F1]],
  ['Metric', 'metrics', F2, [F1, F2]],
  ['attributes of a resource', 'metrics', F1, [F1, F1]],
  ['attributes of a point', 'metrics', F7, [F1, F2, F2, F5, F1]],
  ['points of a gauge', 'metrics', F1, [F1, F2, F2, F5]],
  ['points of a sum', 'metrics', F1, [F1, F2, F2, F7]],
  ['points of a histogram', 'metrics', F1, [F1, F2, F2, F9]],
  ['points of an exponential histogram', 'metrics', F1, [F1, F2, F2, F10]],
  ['points of a summary', 'metrics', F1, [F1, F2, F2, F11]],
  ['ResourceSpans', 'traces', F1, []],
  ['Span', 'traces', F2, [F1, F2]],
  ['groups that nobody knows', 'metrics', GROUP, []],
  ['groups in a point', 'metrics', GROUP, [F1, F2, F2, F5, F1]],
  ['groups in a span', 'traces', GROUP, [F1, F2, F2]],
  ['ResourceLogs', 'logs', F1, []],
  ['LogRecord', 'logs', F2, [F1, F2]],
];

const kernel = smallKernel({ inputLimitBytes: 32 << 20 });

describe('requests of empty messages', () => {
  for (const [name, signal, tag, around] of FORMS) {
    it(`${name}: refused from the first beyond the bound on`, () => {
      assert.throws(
        () => kernel.scan(signal, dense(MOST_MESSAGES + 1, tag, around), 0),
        (error) =>
          error instanceof MalformedError && /more than 8388608 messages within one request/.test(error.message),
      );
      assert.doesNotThrow(() => kernel.scan(signal, dense(MOST_MESSAGES - 100, tag, around), 0));
    });
  }
});
