// A response under way: what its frames may be, in which order (RFC 9113, 8.1), goes to its reader.
import type { Broken, ResponseReader } from './client-stream.js';
import type { Fields } from './fields.js';
import { ErrorCode, StreamError } from './frames.js';
import { ReceiveWindow } from './receive-window.js';

export class OpenResponse {
  readonly window: ReceiveWindow;
  /** Fields of a final status have come. */
  private answered: boolean = false;
  /** Octets of the body that may still come, where content-length says how many there are. */
  private missing: number | undefined;

  constructor(
    readonly id: number,
    readonly reader: ResponseReader,
    windowBytes: number,
  ) {
    this.window = new ReceiveWindow(windowBytes);
  }

  /** What the next block of fields is. */
  get section(): 'response' | 'trailers' {
    return this.answered ? 'trailers' : 'response';
  }

  /** Takes a block of fields. Throws `StreamError` where it may not come so. */
  takeFields(fields: Fields, malformed: string | undefined, endStream: boolean): void {
    const interim = isInterim(fields[':status']);
    const wrong = malformed ?? faultOf(this.answered, interim, endStream);
    if (wrong !== undefined) throw new StreamError(this.id, ErrorCode.PROTOCOL_ERROR, wrong);
    if (interim) return;
    if (this.answered) {
      this.reader.trailers(fields);
      return;
    }
    this.answered = true;
    const length = fields['content-length'];
    if (length !== undefined) this.missing = Number(length);
    this.reader.headers(fields);
  }

  /** Takes a piece of the body. Throws `StreamError` where it may not come. */
  takeData(chunk: Buffer, flowBytes: number): void {
    if (!this.answered) throw new StreamError(this.id, ErrorCode.PROTOCOL_ERROR, 'DATA in front of HEADERS');
    if (!this.window.receive(flowBytes))
      throw new StreamError(this.id, ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the stream');
    if (this.missing !== undefined) this.missing -= chunk.length;
    if (this.missing !== undefined && this.missing < 0) throw this.wrongLength();
    if (chunk.length > 0) this.reader.data(chunk);
  }

  /** The server has said all. Throws `StreamError` where it has not. */
  end(): void {
    if (this.missing) throw this.wrongLength();
  }

  private wrongLength(): StreamError {
    return new StreamError(this.id, ErrorCode.PROTOCOL_ERROR, 'content-length is not the length of the body');
  }
}

/** The server did not look at the request. */
export function unprocessed(why: string): Broken {
  return { resetCode: undefined, unprocessed: true, why };
}

/** Why fields may not come so: trailers are the last of a stream, and an interim response is not. */
function faultOf(trailers: boolean, interim: boolean, endStream: boolean): string | undefined {
  if (trailers && !endStream) return 'trailers that do not end the stream';
  return interim && endStream ? 'an interim response that ends the stream' : undefined;
}

/** 100 and its like, in front of the answer. */
function isInterim(status: string | undefined): boolean {
  return status?.length === 3 && status.startsWith('1');
}
