// Many texts as two values: a hundred thousand strings written one by one would hold the event loop.

export interface Texts {
  /** UTF-16 code units of each. */
  readonly lengths: Int32Array;
  readonly all: string;
}

export function packTexts(texts: readonly string[]): Texts {
  const lengths = new Int32Array(texts.length);
  for (const [i, { length }] of texts.entries()) lengths[i] = length;
  return { lengths, all: texts.join('') };
}

export function unpackTexts({ lengths, all }: Texts): string[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    end += length;
    return all.slice(end - length, end);
  });
}
