// `node scripts/wrap.mjs [--check] [PATH…]`: wraps comments and Markdown at 120 columns, where a line is longer. Code
// is biome's, and what stands in strings, tables and between fences stays as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { proseFiles } from './check/prose-files.mjs';
import { wrapped } from './check/wrapped.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isCheck = process.argv.includes('--check');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

let changed = 0;
for (const path of proseFiles(root)) {
  if (wanted.length > 0 && !wanted.some((one) => path.startsWith(one))) continue;
  const text = readFileSync(join(root, path), 'utf8');
  const after = wrapped(path, text);
  if (after === text) continue;
  changed += 1;
  console.log(path);
  if (!isCheck) writeFileSync(join(root, path), after);
}
console.log(`${changed} ${isCheck ? 'to be wrapped' : 'wrapped'}`);
process.exitCode = isCheck && changed > 0 ? 1 : 0;
