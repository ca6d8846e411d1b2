// Sends export requests as Pixie's sink does: gRPC over plain HTTP/2, always gzip, five seconds and no second try.
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { decodeMessage, formatTimeout, frameMessage, NAMES } from '../otlp/index.js';

const DEADLINE_MS = 5_000;
/** grpc.status */
const OK = '0';
const UNAVAILABLE = '14';

const gzipAsync = promisify(gzip);
/** The quickest: rows are so alike that others save little. */
const LEVEL = 1;

/** The message of an Export as it goes onto the wire. */
export async function compressed(request: Uint8Array): Promise<Buffer> {
  return frameMessage(await gzipAsync(request, { level: LEVEL }), true);
}

/** An Export that was not answered with OK. */
export class ExportError extends Error {
  /** The gateway asks to come back later. */
  readonly busy: boolean;

  constructor(status: string, message: string) {
    super(`Export failed with status ${status}: ${message}`);
    this.busy = status === UNAVAILABLE;
  }
}

export class PixieClient {
  private readonly session: ClientHttp2Session;
  private failure: Error | undefined;

  /** `address`: host:port. Pixie makes a connection for each run of a script. */
  constructor(address: string) {
    this.session = connect(`http://${address}`);
    this.session.on('error', (error) => {
      this.failure = error;
    });
  }

  /**
   * Sends what `compressed` made. Resolves when the gateway has answered OK; rejects with an `ExportError`, or where
   * the connection fails.
   */
  export(message: Buffer): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const stream = this.session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: NAMES.metrics.grpcPath,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-encoding': 'gzip',
        'grpc-accept-encoding': 'identity, gzip',
        'grpc-timeout': formatTimeout(DEADLINE_MS),
        'user-agent': 'pxanomaly-demo',
      });
      let status: string | undefined;
      let detail = 'no answer';
      const read = (headers: Readonly<Record<string, unknown>>): void => {
        if (headers['grpc-status'] === undefined) return;
        status = String(headers['grpc-status']);
        detail = decodeMessage(String(headers['grpc-message'] ?? ''));
      };
      stream.setTimeout(DEADLINE_MS, () => stream.close(constants.NGHTTP2_CANCEL));
      stream.on('response', read);
      stream.on('trailers', read);
      stream.on('error', reject);
      stream.on('close', () => (status === OK ? resolve() : reject(new ExportError(status ?? 'none', detail))));
      stream.resume();
      stream.end(message);
    });
  }

  close(): void {
    // Not while it reads: see the receiver's Connection.
    setImmediate(() => this.session.close());
  }
}
