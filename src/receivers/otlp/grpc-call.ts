// One unary Export call on an HTTP/2 stream: reads the message, hands it on, answers.
import type { Socket } from 'node:net';
import { encodeHeaders, type Message, type RequestReader, type ServerStream } from '../../http2/index.js';
import type { Decompressed, DecompressFault } from '../../otlp/decompress.js';
import { encodeMessage, type FrameFault, frameMessage, parseTimeout, UnaryMessage } from '../../otlp/grpc-frame.js';
import { Code, encodeStatus, type Status } from '../../otlp/status.js';
import {
  type Account,
  type Denial,
  type Held,
  type Identity,
  type Lease,
  RetryableError,
  type Signal,
} from '../../pipeline/index.js';
import { NOBODY } from './access.js';
import { type Refused, refused, refusedBy, tooLarge } from './refused.js';
import type { CallSettings, InboundRequest } from './request-handler.js';

/** OTLP: on success `partial_success` is unset, so the response is an empty message. */
const EMPTY_RESPONSE = frameMessage(new Uint8Array());

const CONTENT_TYPE = /^application\/grpc(\+proto)?($|[ ;])/;
const RESPONSE_FIELDS = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-accept-encoding', 'identity,gzip'],
] as const;
const SUCCESS: Message = {
  head: encodeHeaders(RESPONSE_FIELDS),
  body: [EMPTY_RESPONSE],
  trailers: encodeHeaders([['grpc-status', '0']]),
};

/** `doc/statuscodes.md` of gRPC says which code each fault of the framing has. */
const FRAME_FAULTS: Readonly<Record<Exclude<FrameFault, 'too_large'>, readonly [number, string]>> = {
  bad_flag: [Code.INTERNAL, 'the compression flag of the gRPC message is neither 0 nor 1'],
  several: [Code.UNIMPLEMENTED, 'Export takes one message, and the call brought more'],
  none: [Code.UNIMPLEMENTED, 'Export takes one message, and the call brought none'],
  cut_short: [Code.INTERNAL, 'the gRPC message ends before the length that it declares'],
};

/**
 * Characters of a status text: clients refuse more than 8 KiB of headers, and other letters than ASCII take nine bytes
 * each.
 */
const MAX_MESSAGE = 500;

const LIMIT_SETTING = 'max_recv_msg_size_mib';

export class GrpcCall implements RequestReader {
  private readonly message: UnaryMessage;
  private readonly deadline: number;
  private readonly held: Held;
  private identity: Identity = NOBODY;
  /** Who sends is being found out, while the message comes. */
  private identifying: Promise<void> | undefined;
  private lease: Lease | undefined;
  private admitted: boolean = false;
  private answered: boolean = false;
  /** Its message is being inflated: ends that. */
  private cancel: () => void = () => {};

  constructor(
    private readonly settings: CallSettings,
    private readonly stream: ServerStream,
    private readonly signal: Signal,
    private readonly peer: string | undefined,
    private readonly account: Account,
    private readonly socket: Socket,
  ) {
    this.held = account.hold((error) => this.refuse(refusedBy(error)));
    this.message = new UnaryMessage(settings.limit, (bytes, compressed) => this.memoryFor(bytes, compressed));
    this.deadline = this.held.since + (parseTimeout(stream.headers['grpc-timeout']) ?? Infinity);
  }

  /** A compressed message is small, and lives on beside its body where it can be forwarded as it is. */
  private memoryFor(bytes: number, compressed: boolean): Buffer {
    if (compressed) return Buffer.allocUnsafeSlow(bytes);
    const { body, lease } = this.settings.handler.memoryFor(this.signal, bytes);
    this.lease = lease;
    return body;
  }

  /** Refuses what the headers already rule out, else waits for the message. */
  begin(): this {
    const refusal = this.refusalOfHeaders();
    if (refusal) this.refuse(refusal);
    return this;
  }

  private refusalOfHeaders(): Refused | undefined {
    const identity = this.settings.access.identify(this.stream.headers, this.socket);
    if (identity instanceof Error) return refusedBy(identity);
    if (identity instanceof Promise) this.identify(identity);
    else this.identity = identity;
    if (Number.isNaN(this.deadline)) return refused('malformed', Code.INTERNAL, 'the header grpc-timeout is malformed');
    const encoding = this.stream.headers['grpc-encoding'] ?? 'identity';
    if (encoding === 'identity' || encoding === 'gzip') return undefined;
    return refused('unsupported', Code.UNIMPLEMENTED, `compression ${encoding} is not supported; gzip is`);
  }

  private identify(identity: Promise<Identity | Denial>): void {
    const cannot = (error: Error) => new RetryableError(error.message);
    this.identifying = identity.catch(cannot).then((found) => {
      this.identifying = undefined;
      if (!(found instanceof Error)) this.identity = found;
      else if (!this.answered) this.refuse(refusedBy(found));
    });
  }

  data(chunk: Buffer): void {
    if (this.answered) return;
    const fault = this.message.push(chunk);
    if (fault) this.refuse(frameFault(fault, this.settings.limit));
    else if (!this.admitted && this.message.declared !== undefined) this.admit(this.message.declared);
    if (!this.answered) this.held.resize(this.message.capacity);
  }

