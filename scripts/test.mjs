// Runs the compiled tests. Without arguments: all but the slow ones. Arguments are parts of paths (`kernel`,
// `config/load`), `--slow` adds the slow suites, `--slow-only` runs nothing else, `--name PATTERN` picks tests by name,
// and only starts files that can hold one. `--coverage` (Node 22.10 and later) fails where less of src/ was run than
// the gate wants. `--again`, for CI: files that failed run once more, one at a time, and what passes then is told as
// flaky: inputs and seeds are the same, so that only what hangs on the machine's pace can pass.
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

/** More files that fail are not run again. */
const MOST_AGAIN = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slow: { type: 'boolean' },
    'slow-only': { type: 'boolean' },
    name: { type: 'string' },
    coverage: { type: 'boolean' },
    again: { type: 'boolean' },
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

/**
 * Suites are counted by their tests. A file that fails as a whole (it cannot be loaded) is one failure. `failures` are
 * titles by file.
 */
class Tally {
  passed = 0;
  skips = [];
  failures = new Map();

  count(data, outcome) {
    // A suite that is skipped has no tests to speak for it.
    if (data.details?.type === 'suite' && data.skip === undefined) return;
    const title = `${relative(root, data.file ?? '').replace(/\.js$/, '.ts')}: ${data.name}`;
    const reason = data.skip ?? data.todo;
    if (reason !== undefined) this.skips.push({ title, reason: typeof reason === 'string' ? reason : '' });
    else if (outcome === 'fail') this.fail(data.file ?? data.name, title);
    else this.passed += 1;
  }

  fail(file, title) {
    this.failures.set(file, [...(this.failures.get(file) ?? []), title]);
  }
}

/** Resolves to a Tally, with the coverage where that was asked for, once the reporter has written all. */
function runFiles(paths, { concurrency, coverage }) {
  const stream = run({
    files: paths,
    concurrency,
    ...(values.name ? { testNamePatterns: [new RegExp(values.name)] } : {}),
    ...(coverage ? { coverage: true, cwd: repository, coverageIncludeGlobs: ['build/js/src/**/*.js'] } : {}),
  });
  const tally = new Tally();
  stream.on('test:coverage', ({ summary }) => {
    tally.totals = summary.totals;
  });
  stream.on('test:pass', (data) => tally.count(data, 'pass'));
  stream.on('test:fail', (data) => tally.count(data, 'fail'));
  stream.compose(new spec()).pipe(process.stdout, { end: false });
  // The reporter behind this stream still writes.
  return new Promise((resolve) => stream.on('end', () => setImmediate(resolve, tally)));
}

/** One test more: enough of src/ was run. */
function checkCoverage({ totals, failures }) {
  const { coveredLinePercent: lines = 0, coveredBranchPercent: branches = 0 } = totals ?? {};
  const what = `coverage of src: ${lines.toFixed(2)} % of lines, ${branches.toFixed(2)} % of branches`;
  console.log(`${what} (at least ${GATE.lines} and ${GATE.branches})`);
  const isEnough = (totals?.totalLineCount ?? 0) > 0 && lines >= GATE.lines && branches >= GATE.branches;
  if (!isEnough) failures.set('', [what]);
  return isEnough ? 1 : 0;
}

/** Takes out of the tally what passes the second time, and tells it. Where much fails, chance is not to blame. */
async function runAgain(tally) {
  if (tally.failures.size > MOST_AGAIN) return;
  for (const [file, titles] of [...tally.failures]) {
    console.log(`again, alone: ${relative(root, file)}`);
    const second = await runFiles([file], { concurrency: 1, coverage: false });
    if (second.failures.size > 0 || second.passed === 0) continue;
    tally.failures.delete(file);
    tally.passed += titles.length;
    for (const title of titles) console.log(`flaky: ${title}`);
  }
}

// The machine may be shared: a file to a core.
const tally = await runFiles(files, { concurrency: Math.max(1, availableParallelism()), coverage: values.coverage });
if (values.again) await runAgain(tally);
if (values.coverage) tally.passed += checkCoverage(tally);
const failed = [...tally.failures.values()].flat();
// What is absent is reported once, with all that would have used it.
const absent = new Map();
for (const { title, reason } of tally.skips) absent.set(reason, [...(absent.get(reason) ?? []), title]);
for (const [reason, titles] of absent) {
  const [first = ''] = titles;
  const told = titles.length === 1 ? first : `${titles.length} tests, the first ${first}`;
  console.log(`skipped: ${told}${reason === '' ? '' : ` (${reason})`}`);
}
for (const failure of failed) console.log(`failed: ${failure}`);
console.log(`${tally.passed} passed, ${failed.length} failed, ${tally.skips.length} skipped`);
process.exitCode = failed.length > 0 || tally.passed === 0 ? 1 : 0;
