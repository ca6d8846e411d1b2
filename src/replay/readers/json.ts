// OTLP/JSON recordings: lines as the Collector's file exporter writes them, or one document (a fixture).
import { jsonToProtobuf } from '../../otlp/index.js';
import type { Signal } from '../../pipeline/index.js';
import { linesOf } from './lines.js';
import type { OpenFile } from './open.js';
import { type RecordedRequest, RecordingError } from './recorded.js';

const TOP_KEY = /"resource_?(metrics|spans|logs)"\s*:/i;
const SIGNAL_OF_KEY: Readonly<Record<string, Signal>> = { metrics: 'metrics', spans: 'traces', logs: 'logs' };

/** True unless the first line ends inside a JSON value, as that of an indented document does. */
export function isLines(head: Buffer): boolean {
  const text = head.toString('utf8').trimStart();
  const end = text.indexOf('\n');
  return end < 0 || isJson(text.slice(0, end));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** One request; undefined: the object holds none. */
function decode(text: string): RecordedRequest | undefined {
  const key = TOP_KEY.exec(text)?.[1]?.toLowerCase();
  const signal = key === undefined ? undefined : SIGNAL_OF_KEY[key];
  return signal ? { signal, body: jsonToProtobuf(signal, text) } : undefined;
}

export async function* jsonLines(file: OpenFile): AsyncGenerator<RecordedRequest> {
  let number = 0;
  for await (const lines of linesOf(file.chunks())) {
    for (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const request = decodeAt(file, `line ${number}`, line);
      if (request) yield request;
    }
  }
}

export async function* jsonDocument(file: OpenFile): AsyncGenerator<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  const request = decodeAt(file, 'the document', Buffer.concat(chunks).toString('utf8'));
  if (request) yield request;
}

function decodeAt(file: OpenFile, place: string, text: string): RecordedRequest | undefined {
  try {
    return decode(text);
  } catch (error) {
    throw new RecordingError(file.path, `${place}: ${(error as Error).message}`, { cause: error });
  }
}
