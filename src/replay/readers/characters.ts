// Byte order marks: taken away from UTF-8, and UTF-16 (what PowerShell writes) turned into UTF-8.

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF16: Readonly<Record<string, string>> = { fffe: 'utf-16le', feff: 'utf-16be' };

/** The bytes as UTF-8 without a mark; those that have none pass as they are. */
export async function* utf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    let rest = chunk;
    if (isFirst) {
      const encoding = UTF16[chunk.toString('hex', 0, 2)];
      if (encoding) decoder = new TextDecoder(encoding);
      else if (UTF8_MARK.equals(chunk.subarray(0, UTF8_MARK.length))) rest = chunk.subarray(UTF8_MARK.length);
    }
    isFirst = false;
    yield decoder ? Buffer.from(decoder.decode(rest, { stream: true })) : rest;
  }
  if (decoder) yield Buffer.from(decoder.decode());
}
