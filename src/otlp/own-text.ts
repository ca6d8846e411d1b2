// Texts that outlive the request that they came in.

/**
 * A copy that shares no memory with the text that this one was cut from or put together of: V8 keeps the whole of a
 * text for as long as a piece of it lives, a name of ten letters its request of a megabyte. For everything that is
 * kept: names, attributes, examples.
 */
export function ownText(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const copy = bytes.toString('latin1');
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}
