// What a command is given in place of the process: so that it can be run by tests, and several times.
import type { TerminalStream } from './progress.js';

export interface CommandIo {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when the user wants an end (Ctrl-C). */
  readonly signal?: AbortSignal;
}

/** The process's own streams. */
export function processIo(signal?: AbortSignal): CommandIo {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, ...(signal ? { signal } : {}) };
}

/** A wrong command line: exit code 2, the message and a hint to --help, no stack. */
export class UsageError extends Error {}
