// A reader for bodies that are decoded whole: a body that is made of next to nothing but messages and numbers would
// become objects of fifty times its size.
import protobuf from 'protobufjs/minimal.js';
import { PermanentError } from '../pipeline/index.js';

/** A body of so many bytes may hold whatever it likes. */
const FREE_BYTES = 1024 * 1024;
/** Fields and numbers of a larger one: a hundred thousand data points with three attributes each have as many. */
export const MOST_VALUES = 1_500_000;

const COUNTED = ['tag', 'uint32', 'fixed64', 'uint64', 'int64', 'double'] as const;
type Counted = Record<(typeof COUNTED)[number], () => unknown>;

/** Throws `PermanentError`, while it is read from, where the body holds too much. */
export function wholeReader(body: Uint8Array): protobuf.Reader {
  const reader = protobuf.Reader.create(body);
  return body.length > FREE_BYTES ? counting(reader) : reader;
}

/** The same reader, which counts from now on. */
export function counting(reader: protobuf.Reader): protobuf.Reader {
  let left = MOST_VALUES;
  const counted = reader as unknown as Partial<Counted>;
  for (const name of COUNTED) {
    const read = counted[name];
    if (!read) continue;
    counted[name] = () => {
      if (--left < 0) throw tooMany();
      return read.call(reader);
    };
  }
  return reader;
}

export function tooMany(): PermanentError {
  return new PermanentError(`the request holds more than ${MOST_VALUES} values, too many to be decoded whole`);
}
