// Opens recordings: the format is recognised by the content, CSV by its name or by request.
import { csvRecording } from './csv.js';
import { framingOf } from './frames.js';
import { packingOf } from './inflate.js';
import { isLines, jsonDocuments, jsonLines } from './json.js';
import { speaksOfOtlp } from './json-requests.js';
import { Notes } from './notes.js';
import { type OpenFile, openFile } from './open.js';
import { isRangeAnswer, otherAnswer, rangeAnswers } from './prometheus.js';
import { protobufMessages } from './protobuf.js';
import { type RecordedRequest, type Recording, RecordingError } from './recorded.js';

export * from './csv.js';
export * from './recorded.js';

const CSV_NAME = /\.csv(\.gz|\.zst)?$/i;
const RANGE_ANSWER = 'Prometheus range query';

export interface OpenOptions {
  /** Take every file for CSV, whatever its name. */
  readonly csv?: boolean;
}

/**
 * The files one after the other. Throws `RecordingError` for a file that cannot be read or whose format is not known.
 */
export async function openRecording(paths: readonly string[], options: OpenOptions = {}): Promise<Recording> {
  const notes = new Notes();
  const files = await Promise.all(paths.map((path) => openFile(path, notes)));
  const tables = files.filter(({ path }) => options.csv || CSV_NAME.test(path));
  if (tables.length === files.length) return csvRecording(files, notes);
  if (tables.length > 0)
    throw new RecordingError((tables[0] as OpenFile).path, 'CSV and OTLP cannot be replayed together');
  const readers = files.map(readerOf);
  return {
    format: [...new Set(readers.map(({ format }) => format))].join(', '),
    total: files.reduce((sum, file) => sum + file.bytes, 0),
    read: () => files.reduce((sum, file) => sum + file.read(), 0),
    requests: () => inTurn(readers),
    notes,
    endsWhole: () => !notes.isCut && readers.every(({ format }) => format === RANGE_ANSWER),
  };
}

interface Reader {
  readonly format: string;
  requests(): AsyncIterable<RecordedRequest>;
}

async function* inTurn(readers: readonly Reader[]): AsyncGenerator<RecordedRequest> {
  for (const { requests } of readers) yield* requests();
}

function readerOf(file: OpenFile): Reader {
  const { path, head, whole } = file;
  if (isText(head) && isRangeAnswer(head)) return { format: RANGE_ANSWER, requests: () => rangeAnswers(file) };
  const other = otherAnswer(head);
  if (other) throw new RecordingError(path, other);
  const framing = isText(head) ? undefined : framingOf(head, whole);
  if (framing) return { format: `OTLP protobuf (${framing})`, requests: () => protobufMessages(file, framing) };
  if (head.includes('{') && (speaksOfOtlp(head.toString('utf8')) || !head.includes(0)))
    return isLines(file)
      ? { format: 'OTLP JSON lines', requests: () => jsonLines(file) }
      : { format: 'OTLP JSON', requests: () => jsonDocuments(file) };
  throw new RecordingError(path, packingOf(head) ?? 'neither OTLP JSON nor OTLP protobuf; use --csv for a table');
}

/** JSON, behind white space at most: a protobuf file has other bytes there. */
function isText(head: Buffer): boolean {
  const first = head.findIndex((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return first >= 0 && (head[first] === 0x7b || head[first] === 0x5b);
}
