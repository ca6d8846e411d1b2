// Protobuf recordings: length-prefixed messages of the Collector's file exporter, delimited ones, or a single request (a fixture).
import { FrameReader, type Framing } from './frames.js';
import type { OpenFile } from './open.js';
import { type RecordedRequest, RecordingError } from './recorded.js';
import { signalOf } from './signal.js';

export async function* protobufMessages(file: OpenFile, framing: Framing): AsyncGenerator<RecordedRequest> {
  const frames = new FrameReader(framing);
  let number = 0;
  const identify = (body: Uint8Array): RecordedRequest => {
    number++;
    const signal = signalOf(body);
    if (!signal) throw new RecordingError(file.path, `message ${number} is no OTLP export request`);
    return { signal, body };
  };
  try {
    for await (const chunk of file.chunks()) {
      for (const body of frames.push(chunk)) if (body.length > 0) yield identify(body);
    }
    const last = frames.end();
    if (last) yield identify(last);
  } catch (error) {
    if (error instanceof RangeError) throw new RecordingError(file.path, error.message, { cause: error });
    throw error;
  }
}
