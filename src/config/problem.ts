// What is wrong with a configuration, where, and what was probably meant.

/** Place in a configuration tree. */
export type Path = readonly (string | number)[];

/** Where a value was written. */
export interface ProblemOrigin {
  readonly file: string;
  /** Counted from 1; 0: not a place in a text (`--set`). */
  readonly line: number;
}

export interface Problem {
  /** Problems stop the start, warnings are logged. */
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  readonly message: string;
  readonly origin?: ProblemOrigin | undefined;
}

/** A path as the Collector writes it: `receivers::otlp::protocols`. */
export function formatPath(path: Path): string {
  return path.join('::');
}

/** One line: place, path, what is wrong. */
export function formatProblem(problem: Problem): string {
  const { origin, path, message } = problem;
  const place = origin ? `${origin.file}${origin.line > 0 ? `:${origin.line}` : ''}: ` : '';
  return `${place}${path.length > 0 ? `${formatPath(path)}: ` : ''}${message}`;
}

/** Every problem of a configuration at once. The message holds a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    const lines = problems.map(formatProblem);
    super(
      lines.length === 1
        ? `the configuration is not valid: ${lines[0]}`
        : `the configuration is not valid:\n  ${lines.join('\n  ')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
