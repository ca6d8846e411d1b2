// What is thrown for a header block that cannot be decoded.

/** A COMPRESSION_ERROR of the whole connection: the dynamic table is out of step from here on (RFC 9113, 4.3). */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
