// protobufjs for messages that are read, added to and written again: their strings keep their bytes, UTF-8 or not.
import protobuf from 'protobufjs/minimal.js';
import { wholeReader } from './whole-reader.js';

/** Reads each string as its bytes, a character each. */
export function rawReader(body: Uint8Array): protobuf.Reader {
  const reader = wholeReader(body);
  reader.string = () => {
    const bytes = reader.bytes();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  };
  return reader;
}

/** Writes what `rawReader` has read; other strings have to be ASCII. */
export function rawWriter(): protobuf.Writer {
  const writer = protobuf.Writer.create();
  writer.string = (text) => writer.bytes(Buffer.from(text, 'latin1'));
  return writer;
}
