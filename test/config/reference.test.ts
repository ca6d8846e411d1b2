import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { duration, formatDuration, parseDuration } from '../../src/config/duration.js';
import { hostPort } from '../../src/config/endpoint.js';
import { editDistance, nearest } from '../../src/config/nearest.js';
import { effectiveValue } from '../../src/config/print.js';
import { referenceRows, referenceTable } from '../../src/config/reference.js';
import fc from '../support/property.js';

const schema = z.strictObject({
  at: hostPort.prefault('localhost:1').describe('Where'),
  wait: duration.default(90_000).describe('How | long'),
  mode: z.enum(['a', 'b']).default('a').describe('Which'),
  size: z.int().describe('How big'),
  ratio: z.number().optional().describe('How much'),
  list: z
    .array(z.strictObject({ name: z.string().describe('Who') }))
    .default([])
    .describe('Several'),
  deep: z
    .strictObject({ on: z.boolean().default(true).describe('Whether') })
    .prefault({})
    .describe('More'),
  free: z.record(z.string(), z.string()).default({}).describe('Any'),
  token: z.string().optional().describe('Secret').meta({ secret: true }),
});

test('the table holds every key with its type, default and meaning', () => {
  assert.deepEqual(referenceRows(schema), [
    { key: 'at', type: 'host:port', default: '`localhost:1`', meaning: 'Where' },
    { key: 'wait', type: 'duration', default: '`1m30s`', meaning: 'How | long' },
    { key: 'mode', type: '`a`, `b`', default: '`a`', meaning: 'Which' },
    { key: 'size', type: 'integer', default: 'required', meaning: 'How big' },
    { key: 'ratio', type: 'number', default: '', meaning: 'How much' },
    { key: 'list', type: 'list of section', default: '`[]`', meaning: 'Several' },
    { key: 'list[].name', type: 'text', default: 'required', meaning: 'Who' },
    { key: 'deep', type: 'section', default: '', meaning: 'More' },
    { key: 'deep.on', type: 'true or false', default: '`true`', meaning: 'Whether' },
    { key: 'free', type: 'map', default: '`{}`', meaning: 'Any' },
    { key: 'token', type: 'text', default: '', meaning: 'Secret' },
  ]);
  assert.match(referenceTable(schema), /\| `wait` \| duration \| `1m30s` \| How \\\| long \|/);
  assert.equal(referenceTable(z.strictObject({})), 'It has no keys.');
});

test('what takes effect is what was written, with defaults, and without secrets', () => {
  const written = { size: 3, token: 't', deep: { on: false }, free: { password: 'p', other: 'o' } };
  const shown = {
    at: 'localhost:1',
    wait: '1m30s',
    mode: 'a',
    size: 3,
    list: [],
    deep: { on: false },
    free: { password: 'p', other: 'o' },
    token: 't',
  };
  assert.deepEqual(effectiveValue(written, schema, true), shown);
  assert.deepEqual(effectiveValue(written, schema, false), {
    ...shown,
    token: '[REDACTED]',
    free: { password: '[REDACTED]', other: 'o' },
  });
});

test('a duration is written so that it is read as the same', () => {
  fc.assert(fc.property(fc.nat(1e10), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
  assert.deepEqual([0, 0.5, 90_000, 86_400_000, 5_400_001].map(formatDuration), [
    '0s',
    '0.5ms',
    '1m30s',
    '24h',
    '1h30m1ms',
  ]);
});

test('edit distance is a distance', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance >= Math.abs(a.length - b.length) && distance <= Math.max(a.length, b.length));
    }),
  );
  assert.deepEqual(
    [editDistance('kitten', 'sitting'), editDistance('fkae', 'fake'), editDistance('', 'abc')],
    [3, 1, 3],
  );
});

test('the nearest word is named when one is near', () => {
  const words = ['threshold', 'thresholds', 'export_top', 'rules'];
  assert.equal(nearest('treshold', words), 'threshold');
  assert.equal(nearest('Export-Top', words), 'export_top');
  assert.equal(nearest('rule', words), 'rules');
  assert.equal(nearest('pineapple', words), undefined);
  assert.equal(nearest('x', []), undefined);
});
