// protobufjs as the oracle of what is well-formed: where it differs from the kernel on purpose, it is made to agree.
import protobuf from 'protobufjs/minimal.js';

const MOST_VARINT_BYTES = 10;

/** Of this process. */
export function makeOracle(): void {
  const { prototype } = protobuf.Reader;
  // Strings are not checked for UTF-8 by the kernel (Pixie sends span names unchecked): nor by the oracle.
  prototype.stringVerify = prototype.string;
  const skip = prototype.skip;
  // A varint that nobody reads may be endless for protobufjs, and for no other protobuf.
  prototype.skip = function (this: protobuf.Reader, length?: number): protobuf.Reader {
    if (length !== undefined) return skip.call(this, length);
    const start = this.pos;
    skip.call(this);
    if (this.pos - start > MOST_VARINT_BYTES) throw new RangeError('a varint of more than ten bytes');
    return this;
  };
}
