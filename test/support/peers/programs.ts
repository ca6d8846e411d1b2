// Where the peers' programs are: scripts/peers makes each once and prints its path.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from the compiled file. */
export const REPOSITORY: string = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Runs a script of scripts/peers; minutes the first time, milliseconds afterwards. */
export function peer(script: string, ...args: string[]): string {
  const path = join(REPOSITORY, 'scripts/peers', script);
  return execFileSync('bash', [path, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** Why suites with Go peers cannot run here; in CI they always run. */
export const withoutGo: string | false =
  process.env.CI === undefined && spawnSync('go', ['version']).status !== 0 ? 'Go is not installed' : false;
