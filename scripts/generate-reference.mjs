// Writes the configuration tables: between the markers of every component's README, and all of them together in
// docs/reference/configuration.md; and the tables of docs/reference/output.md. With --check it writes nothing and fails
// when something is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { outputTables, withTables } from './output-tables.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = (path) => import(pathToFileURL(join(root, 'build/js/src', path)).href);

const { COMPONENTS } = await load('components.js');
const { KINDS, SECTIONS } = await load('config/gateway-config.js');
const { referenceTable } = await load('config/reference.js');
const { serviceSchema } = await load('config/service-schema.js');
const vocabulary = {
  ...(await load('detection/vocabulary/attributes.js')),
  ...(await load('detection/vocabulary/events.js')),
  ...(await load('detection/vocabulary/metrics.js')),
};

const BEGIN = '<!-- config:begin -->';
const END = '<!-- config:end -->';

/** Where a component's README is. */
export function readmePath({ kind, type }) {
  return `src/${SECTIONS[kind]}/${type.replaceAll('_', '-')}/README.md`;
}

/** The README with the table of its component between the markers. */
function readme(factory) {
  const path = readmePath(factory);
  if (!existsSync(join(root, path))) {
    console.error(`${path} is missing`);
    process.exitCode = 1;
    return [];
  }
  const text = readFileSync(join(root, path), 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} has no ${BEGIN} … ${END}`);
  return {
    path,
    text: `${text.slice(0, begin + BEGIN.length)}\n${referenceTable(factory.schema)}\n${text.slice(end)}`,
  };
}

function reference() {
  const parts = KINDS.flatMap((kind) => {
    const ofKind = COMPONENTS.filter((factory) => factory.kind === kind);
    const sections = ofKind.map((factory) => {
      const aliases = factory.aliases?.length
        ? ` (also accepted, with a warning: ${factory.aliases.map((a) => `\`${a}\``).join(', ')})`
        : '';
      const about = `Stability ${factory.stability}. More in [its README](../../${readmePath(factory)})${aliases}.`;
      return `### ${factory.type}\n\n${about}\n\n${referenceTable(factory.schema)}\n`;
    });
    return [`## ${SECTIONS[kind]}\n`, ...sections];
  });
  const intro = [
    '# Configuration reference',
    '',
    'Generated from the schemas that check a configuration (`npm run build && node scripts/generate-reference.mjs`): do not edit.',
    'Keys are joined by dots; `[]` stands for the items of a list, `<key>` for the keys of a map.',
    '`npx pxanomaly print-config --config FILE` shows what takes effect.',
    '',
  ].join('\n');
  const text = `${intro}\n${parts.join('\n')}\n## service\n\n${referenceTable(serviceSchema)}\n`;
  return { path: 'docs/reference/configuration.md', text };
}

function output() {
  const path = 'docs/reference/output.md';
  return { path, text: withTables(readFileSync(join(root, path), 'utf8'), outputTables(vocabulary)) };
}

const outputs = [...COMPONENTS.flatMap(readme), reference(), output()];
const stale = outputs.filter(
  ({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
);
if (process.argv.includes('--check')) {
  for (const { path } of stale) console.error(`${path} is out of date: node scripts/generate-reference.mjs`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.error(`wrote ${path}`);
  }
}
