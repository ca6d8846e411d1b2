// Why a request of OTLP/HTTP is refused before it reaches its handler.
import type { FastifyRequest } from 'fastify';
import { Code } from '../../otlp/status.js';
import { BodyMalformed, BodyTooLarge } from './http-body.js';
import { LIMIT_SETTING } from './http-call.js';
import { type Refused, refused, refusedBy, tooLarge } from './refused.js';

/** What the parser of HTTP/1 stumbled over. gRPC clients begin with the preface of HTTP/2. */
export function noHttp(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'HPE_PAUSED_H2_UPGRADE') return error;
  return new Error('the client speaks HTTP/2 without TLS, as gRPC does; this port takes HTTP/1.1');
}

/**
 * A body of unknown or forbidden length that was not read to its end: not worth reading for the sake of the connection.
 */
export function endless(request: FastifyRequest, limit: number): boolean {
  if (request.raw.complete) return false;
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > limit;
}

export function isPreflight(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

export function refusedBody(error: Error, limit: number): Refused {
  if (error instanceof BodyTooLarge) return tooLarge(limit, LIMIT_SETTING);
  if (error instanceof BodyMalformed) return refused('malformed', Code.INVALID_ARGUMENT, error.message, 400);
  return refusedBy(error);
}

export function notFound(path: string): Refused {
  return refused(
    'unsupported',
    Code.UNIMPLEMENTED,
    `${path} is not served; OTLP/HTTP takes POST to /v1/metrics, /v1/traces, /v1/logs`,
    404,
  );
}
