// Protobuf recordings: length-prefixed messages of the Collector's file exporter, delimited ones, or a single request
// (a fixture).
import { type Framing, RecordReader } from './frames.js';
import { isZstd, zstdFrame } from './inflate.js';
import { requestsIn } from './json-requests.js';
import type { OpenFile } from './open.js';
import type { RecordedRequest } from './recorded.js';
import { signalOf } from './signal.js';

const BRACE = 0x7b;

export async function* protobufMessages(file: OpenFile, framing: Framing): AsyncGenerator<RecordedRequest> {
  const frames = new RecordReader(framing);
  const messages = new Messages(file);
  try {
    for await (const chunk of file.chunks())
      for (const message of frames.push(chunk)) yield* messages.requests(message);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    file.notes.cut(file.path, `${error.message}: what stands before it was read`);
    return;
  }
  const last = frames.end();
  if (last) yield* messages.requests(last);
  if (frames.cutAt !== undefined)
    file.notes.cut(file.path, `the file ends inside the message at byte ${frames.cutAt}, which was left out`);
}

class Messages {
  readonly #file: OpenFile;
  #number = 0;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** The requests of a message as it stands in the file; none, and a note, where it is none. */
  requests(message: Uint8Array): RecordedRequest[] {
    this.#number++;
    if (message.length === 0) return [];
    try {
      const requests = decoded(isZstd(message) ? zstdFrame(message) : message);
      if (requests.length > 0) return requests;
      this.#skip('no OTLP export request');
    } catch (error) {
      this.#skip((error as Error).message);
    }
    return [];
  }

  #skip(why: string): void {
    this.#file.notes.skip(this.#file.path, 'message', `message ${this.#number}: ${why}`);
  }
}

/** The file exporter's messages are protobuf or JSON, each compressed by itself. */
function decoded(body: Uint8Array): RecordedRequest[] {
  if (body[0] === BRACE) return requestsIn(Buffer.from(body).toString('utf8'));
  const signal = signalOf(body);
  return signal ? [{ signal, body }] : [];
}
