// Lines of a byte stream, cut at line feeds, without the carriage return before them.

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Zeros are what a file system leaves of a page that was not written before the power went. */
const ZEROS = /\0+/g;

function text(bytes: Buffer): string {
  const line = bytes.toString('utf8', 0, bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length);
  return bytes.includes(0) ? line.replace(ZEROS, '') : line;
}

export interface Lines {
  readonly texts: readonly string[];
  /** The file ends without a line feed behind the last of them. */
  readonly isOpen: boolean;
}

/**
 * Batches of lines, one a chunk: an iteration a line would cost more than most lines do. The last line needs no line
 * feed.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    const texts: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const tail = chunk.subarray(start, end);
      texts.push(text(parts.length === 0 ? tail : Buffer.concat([...parts, tail])));
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    if (texts.length > 0) yield { texts, isOpen: false };
  }
  if (parts.length > 0) yield { texts: [text(Buffer.concat(parts))], isOpen: true };
}
