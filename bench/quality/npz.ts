// NumPy's .npz archives: zip files of arrays (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

export interface NumpyArray {
  readonly shape: readonly number[];
  /** Row-major, whatever the order in the file. */
  readonly values: Float64Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly size: number;
  readonly at: number;
}

function* entriesOf(zip: Buffer): Generator<Entry> {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new RangeError('no zip archive');
  let at = zip.readUInt32LE(end + 16);
  for (let i = zip.readUInt16LE(end + 10); i > 0; i--) {
    if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new RangeError('a broken zip directory');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    yield {
      name: zip.toString('utf8', at + 46, at + 46 + nameBytes),
      method: zip.readUInt16LE(at + 10),
      size: zip.readUInt32LE(at + 20),
      at: zip.readUInt32LE(at + 42),
    };
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
}

function contentOf(zip: Buffer, { method, size, at }: Entry): Buffer {
  const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  const bytes = zip.subarray(start, start + size);
  return method === STORED ? bytes : inflateRawSync(bytes);
}

const READERS: Readonly<Record<string, { bytes: number; read(view: DataView, at: number): number }>> = {
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  '<i4': { bytes: 4, read: (view, at) => view.getInt32(at, true) },
};

function parseArray(npy: Buffer): NumpyArray {
  const headerBytes = npy[6] === 1 ? npy.readUInt16LE(8) : npy.readUInt32LE(8);
  const headerAt = npy[6] === 1 ? 10 : 12;
  const header = npy.toString('latin1', headerAt, headerAt + headerBytes);
  const reader = READERS[/'descr': '([^']+)'/.exec(header)?.[1] ?? ''];
  if (!reader) throw new RangeError(`an array of a type that is not read here: ${header}`);
  const shape = [...(/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '').matchAll(/\d+/g)].map(([n]) => Number(n));
  const count = shape.reduce((product, n) => product * n, 1);
  const view = new DataView(npy.buffer, npy.byteOffset + headerAt + headerBytes);
  const columnMajor = header.includes("'fortran_order': True");
  const [rows = 1, columns = 1] = shape;
  const values = Float64Array.from({ length: count }, (_, i) => {
    const at = columnMajor ? (i % columns) * rows + Math.floor(i / columns) : i;
    return reader.read(view, at * reader.bytes);
  });
  return { shape, values };
}

/** The arrays of an archive by name, without `.npy`. */
export function readNpz(path: string): Map<string, NumpyArray> {
  const zip = readFileSync(path);
  return new Map(
    [...entriesOf(zip)].map((entry) => [entry.name.replace(/\.npy$/, ''), parseArray(contentOf(zip, entry))]),
  );
}
