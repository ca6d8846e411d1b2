// The command `pxanomaly validate`: everything that is wrong with a configuration, without running it.
import { COMPONENTS } from '../components.js';
import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { CommandIo } from '../terminal/io.js';
import { parseConfigArguments } from './arguments.js';

/** A line for each problem; exit code 1 where one of them would stop the start. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { sources } = parseConfigArguments(argv, {}, io.env);
  const { config, problems } = loadConfig(COMPONENTS, sources);
  for (const problem of problems) io.stderr.write(`${problem.severity}: ${formatProblem(problem)}\n`);
  return config ? 0 : 1;
}
