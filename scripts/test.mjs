// Runs the compiled tests. Without arguments: all but the slow ones. Arguments are parts of paths (`kernel`,
// `config/load`), `--slow` adds the slow suites, `--slow-only` runs nothing else, `--name PATTERN` picks tests by name.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'build/js/test');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { slow: { type: 'boolean' }, 'slow-only': { type: 'boolean' }, name: { type: 'string' } },
});

const filters = positionals.map((text) => text.replace(/^test\//, '').replace(/(\.test)?\.(ts|js)$/, ''));

/** A path that was asked for runs, slow or not. */
function wanted(path) {
  if (filters.length > 0) return filters.some((filter) => path.includes(filter));
  const slow = path.endsWith('.slow.test.js');
  return slow ? values.slow || values['slow-only'] : !values['slow-only'];
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.test.js') && wanted(path))
  .toSorted()
  .map((path) => join(root, path));
if (files.length === 0) {
  console.error(`no test file matches ${positionals.join(' ')}`);
  process.exit(1);
}

/** Suites are counted by their tests. A file that fails as a whole (it cannot be loaded) is one failure. */
const counts = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];

function count(data, outcome) {
  // A suite that is skipped has no tests to speak for it.
  if (data.details?.type === 'suite' && data.skip === undefined) return;
  const title = `${relative(root, data.file ?? '').replace(/\.js$/, '.ts')}: ${data.name}`;
  const reason = data.skip ?? data.todo;
  if (reason !== undefined) {
    counts.skipped += 1;
    skips.push(`${title}${typeof reason === 'string' && reason ? ` (${reason})` : ''}`);
  } else if (outcome === 'fail') {
    counts.failed += 1;
    failures.push(title);
  } else counts.passed += 1;
}

const stream = run({
  files,
  // The machine may be shared: a file to a core.
  concurrency: Math.max(1, availableParallelism()),
  ...(values.name ? { testNamePatterns: [values.name] } : {}),
});
stream.on('test:pass', (data) => count(data, 'pass'));
stream.on('test:fail', (data) => count(data, 'fail'));
stream.on('end', () => {
  // The reporter behind this stream still writes: the summary comes after it.
  setImmediate(() => {
    for (const skip of skips) console.log(`skipped: ${skip}`);
    for (const failure of failures) console.log(`failed: ${failure}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  });
});
stream.compose(new spec()).pipe(process.stdout);
