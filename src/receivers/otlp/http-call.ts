// One signal's POST requests: what their headers rule out, how a body becomes protobuf, and the answer to what was
// taken.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Decompressed, type DecompressFault, ENCODINGS } from '../../otlp/decompress.js';
import { TooLongError } from '../../otlp/json.js';
import { Code } from '../../otlp/status.js';
import { Account, type Denial, type Identity, type Signal } from '../../pipeline/index.js';
import { NOBODY } from './access.js';
import type { Sent } from './inflations.js';
import { type Refused, refused, refusedBy, refusedByCheck, tooLarge } from './refused.js';
import type { CallSettings, InboundRequest, Taken } from './request-handler.js';

export const PROTOBUF_TYPE = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

/** The key that a sender's operator has to look at. */
export const LIMIT_SETTING = 'max_request_body_size';

const NO_BODY = Buffer.alloc(0);
const EMPTY_JSON = Buffer.from('{}');

/** The media type without parameters, lower case; empty where there is none. */
export function mediaType(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function contentEncoding(request: FastifyRequest): string {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  return encoding === 'identity' ? '' : encoding === 'x-gzip' ? 'gzip' : encoding;
}

export class HttpCall {
  /** Of requests under way, where anything is known of their senders. */
  private readonly identities = new WeakMap<FastifyRequest, Identity>();

  constructor(
    private readonly settings: CallSettings,
    private readonly signal: Signal,
  ) {}

  /** What can be said before the body is read, the pipeline's first answer included. */
  refusalOfHeaders(request: FastifyRequest): Refused | undefined | Promise<Refused | undefined> {
    const identity = this.settings.access.identify(request.headers, request.raw.socket);
    if (identity instanceof Promise) return identity.then((found) => this.refusalOf(request, found));
    return this.refusalOf(request, identity);
  }

  private refusalOf(request: FastifyRequest, identity: Identity | Denial): Refused | undefined {
    if (identity instanceof Error) return refusedBy(identity);
    if (identity !== NOBODY) this.identities.set(request, identity);
    const { handler, limit } = this.settings;
    const unsupported = unsupportedHeaders(request);
    if (unsupported) return unsupported;
    const bytes = Number(request.headers['content-length'] ?? 0);
    if (bytes > limit) return tooLarge(limit, LIMIT_SETTING);
    const refusal = handler.refusal(this.signal, bytes);
    return refusal && refusedBy(refusal);
  }

  /** Answers at once where the pipeline does; what it throws goes to the error handler. */
  handle(request: FastifyRequest, reply: FastifyReply): undefined | Promise<FastifyReply> {
    const inbound = this.inbound(request);
    if (inbound instanceof Promise) return this.handleLater(inbound, request, reply);
    const { items, done } = this.take(inbound, request);
    if (done) return done.then(() => this.succeed(request, reply, items));
    this.succeed(request, reply, items);
    return undefined;
  }

  private async handleLater(
    inbound: Promise<InboundRequest>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { items, done } = this.take(await inbound, request);
    await done;
    return this.succeed(request, reply, items);
  }

  private take(inbound: InboundRequest, request: FastifyRequest): Taken {
    const taken = this.settings.handler.take(inbound);
    if (taken.badTexts) this.settings.events.badTexts('http', this.signal, request.ip, taken.badTexts);
    return taken;
  }

  private inbound(request: FastifyRequest): InboundRequest | Promise<InboundRequest> {
    const bytes = (request.body as Buffer | undefined) ?? NO_BODY;
    const encoding = contentEncoding(request);
    const sent = this.sent(bytes, request);
    if (encoding === '' || bytes.length === 0) return this.inboundOf(request, sent, false);
    const inflated = this.settings.handler.preparation.inflate(encoding, sent);
    const inboundOf = (result: Decompressed | DecompressFault): InboundRequest | Promise<InboundRequest> => {
      const { body, exact } = this.checked(result, encoding);
      return this.inboundOf(request, { ...sent, bytes: body }, exact);
    };
    return inflated instanceof Promise ? inflated.then(inboundOf) : inboundOf(inflated);
  }

  /** A request has an account of its own, as while it is read. */
  private sent(bytes: Buffer, { ip: sender, raw }: FastifyRequest): Sent {
    const { limit, handler } = this.settings;
    const { socket } = raw;
    const whenGone = (cancel: () => void): (() => void) => {
      socket.once('close', cancel);
      return () => void socket.off('close', cancel);
    };
    return { bytes, limit, sender, account: new Account(handler.ledger), whenGone };
  }

  private checked(result: Decompressed | DecompressFault, encoding: string): Decompressed {
    if (result === 'too_large') throw tooLarge(this.settings.limit, LIMIT_SETTING);
    if (result === 'malformed')
      throw refused('malformed', Code.INVALID_ARGUMENT, `the body says that it is ${encoding}, and is not`);
    return result;
  }

  private inboundOf(request: FastifyRequest, sent: Sent, exact: boolean): InboundRequest | Promise<InboundRequest> {
    const { signal } = this;
    const { bytes: body } = sent;
    const origin = this.settings.access.originOf(
      request.headers,
      this.settings.includeMetadata,
      this.identities.get(request) ?? NOBODY,
    );
    const gzip = exact ? (request.body as Buffer) : undefined;
    if (mediaType(request) !== JSON_TYPE || body.length === 0) return { signal, body, ...origin, gzip };
    const protobuf = this.fromJson(sent);
    if (!(protobuf instanceof Promise)) return { signal, body: protobuf, ...origin };
    return protobuf.then((converted) => ({ signal, body: converted, ...origin }));
  }

  private fromJson(sent: Sent): Buffer | Promise<Buffer> {
    const { limit, handler } = this.settings;
    const refusal = (error: unknown): Refused =>
      error instanceof TooLongError ? tooLarge(limit, LIMIT_SETTING) : refusedByCheck(error);
    try {
      const body = handler.preparation.fromJson(this.signal, sent);
      return body instanceof Promise ? body.catch((error) => Promise.reject(refusal(error))) : body;
    } catch (error) {
      throw refusal(error);
    }
  }

  /** OTLP: on success `partial_success` is unset, so the response is an empty message, in the request's encoding. */
  private succeed(request: FastifyRequest, reply: FastifyReply, items: number): FastifyReply {
    this.settings.events.accepted('http', this.signal, items);
    const type = mediaType(request);
    // A Buffer: fastify would add a charset to the content type of text.
    return reply.header('content-type', type).send(type === JSON_TYPE ? EMPTY_JSON : NO_BODY);
  }
}

/** HTTP status 415 for both: this server does not read that form of a body. */
function unsupportedHeaders(request: FastifyRequest): Refused | undefined {
  const type = mediaType(request);
  if (type !== PROTOBUF_TYPE && type !== JSON_TYPE)
    return unsupported(`content type ${type || '(none)'} is not supported; ${PROTOBUF_TYPE} and ${JSON_TYPE} are`);
  const encoding = contentEncoding(request);
  if (encoding === '' || ENCODINGS.includes(encoding)) return undefined;
  return unsupported(`content encoding ${encoding} is not supported; ${ENCODINGS.join(', ')} are`);
}

function unsupported(message: string): Refused {
  return refused('unsupported', Code.INVALID_ARGUMENT, message, 415);
}
