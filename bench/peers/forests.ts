// Isolation forests of other implementations beside ours, in the same run.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { peer, REPOSITORY } from '../../test/support/peers/programs.js';
import { type Spread, spread } from '../spread.js';
import { forestResults } from '../suites/forest.js';

export interface ForestRow {
  readonly name: string;
  readonly features: number;
  /** CPU µs a row. */
  readonly scoring: Spread;
  /** CPU ms of a forest of 100 trees on 256 rows. */
  readonly training?: Spread;
}

interface PythonLine {
  readonly name: string;
  readonly features: number;
  readonly scoring: readonly number[];
  readonly training: readonly number[];
}

/** Ours first, then what bench/peers/forests.py measures. */
export function forestRows(rounds: number): ForestRow[] {
  return [...ours(rounds), ...others(rounds)];
}

function ours(rounds: number): ForestRow[] {
  const results = forestResults(rounds);
  return [4, 8].map((features) => {
    const figureOf = (what: string): Spread => {
      const found = results.find(({ name }) => name.startsWith(`${what}, ${features} features`));
      if (!found) throw new Error(`no ${what} with ${features} features`);
      return found.value;
    };
    return {
      name: 'pxanomaly, 64 rows at once',
      features,
      scoring: figureOf('scoring'),
      training: figureOf('training'),
    };
  });
}

function others(rounds: number): ForestRow[] {
  const script = join(REPOSITORY, 'bench/peers/forests.py');
  const output = execFileSync(peer('python.sh', 'detectors'), [script, String(rounds)], { encoding: 'utf8' });
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PythonLine);
  return lines.map(({ name, features, scoring, training }) => ({
    name,
    features,
    scoring: spread(scoring),
    ...(training.length > 0 && { training: spread(training) }),
  }));
}
