// The specification of the detection holds: its tables have the constants of the code, and comments cite sections that
// exist.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/paths.js';

const PAGE = join(ROOT, 'docs/detection.md');
const text = readFileSync(PAGE, 'utf8');
const CONSTANTS = 'assembly/detect/constants.ts';

/** Numbers of things: features, components, sources of evidence, kinds. The page names what they count. */
const NUMBERING =
  /^(LAT|RATE|ERR|BYT|FEATURES|SCALES|COMPONENTS|SOURCE_\w+|KIND_COUNT|THROUGHPUT_DROP|TRAFFIC_PATTERN)$/;

interface Stated {
  readonly file: string;
  readonly name: string;
  readonly value: number;
}

/** Rows of the tables whose first heading names the file that has the constants. */
function stated(): Stated[] {
  const rows: Stated[] = [];
  let file: string | undefined;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) file = undefined;
    const heading = /^\| `([^`]+\.ts)` \| value \|/.exec(line);
    if (heading) file = heading[1];
    const row = /^\| `(\w+)` \| ([\d.]+) \|/.exec(line);
    if (file && row) rows.push({ file, name: row[1]!, value: Number(row[2]) });
  }
  return rows;
}

/** What a source file says a constant, or a key of one, is; undefined: nothing. */
function constantOf(file: string, name: string): number | undefined {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const found = new RegExp(`\\b${name}(?:: (?:[fiu]\\d+|usize))?(?: =|:) ([\\d._]+)`).exec(source);
  return found ? Number(found[1]!.replaceAll('_', '')) : undefined;
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|mjs)$/.test(name) ? [path] : [];
  });
}

describe('docs/detection.md', () => {
  it('states the constants that the code has', () => {
    const rows = stated();
    assert.ok(rows.length >= 80, `${rows.length} rows`);
    for (const { file, name, value } of rows) assert.equal(constantOf(file, name), value, `${name} of ${file}`);
  });

  it('states every constant of the kernel', () => {
    const listed = new Set(stated().flatMap(({ file, name }) => (file === CONSTANTS ? [name] : [])));
    const exported = readFileSync(join(ROOT, CONSTANTS), 'utf8').matchAll(/^export const (\w+)/gm);
    const missing = [...exported].map(([, name]) => name!).filter((name) => !listed.has(name) && !NUMBERING.test(name));
    assert.deepEqual(missing, []);
  });

  it('has every section that a comment cites', () => {
    const sections = new Set([...text.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number!));
    const wrong: string[] = [];
    let cited = 0;
    for (const path of ['src', 'assembly', 'bench', 'test'].flatMap((folder) => sources(join(ROOT, folder)))) {
      const source = readFileSync(path, 'utf8');
      for (const [citation, list] of source.matchAll(/docs\/detection\.md, sections? (\d[\d., and to]*\d|\d)/g)) {
        cited++;
        for (const number of list!.match(/\d+(?:\.\d+)?/g) ?? [])
          if (!sections.has(number)) wrong.push(`${relative(ROOT, path)}: ${citation}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(cited >= 10, `${cited} citations`);
  });
});
