// The files whose comments and prose are wrapped by hand: not those that a program writes, nor recorded data.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that git knows or would add. */
export function tracked(root) {
  const result = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`git ls-files failed: ${result.stderr}`);
  return result.stdout.split('\n').filter((path) => path && existsSync(join(root, path)));
}

const OURS = /^(?:(?:src|assembly|test|bench|fuzz|scripts|deploy|docs|bin)\/.*|[A-Z]+)\.(?:ts|mjs|md|sh)$/;
/** How a file says in its first lines that a program wrote it. */
const GENERATED = /^.{0,3}(?:<!--|\/\/|#)? ?Generated |Generated (?:by|from) /m;

export function proseFiles(root) {
  return tracked(root).filter((path) => {
    if (
      !OURS.test(path) ||
      path.includes('/fixtures/') ||
      path.includes('/generated/') ||
      path === 'docs/reference/producers.md'
    )
      return false;
    if (!path.endsWith('.md') && !path.endsWith('tags.ts')) return true;
    const head = readFileSync(join(root, path), 'utf8').split('\n', 4).join('\n');
    return !GENERATED.test(head);
  });
}
