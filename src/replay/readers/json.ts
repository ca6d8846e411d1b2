// OTLP/JSON recordings: lines as the Collector's file exporter writes them, and documents over any number of lines, in
// arrays or not.
import { JsonObjects } from './json-objects.js';
import { requestsIn, requestsOfLine, salvaged, speaksOfOtlp } from './json-requests.js';
import { linesOf } from './lines.js';
import type { OpenFile } from './open.js';
import type { RecordedRequest } from './recorded.js';

/** True where a line of the head is JSON of its own: those of an indented document are not. */
export function isLines({ head, whole }: Pick<OpenFile, 'head' | 'whole'>): boolean {
  const text = head.toString('utf8').trimStart();
  if (text.startsWith('[')) return false;
  const lines = text.split('\n');
  // One line without an end may be one request that is cut, or many that stand side by side.
  if (lines.length === 1) return whole && isJson(text);
  const complete = whole ? lines : lines.slice(0, -1);
  return isJson(complete[0]!) || complete.some((line) => speaksOfOtlp(line) && isJson(line)) || !text.startsWith('{');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const CUT = 'the last line is cut, and was left out';
const CUT_OBJECT = 'the last object is cut, and was left out';

export async function* jsonLines(file: OpenFile): AsyncGenerator<RecordedRequest> {
  let number = 0;
  let read = 0;
  let last = '';
  for await (const { texts, isOpen } of linesOf(file.chunks())) {
    for (const line of texts) {
      number++;
      if (line.trim() === '') continue;
      last = line;
      if (isOpen && !isJson(line)) {
        file.notes.cut(file.path, CUT);
        continue;
      }
      const requests = decodeAt(file, 'line', `line ${number}`, () => requestsOfLine(line), line);
      read += requests.length;
      yield* requests;
    }
  }
  if (read === 0) yield* salvaged(last);
}

export async function* jsonDocuments(file: OpenFile): AsyncGenerator<RecordedRequest> {
  const objects = new JsonObjects();
  let number = 0;
  let read = 0;
  for await (const chunk of file.chunks()) {
    for (const text of objects.push(chunk)) {
      const requests = decodeAt(file, 'object', `object ${++number}`, () => requestsIn(text), text);
      read += requests.length;
      yield* requests;
    }
  }
  const rest = objects.rest();
  if (rest !== '') file.notes.cut(file.path, CUT_OBJECT);
  if (objects.others > 0) file.notes.skip(file.path, 'piece', 'text between the objects');
  if (read === 0) yield* salvaged(rest);
}

function decodeAt(
  { path, notes }: OpenFile,
  what: string,
  place: string,
  decode: () => RecordedRequest[],
  text: string,
): RecordedRequest[] {
  try {
    const requests = decode();
    if (requests.length === 0) notes.skip(path, what, `${place}: no OTLP request (${start(text)})`);
    return requests;
  } catch (error) {
    notes.skip(path, what, `${place}: ${(error as Error).message}`);
    return [];
  }
}

function start(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 60 ? `${trimmed.slice(0, 60)}…` : trimmed;
}
