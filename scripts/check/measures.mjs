// Measures of how readable the sources are: names that mean two things, long lines, long files, module variables.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_COLUMNS = 120;
const MAX_LINES = 250;

/** Files that git knows or would add, below one of the folders and with one of the endings. */
function files(root, pattern) {
  const result = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`git ls-files failed: ${result.stderr}`);
  return result.stdout.split('\n').filter((path) => pattern.test(path) && existsSync(join(root, path)));
}

const read = (root, path) => readFileSync(join(root, path), 'utf8');

/** What is written by hand and wrapped by hand. */
const PROSE =
  /^(?:(?:src|assembly|test|bench|fuzz|scripts|deploy|bin)\/.*\.(?:ts|mjs|sh)|(?:docs|src|test|deploy)\/.*\.md|[A-Z]+\.md)$/;
/** Whose lines a program writes. */
const GENERATED =
  /^(?:assembly\/wire\/tags\.ts|docs\/(?:benchmarks|security)\.md|docs\/reference\/(?:configuration|producers)\.md)$/;

/**
 * Lines that reach beyond column 120. Not what cannot be broken: a table's row, a link or address as long as that by itself, and text
 * between fences.
 */
export function longLines(root) {
  return files(root, PROSE)
    .filter((path) => !GENERATED.test(path) && !path.includes('/fixtures/'))
    .flatMap((path) => {
      let isFenced = false;
      return read(root, path)
        .split('\n')
        .flatMap((line, i) => {
          const isMarkdown = path.endsWith('.md');
          if (isMarkdown && /^\s*```/.test(line)) isFenced = !isFenced;
          if ([...line].length <= MAX_COLUMNS || (isMarkdown && (isFenced || /^\s*\|/.test(line)))) return [];
          return isUnbreakable(line, isMarkdown) ? [] : [`${path}:${i + 1}: ${[...line].length} columns`];
        });
    });
}

/** One word, behind whatever little stands before it, is all that is too long. */
function isUnbreakable(line, isMarkdown) {
  const words = isMarkdown ? line.trim().split(/\s+(?![^[]*\]\()/) : line.trim().split(/\s+/);
  return words.some((word) => [...word].length > MAX_COLUMNS - 20);
}

export function longFiles(root) {
  return files(root, /^(?:src|assembly)\/.*\.ts$/)
    .map((path) => ({ path, lines: read(root, path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES)
    .sort((a, b) => b.lines - a.lines)
    .map(({ path, lines }) => `${path}: ${lines}`);
}

const DECLARED =
  /^\s*(?:export )?(?:declare )?(?:abstract )?(?:(?:class|interface|(?:const )?enum) ([A-Z]\w*)|type ([A-Z]\w*)(?:<[^=]*>)? =\s*([^;]*))/gm;

/**
 * Type names that are declared in several files, each once with its files. One meaning: every component's `Config`, and aliases of
 * the same type.
 */
export function ambiguousNames(root) {
  const places = new Map();
  for (const path of files(root, /^src\/.*\.ts$/)) {
    for (const [, name = '', alias = '', of = path] of read(root, path).matchAll(DECLARED)) {
      const key = name || alias;
      if (key === 'Config') continue;
      const meanings = places.get(key) ?? new Map();
      places.set(key, meanings);
      if (!meanings.has(of)) meanings.set(of, path);
    }
  }
  return [...places]
    .filter(([, meanings]) => new Set(meanings.values()).size > 1)
    .map(([name, meanings]) => `${name}: ${[...new Set(meanings.values())].join(', ')}`);
}

/** State of a module: what every call of every function in it shares. */
export function moduleVariables(root) {
  return files(root, /^assembly\/detect\/.*\.ts$/).flatMap((path) =>
    [...read(root, path).matchAll(/^(?:export )?let (\w+)/gm)].map(([, name]) => `${path}: ${name}`),
  );
}
