// Globs over names: `*` is any text, `?` one character; everything else stands for itself.

/** The parts that the stars matched, in order; undefined where the text does not match. */
export type Glob = (text: string) => readonly string[] | undefined;

const NOTHING: readonly string[] = [];

export function compileGlob(pattern: string): Glob {
  if (!/[*?]/.test(pattern)) return (text) => (text === pattern ? NOTHING : undefined);
  const expression = new RegExp(`^${globSource(pattern)}$`, 's');
  return (text) => expression.exec(text)?.slice(1);
}

/** The glob as the source of a regular expression, each star a group; `literal` rewrites the text between the stars. */
export function globSource(pattern: string, literal: (text: string) => string = (text) => text): string {
  return pattern
    .split(/([*?])/)
    .map((part) => {
      if (part === '*') return '(.*)';
      return part === '?' ? '.' : literal(part).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    })
    .join('');
}

/** True where any of the patterns matches. */
export function matchesAny(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob(text) !== undefined);
}
