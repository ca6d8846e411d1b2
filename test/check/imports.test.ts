// The rules that `npm run check` reads off the files: that they hold, and that they would notice.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../support/paths.js';

const { checkImports } = (await import(pathToFileURL(`${ROOT}/scripts/check/imports.mjs`).href)) as {
  checkImports(root: string): string[];
};

const root = mkdtempSync(join(tmpdir(), 'pxanomaly-imports-'));
after(() => rmSync(root, { recursive: true }));

/** What is said of a tree of these files. */
function check(files: Readonly<Record<string, string>>): string[] {
  rmSync(root, { recursive: true });
  for (const [path, text] of Object.entries({ 'assembly/index.ts': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkImports(root);
}

test('the repository keeps its own directions', () => assert.deepEqual(checkImports(ROOT), []));

const CASES: readonly [string, string, string, RegExp | undefined][] = [
  ['down is fine', 'src/service/a.ts', "import { b } from '../config/b.js';", undefined],
  ['within is fine', 'src/exporters/file/a.ts', "import { b } from './b.js';", undefined],
  ['up is not', 'src/pipeline/a.ts', "import type { b } from '../config/b.js';", /lies above/],
  ['up over several lines is not', 'src/config/a.ts', "import {\n  b,\n  c,\n} from '../service/b.js';", /lies above/],
  ['up on request is not', 'src/kernel/a.ts', "const b = await import('../service/b.js');", /lies above/],
  ['passing on from above is not', 'src/otlp/a.ts', "export * from '../kernel/b.js';", /lies above/],
  ['a sibling is not', 'src/exporters/file/a.ts', "import { b } from '../debug/b.js';", /sibling/],
  [
    'a sibling of another kind is not',
    'src/exporters/file/a.ts',
    "import { b } from '../../receivers/otlp/b.js';",
    /sibling/,
  ],
  ['a lower room of detection is fine', 'src/detection/alerting/a.ts', "import { b } from '../rules/b.js';", undefined],
  ['a higher room is not', 'src/detection/rules/a.ts', "import type { b } from '../alerting/b.js';", /room above/],
  ['a room beside it is not', 'src/detection/state/a.ts', "import { b } from '../status/b.js';", /room beside/],
  [
    'the composer is above the rooms',
    'src/detection/results/a.ts',
    "import { b } from '../detector.js';",
    /room above/,
  ],
  ['a room without a place is not', 'src/detection/attic/a.ts', "import { b } from '../rules/b.js';", /no place/],
  [
    'detection knows no component',
    'src/detection/state/a.ts',
    "import { b } from '../../processors/anomaly/b.js';",
    /lies above/,
  ],
  ['a folder without a place is not', 'src/newcomers/a.ts', "import { b } from '../config/b.js';", /no place/],
  [
    'the kernel imports nothing from outside',
    'assembly/a.ts',
    "import { b } from '../src/config/b';",
    /nothing from outside/,
  ],
  ['WebAssembly belongs to the kernel', 'src/service/a.ts', 'new WebAssembly.Module(bytes);', /only src\/kernel/],
  ['talking about it is fine', 'src/service/a.ts', '// WebAssembly and process.exit', undefined],
  ['only main ends the process', 'src/service/a.ts', 'process.exit(1);', /only src\/main/],
];
for (const [name, path, text, message] of CASES) {
  test(name, () => {
    const wrong = check({ [path]: text, 'src/main.ts': '' });
    if (message) assert.match(wrong.join('\n'), message);
    else assert.deepEqual(wrong, []);
  });
}

const CIRCLES: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
  [
    'two files that import each other',
    { 'src/config/a.ts': "import { b } from './b.js';", 'src/config/b.ts': "import type { a } from './a.js';" },
    /in a circle: src\/config\/a\.ts, src\/config\/b\.ts/,
  ],
  [
    'a circle through a third, in the kernel',
    {
      'assembly/a.ts': "import { b } from './wire/b';",
      'assembly/wire/b.ts': "import { c } from '../c';",
      'assembly/c.ts': "export * from './a';",
    },
    /in a circle: assembly\/a\.ts, assembly\/c\.ts, assembly\/wire\/b\.ts/,
  ],
];
for (const [name, files, message] of CIRCLES)
  test(`${name} are found`, () => assert.match(check({ ...files, 'src/main.ts': '' }).join('\n'), message));

test('files that share a third are no circle', () => {
  const files = {
    'src/config/a.ts': "import { b } from './b.js';\nimport { c } from './c.js';",
    'src/config/b.ts': "import { c } from './c.js';",
    'src/config/c.ts': '',
  };
  assert.deepEqual(check(files), []);
});
