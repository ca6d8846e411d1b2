// Measures of how readable the sources are: names that mean two things, long lines, long files, module variables.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proseFiles, tracked } from './prose-files.mjs';
import { longLinesOf } from './wrapped.mjs';

const MAX_LINES = 250;

const files = (root, pattern) => tracked(root).filter((path) => pattern.test(path));

const read = (root, path) => readFileSync(join(root, path), 'utf8');

/**
 * Lines that reach beyond column 120: of prose, what `wrap.mjs` would wrap; of code, what no string or template makes
 * long.
 */
export function longLines(root) {
  return proseFiles(root).flatMap((path) => longLinesOf(path, read(root, path)).map((line) => `${path}:${line}`));
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
 * Type names that are declared in several files, each once with its files. One meaning: every component's `Config`, and
 * aliases of the same type.
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
