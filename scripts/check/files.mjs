// Rules about files: names, first lines, words that do not belong on main, what the package holds, how big the kernel
// is.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Bytes; what the kernel may grow to before somebody has to say why. */
const KERNEL_BUDGET = 112 * 1024;

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|slow\.test|d))?\.(ts|mjs|js|sh)$/;
const VAGUE = /^(utils?|helpers?|common|managers?|misc)$/;
/** Notes to oneself. In pieces, since this file is read too. */
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);

/** Files that git knows or would add. */
function tracked(root) {
  const result = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`git ls-files failed: ${result.stderr}`);
  return result.stdout.split('\n').filter((path) => path && existsSync(join(root, path)));
}

function wrongName(path) {
  const parts = path.split('/');
  const file = parts.at(-1) ?? '';
  const vague = parts.map((part) => part.replace(/\..*$/, '')).find((part) => VAGUE.test(part));
  if (vague) return [`${path}: "${vague}" says nothing about what is in it`];
  return /\.(ts|mjs|js|sh)$/.test(file) && !KEBAB.test(file) ? [`${path}: names are kebab-case`] : [];
}

/** Names, first lines and unfinished business of everything we wrote ourselves. */
export function checkFiles(root) {
  const ours = tracked(root).filter(
    (path) => /^(src|assembly|test|bench|fuzz|scripts|deploy|docs|bin)\//.test(path) && !path.includes('fixtures/'),
  );
  return ours.flatMap((path) => {
    const wrong = wrongName(path);
    if (!/\.(ts|mjs|md|sh)$/.test(path)) return wrong;
    const text = readFileSync(join(root, path), 'utf8');
    const unfinished = text.split('\n').findIndex((line) => UNFINISHED.test(line));
    if (unfinished >= 0) wrong.push(`${path}:${unfinished + 1}: unfinished`);
    if (/^(src|assembly)\/.*\.ts$/.test(path) && !text.startsWith('//'))
      wrong.push(`${path}: the first line says what the file is for`);
    return wrong;
  });
}

/** What `npm pack` would publish: the program with all that it needs, and none of the tests. */
export function checkPackage(root) {
  const result = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) return [`npm pack failed: ${result.stderr}`];
  const [{ files, size }] = JSON.parse(result.stdout);
  const paths = new Set(files.map((file) => file.path));
  const needed = [
    'package.json',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'bin/pxanomaly',
    'build/kernel.wasm',
    'build/proto/otlp.js',
    'build/js/src/main.js',
    'build/js/src/index.js',
    'build/js/src/index.d.ts',
  ];
  const missing = needed.filter((path) => !paths.has(path)).map((path) => `the package lacks ${path}`);
  const extra = [...paths]
    .filter((path) => /^(build\/js\/)?(test|bench|fuzz)\//.test(path))
    .slice(0, 3)
    .map((path) => `the package holds ${path}`);
  const { files: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const dead = entries
    .filter((entry) => !existsSync(join(root, entry.replace(/^!/, '').replace(/\/?\*.*$/, ''))))
    .map((entry) => `package.json's files name ${entry}, which is not there`);
  console.log(`       package: ${paths.size} files, ${(size / 1024).toFixed(0)} KiB`);
  return [...missing, ...extra, ...dead];
}

export function checkSizes(root) {
  const path = 'build/kernel.wasm';
  const { size } = statSync(join(root, path));
  console.log(`       ${basename(path)}: ${(size / 1024).toFixed(1)} of ${KERNEL_BUDGET / 1024} KiB`);
  return size > KERNEL_BUDGET ? [`${path} has ${size} bytes; the budget is ${KERNEL_BUDGET}`] : [];
}
