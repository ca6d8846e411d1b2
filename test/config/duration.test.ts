import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, parseDuration, positiveDuration } from '../../src/config/duration.js';
import fc from '../support/property.js';

const CASES: readonly [string | number, number][] = [
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['1h15m30.918s', 4_530_918],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['100ns', 0.0001],
  ['.5s', 500],
  ['0', 0],
  ['0s', 0],
  [0, 0],
];

for (const [text, ms] of CASES) {
  test(`${text} is ${ms} ms`, () => assert.equal(duration.parse(text), ms));
}

for (const bad of ['', '30', '5 s', '-1s', 's', '1d', '1m30', '1..5s', '0x1s', 'five seconds', 30, -1, null, true]) {
  test(`${JSON.stringify(bad)} is refused`, () => assert.equal(duration.safeParse(bad).success, false));
}

test('the message shows what was written and an example', () => {
  const result = duration.safeParse('5 minutes');
  assert.match(result.error?.issues[0]?.message ?? '', /"30s".*"5 minutes"/);
});

test('a positive duration is not 0', () => {
  assert.equal(positiveDuration.safeParse('0s').success, false);
  assert.equal(positiveDuration.parse('1ms'), 1);
});

test('parts add up, in any order', () => {
  const part = fc.record({ n: fc.nat(9_999), unit: fc.constantFrom('ms', 's', 'm', 'h') });
  const ms = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts.map((p) => `${p.n}${p.unit}`).join('');
      const sum = parts.reduce((total, p) => total + p.n * ms[p.unit as keyof typeof ms], 0);
      assert.equal(parseDuration(text), sum);
    }),
  );
});
