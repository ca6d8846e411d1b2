// Runs the compiled tests. Without arguments: all but the slow ones. Arguments are parts of paths (`kernel`,
// `config/load`), `--slow` adds the slow suites, `--slow-only` runs nothing else, `--name PATTERN` picks tests by name,
// and only starts files that can hold one. `--coverage` (Node 22.10 and later) fails where less of src/ was run than
// the gate wants.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { canHold } from './check/test-titles.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(repository, 'build/js/test');

/** Percent of src/ that the tests must run. */
const GATE = { lines: 95, branches: 90 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slow: { type: 'boolean' },
    'slow-only': { type: 'boolean' },
    name: { type: 'string' },
    coverage: { type: 'boolean' },
  },
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
  .map((path) => join(root, path))
  .filter((path) => values.name === undefined || canHold(readFileSync(path, 'utf8'), new RegExp(values.name)));
if (files.length === 0) {
  console.error(`no test file matches ${[...positionals, values.name ?? ''].join(' ')}`);
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

/** One test more: enough of src/ was run. */
function checkCoverage() {
  if (!values.coverage) return;
  const { coveredLinePercent: lines = 0, coveredBranchPercent: branches = 0 } = totals ?? {};
  const what = `coverage of src: ${lines.toFixed(2)} % of lines, ${branches.toFixed(2)} % of branches`;
  console.log(`${what} (at least ${GATE.lines} and ${GATE.branches})`);
  if ((totals?.totalLineCount ?? 0) > 0 && lines >= GATE.lines && branches >= GATE.branches) counts.passed += 1;
  else {
    counts.failed += 1;
    failures.push(what);
  }
}

const stream = run({
  files,
  // The machine may be shared: a file to a core.
  concurrency: Math.max(1, availableParallelism()),
  ...(values.name ? { testNamePatterns: [new RegExp(values.name)] } : {}),
  ...(values.coverage ? { coverage: true, cwd: repository, coverageIncludeGlobs: ['build/js/src/**/*.js'] } : {}),
});
let totals;
stream.on('test:coverage', ({ summary }) => {
  totals = summary.totals;
});
stream.on('test:pass', (data) => count(data, 'pass'));
stream.on('test:fail', (data) => count(data, 'fail'));
stream.on('end', () => {
  // The reporter behind this stream still writes: the summary comes after it.
  setImmediate(() => {
    checkCoverage();
    for (const skip of skips) console.log(`skipped: ${skip}`);
    for (const failure of failures) console.log(`failed: ${failure}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  });
});
stream.compose(new spec()).pipe(process.stdout);
