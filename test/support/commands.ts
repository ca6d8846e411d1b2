// Runs a command of the program in this process and keeps what it wrote.
import { dispatch } from '../../src/commands/index.js';
import type { TerminalStream } from '../../src/terminal/progress.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Errors that the program would print are thrown. */
export async function command(...argv: string[]): Promise<Ran> {
  return commandWith({}, ...argv);
}

/** The same with an environment, and as if at a terminal where `tty` is set. */
export async function commandWith(
  { env = {}, tty = false }: { env?: NodeJS.ProcessEnv; tty?: boolean },
  ...argv: string[]
): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr'): TerminalStream =>
    ({
      isTTY: tty,
      columns: 120,
      write: (text: string) => {
        written[name] += text;
        return true;
      },
    }) as TerminalStream;
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), env, onReload: () => {}, onCrash: () => {} };
  return { code: await dispatch(argv, io), ...written };
}
