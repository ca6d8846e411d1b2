// Opens recordings: the format is recognised by the content, CSV by its name or by request.
import { csvRecording } from './csv.js';
import { framingOf } from './frames.js';
import { isLines, jsonDocument, jsonLines } from './json.js';
import { type OpenFile, openFile } from './open.js';
import { isRangeAnswer, rangeAnswers } from './prometheus.js';
import { protobufMessages } from './protobuf.js';
import { type RecordedRequest, type Recording, RecordingError } from './recorded.js';

export * from './csv.js';
export * from './recorded.js';

const CSV_NAME = /\.csv(\.gz)?$/i;
const BRACE = 0x7b;

export interface OpenOptions {
  /** Take every file for CSV, whatever its name. */
  readonly csv?: boolean;
}

/** The files one after the other. Throws `RecordingError` for a file that cannot be read or whose format is not known. */
export async function openRecording(paths: readonly string[], options: OpenOptions = {}): Promise<Recording> {
  const files = await Promise.all(paths.map(openFile));
  const tables = files.filter(({ path }) => options.csv || CSV_NAME.test(path));
  if (tables.length === files.length) return csvRecording(files);
  if (tables.length > 0)
    throw new RecordingError((tables[0] as OpenFile).path, 'CSV and OTLP cannot be replayed together');
  const readers = files.map(readerOf);
  return {
    format: [...new Set(readers.map(({ format }) => format))].join(', '),
    total: files.reduce((sum, file) => sum + file.bytes, 0),
    read: () => files.reduce((sum, file) => sum + file.read(), 0),
    async *requests() {
      for (const { requests } of readers) yield* requests();
    },
  };
}

interface Reader {
  readonly format: string;
  requests(): AsyncIterable<RecordedRequest>;
}

function readerOf(file: OpenFile): Reader {
  const { path, head, whole } = file;
  const first = head.find((byte) => byte > 0x20);
  if (first === BRACE && (head[0] === BRACE || isText(head))) {
    if (isRangeAnswer(head)) return { format: 'Prometheus range query', requests: () => rangeAnswers(file) };
    return isLines(head)
      ? { format: 'OTLP JSON lines', requests: () => jsonLines(file) }
      : { format: 'OTLP JSON', requests: () => jsonDocument(file) };
  }
  const framing = framingOf(head, whole);
  if (!framing) throw new RecordingError(path, 'neither OTLP JSON nor OTLP protobuf; use --csv for a table');
  return { format: `OTLP protobuf (${framing})`, requests: () => protobufMessages(file, framing) };
}

/** White space before the brace: a protobuf file has other bytes there. */
function isText(head: Buffer): boolean {
  return head.subarray(0, head.indexOf(BRACE)).every((byte) => [0x20, 0x09, 0x0a, 0x0d].includes(byte));
}
