// What is known of the kernel's memory is typed once: that it holds, and that the check would notice.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../support/paths.js';

const { checkKernelBoundary } = (await import(pathToFileURL(`${ROOT}/scripts/check/kernel-boundary.mjs`).href)) as {
  checkKernelBoundary(root: string): string[];
};

const root = mkdtempSync(join(tmpdir(), 'pxanomaly-boundary-check-'));
after(() => rmSync(root, { recursive: true }));
cpSync(join(ROOT, 'src/kernel/generated'), join(root, 'src/kernel/generated'), { recursive: true });

test('the repository types nothing of it by hand', () => assert.deepEqual(checkKernelBoundary(ROOT), []));

const CASES: readonly [string, string, string, RegExp | undefined][] = [
  ['a constant of the kernel', 'src/detection/a.ts', 'const WARM = 60;', /declares WARM/],
  ['one with a type', 'src/detection/a.ts', 'export const MAX_PROFILES: number = 4096;', /declares MAX_PROFILES/],
  ['a name of its own', 'src/detection/a.ts', 'const YOUNG = 60;', undefined],
  ['an offset', 'src/kernel/a.ts', 'return views.u32[(at + 4) >>> 2]!;', /reads the memory by hand/],
  ['a part of a view', 'src/kernel/a.ts', 'return this.views.f64.subarray(at, at + 4);', /reads the memory by hand/],
  ['a view', 'src/kernel/a.ts', 'new Float64Array(wasm.memory.buffer, at, 4);', /reads the memory by hand/],
  ['bytes of a body', 'src/kernel/a.ts', 'this.views.u8.set(body, address);', undefined],
  ['a comment', 'src/kernel/a.ts', '// views.u32[at]', undefined],
];

for (const [name, path, text, expected] of CASES) {
  test(`${name}: ${expected ? 'found' : 'fine'}`, () => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const wrong = checkKernelBoundary(root);
    rmSync(file);
    if (expected) assert.match(wrong.join('\n'), expected);
    else assert.deepEqual(wrong, []);
  });
}
