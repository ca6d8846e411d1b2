// Globs over names: `*` is any text, `?` one character; everything else stands for itself.

/** The parts that the stars matched, in order; undefined where the text does not match. */
export type Glob = (text: string) => readonly string[] | undefined;

const NOTHING: readonly string[] = [];

export function compileGlob(pattern: string): Glob {
  if (!/[*?]/.test(pattern)) return (text) => (text === pattern ? NOTHING : undefined);
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (character) => {
    if (character === '*') return '(.*)';
    return character === '?' ? '.' : `\\${character}`;
  });
  const expression = new RegExp(`^${source}$`, 's');
  return (text) => expression.exec(text)?.slice(1);
}

/** True where any of the patterns matches. */
export function matchesAny(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob(text) !== undefined);
}
