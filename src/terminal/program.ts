// How the user has called this program: what commands print is to work as it is printed.
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';

/** Of an installation in a project, or of a global one: npx finds either. */
export const INSTALLED = 'npx pxanomaly';
/** WORKDIR of the image, whose entry point is this script. */
const IN_THE_IMAGE = '/app/bin/pxanomaly';

/** A command line that runs this program again from `cwd`; `script` is what Node was given. */
export function programName(script: string, cwd: string): string {
  if (script === IN_THE_IMAGE) return `node ${script}`;
  if (/[\\/]node_modules[\\/]/.test(real(script))) return INSTALLED;
  const path = relative(cwd, script);
  return path === '' || path.startsWith('..') ? script : path;
}

/** What a link of npm's leads to. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
