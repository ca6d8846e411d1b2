// Writes the table of docs/reference/producers.md out of test/fixtures/producers, whose rows the tests check one by
// one. With --check it writes nothing and fails when the page is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'test/fixtures/producers');
const page = join(root, 'docs/reference/producers.md');
const BEGIN = '<!-- producers:begin -->';
const END = '<!-- producers:end -->';

/** The names of a row's metrics, each once. */
function metrics({ otlp = [], prometheus = [] }) {
  const names = [...otlp.map(([, name]) => name), ...prometheus.map((line) => line.split('{', 1)[0])];
  return [...new Set(names.map((name) => name.replace(/_(?:sum|count)$/, '')))].map((name) => `\`${name}\``).join(', ');
}

function features({ edges }) {
  return [...new Set(edges.flatMap((edge) => edge.slice(edge.lastIndexOf(': ') + 2).split(', ')))].sort().join(', ');
}

const cell = (text) => text.replaceAll('|', '\\|');

function table(rows) {
  return [
    '| producer | spelling | preset | metrics | features |',
    '|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| [${cell(row.producer)}](${row.source}) | ${cell(row.spelling)} | \`${row.preset}\` | ${metrics(row)} | ${features(row)} |`,
    ),
  ].join('\n');
}

const rows = readdirSync(folder)
  .sort()
  .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const before = readFileSync(page, 'utf8');
const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`docs/reference/producers.md has no ${BEGIN} … ${END}`);
const after = `${before.slice(0, begin + BEGIN.length)}\n${table(rows)}\n${before.slice(end)}`;
if (after !== before) {
  if (process.argv.includes('--check')) {
    console.error('docs/reference/producers.md is out of date: node scripts/generate-producers.mjs');
    process.exitCode = 1;
  } else {
    writeFileSync(page, after);
    console.error('wrote docs/reference/producers.md');
  }
}
