// Which files `npm test -- --name` starts: never too few, and not all.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../support/paths.js';

const { canHold } = (await import(pathToFileURL(`${ROOT}/scripts/check/test-titles.mjs`).href)) as {
  canHold(text: string, name: RegExp): boolean;
};

const CASES: readonly [string, string, string, boolean][] = [
  ['its title matches', "it('folds a row', () => {});", 'folds', true],
  ['its suite matches', "describe('fold', () => { it('a', () => {}); });", '^fold$', true],
  ['none matches', "describe('fold', () => { it('a row', () => {}); });", 'close', false],
  ['a title is a template', 'it(`takes \u0024{form}`, () => {});', 'close', true],
  ['a title is a variable', 'for (const [name] of CASES) test(name, () => {});', 'close', true],
  ['a subtest has a computed title', "test('a', (t) => t.test(name, () => {}));", 'close', true],
  ['a regular expression is tried', "it('a', () => assert.ok(PATTERN.test(text)));", 'close', false],
  ['a title has quotes', String.raw`it('the "sender\'s" name', () => {});`, `"sender's" name`, true],
  ['a title is in double quotes', `it("the sender's", () => {});`, "sender's", true],
  ['a title is skipped for a reason', "it.skip('reads', () => {});", 'reads', true],
];

for (const [what, text, name, expected] of CASES) {
  test(`a file in which ${what}`, () => assert.equal(canHold(text, new RegExp(name)), expected));
}

test('a name that is written in one file starts few others', () => {
  const root = join(ROOT, 'build/js/test');
  const files = readdirSync(root, { recursive: true }).map(String);
  const tests = files.filter((path) => path.endsWith('.test.js'));
  const name = /^a name that is written in one file starts few others$/;
  const started = tests.filter((path) => canHold(readFileSync(join(root, path), 'utf8'), name));
  assert.ok(started.includes('check/test-titles.test.js'));
  assert.ok(started.length < tests.length / 2, `${started.length} of ${tests.length}`);
});
