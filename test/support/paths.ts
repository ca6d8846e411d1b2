// Where the repository's files are, seen from the compiled tests in build/js/test.
import { fileURLToPath } from 'node:url';

/** The repository's root, without a trailing slash. */
export const ROOT: string = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** A file below test/fixtures. */
export function fixture(path: string): string {
  return `${ROOT}/test/fixtures/${path}`;
}
