// Comments and Markdown end at column 120: what is wrapped, and what is left as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../support/paths.js';

const { wrapped, longLinesOf } = (await import(pathToFileURL(`${ROOT}/scripts/check/wrapped.mjs`).href)) as {
  wrapped(path: string, text: string): string;
  longLinesOf(path: string, text: string): number[];
};

const LONG = 'word '.repeat(30).trim();
const [HEAD, TAIL] = ['word '.repeat(23).trim(), 'word '.repeat(7).trim()];

const CASES: readonly [string, string, string, string][] = [
  ['a line of a comment', 'a.ts', `// ${LONG}\nconst a = 1;`, `// ${HEAD}\n// ${TAIL}\nconst a = 1;`],
  ['with what follows it', 'a.ts', `// ${LONG}\n// more\n//\n// apart`, `// ${HEAD}\n// ${TAIL} more\n//\n// apart`],
  ['a doc comment on one line', 'a.ts', `  /** ${LONG} */`, `  /**\n   * ${HEAD}\n   * ${TAIL}\n   */`],
  ['inside of a doc comment', 'a.ts', `/**\n * ${LONG}\n * more\n */`, `/**\n * ${HEAD}\n * ${TAIL} more\n */`],
  ['an item of a list', 'a.md', `- ${LONG}\n- next`, `- ${HEAD}\n  ${TAIL}\n- next`],
  ['a paragraph', 'a.md', `# T\n${LONG}\nmore\n\nnext`, `# T\n${HEAD} word\n${'word '.repeat(6).trim()} more\n\nnext`],
];
for (const [name, path, text, expected] of CASES)
  test(`${name} is wrapped, once and for all`, () => {
    assert.equal(wrapped(path, text), expected);
    assert.equal(wrapped(path, expected), expected);
    assert.deepEqual(longLinesOf(path, expected), []);
    assert.notDeepEqual(longLinesOf(path, text), []);
  });

const LEFT: readonly [string, string, string][] = [
  ['text of a template', 'a.ts', `const usage = \`\n// ${LONG}\n\`;`],
  ['a string', 'a.ts', `const text = '${LONG}';`],
  ['a row of a table', 'a.md', `| ${LONG} |`],
  ['text between fences', 'a.md', `\`\`\`\n${LONG}\n\`\`\``],
  ['a directive for the linter', 'a.ts', `// biome-ignore lint: ${LONG}`],
];
for (const [name, path, text] of LEFT)
  test(`${name} is left as it is`, () => {
    assert.equal(wrapped(path, text), text);
    assert.deepEqual(longLinesOf(path, text), []);
  });

test('code that is too long is a matter for its formatter, and counted', () =>
  assert.deepEqual(longLinesOf('a.ts', `const a = ${'1 + '.repeat(40)}1;`), [1]));