  /** The first of the two questions to the pipeline: before the body is there. */
  private admit(bytes: number): void {
    this.admitted = true;
    const refusal = this.settings.handler.refusal(this.signal, bytes);
    if (refusal) this.refuse(refusedBy(refusal));
  }

  /** The session: it was given up, or answered while it was still being sent. */
  closed(): void {
    this.answered = true;
    this.held.close();
    this.cancel();
  }

  end(): void {
    if (this.answered) return;
    if (this.identifying) {
      void this.identifying.then(() => this.end());
      return;
    }
    this.held.close();
    try {
      const inbound = this.inbound();
      if (inbound instanceof Promise)
        inbound
          .then((later) => this.take(later))
          .catch((error) => {
            if (!this.answered) this.refuse(refusedBy(error));
          });
      else this.take(inbound);
    } catch (error) {
      this.refuse(refusedBy(error));
    }
  }

  private take(inbound: InboundRequest): void {
    // The caller has gone while its message was inflated.
    if (this.answered) return;
    if (performance.now() > this.deadline)
      throw refused('deadline', Code.DEADLINE_EXCEEDED, 'the deadline of the call passed before it could be taken');
    const { items, badTexts, done } = this.settings.handler.take(inbound);
    if (badTexts) this.settings.events.badTexts('grpc', this.signal, this.peer, badTexts);
    if (done)
      done.then(
        () => this.succeed(items),
        (error) => this.refuse(refusedBy(error, items)),
      );
    else this.succeed(items);
  }

  private inbound(): InboundRequest | Promise<InboundRequest> {
    const { limit, includeMetadata, access } = this.settings;
    const message = this.message.end();
    if (typeof message === 'string') throw frameFault(message, limit);
    const origin = access.originOf(this.stream.headers, includeMetadata, this.identity);
    const { signal } = this;
    if (!message.compressed) return { signal, body: message.bytes, ...origin, lease: this.lease };
    if (this.stream.headers['grpc-encoding'] !== 'gzip')
      throw refused('malformed', Code.INTERNAL, 'the gRPC message is compressed, but grpc-encoding does not say how');
    const { bytes } = message;
    const inboundOf = (result: Decompressed | DecompressFault): InboundRequest => {
      if (typeof result === 'string') throw gunzipFault(result, limit);
      return { signal, body: result.body, ...origin, gzip: result.exact ? bytes : undefined };
    };
    const inflated = this.inflate(bytes);
    if (inflated instanceof Promise) return inflated.then(inboundOf);
    if (typeof inflated !== 'string') this.stream.worked(inflated.body.length);
    return inboundOf(inflated);
  }

  private inflate(bytes: Buffer): Decompressed | DecompressFault | Promise<Decompressed | DecompressFault> {
    const { account, peer: sender = '' } = this;
    const whenGone = (cancel: () => void): (() => void) => {
      this.cancel = cancel;
      return () => {};
    };
    const { handler, limit } = this.settings;
    return handler.preparation.inflate('gzip', { bytes, limit, sender, account, whenGone });
  }

  private succeed(items: number): void {
    this.settings.events.accepted('grpc', this.signal, items);
    if (this.mayAnswer()) this.stream.respond(SUCCESS);
  }

  private refuse(refusal: Refused): void {
    const { reason, items, cause, status } = refusal;
    this.settings.events.refused({
      transport: 'grpc',
      signal: this.signal,
      items,
      reason,
      message: status.message,
      peer: this.peer,
      cause,
    });
    this.held.close();
    if (this.mayAnswer()) answerStatus(this.stream, status, reason !== 'unavailable');
  }

  private mayAnswer(): boolean {
    const first = !this.answered;
    this.answered = true;
    return first && this.stream.open;
  }
}

function frameFault(fault: FrameFault, limit: number): Refused {
  if (fault === 'too_large') return tooLarge(limit, LIMIT_SETTING);
  return refused('malformed', ...FRAME_FAULTS[fault]);
}

function gunzipFault(fault: DecompressFault, limit: number): Refused {
  if (fault === 'too_large') return tooLarge(limit, LIMIT_SETTING);
  return refused('malformed', Code.INTERNAL, 'the message says that it is gzip, and is not');
}

/** True for the content types of gRPC that carry protobuf. */
export function isGrpc(contentType: string | undefined): boolean {
  return CONTENT_TYPE.test(contentType ?? '');
}

/** Trailers only: HTTP 200, the status in the one block of headers. */
export function answerStatus(stream: ServerStream, { code, message, retryAfterMs }: Status, wrong = true): void {
  const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  const fields: [string, string][] = [
    ['grpc-status', String(code)],
    ['grpc-message', encodeMessage(text)],
  ];
  if (retryAfterMs !== undefined)
    fields.push(['grpc-status-details-bin', detailsOf({ code, message: text, retryAfterMs })]);
  stream.respond({ head: encodeHeaders([...RESPONSE_FIELDS, ...fields]), body: [] }, wrong);
}

/** An answer of HTTP itself, to what is no gRPC. */
export function answerHttp(stream: ServerStream, httpStatus: number): void {
  stream.respond({ head: encodeHeaders([[':status', String(httpStatus)]]), body: [] }, true);
}

/** Binary metadata is base64 without padding. */
function detailsOf(status: Status): string {
  return Buffer.from(encodeStatus(status)).toString('base64').replace(/=+$/, '');
}
