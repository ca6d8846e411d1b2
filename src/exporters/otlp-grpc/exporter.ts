// Pushes batches over gRPC: the bytes as they came, one frame each.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { clientAuthenticator } from '../../auth/config.js';
import { retryWithOthers } from '../../auth/refused.js';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import type { Settings } from '../../config/settings.js';
import { type ClientTls, clientTlsOptions } from '../../config/tls.js';
import { encodeHeaders } from '../../http2/index.js';
import { Code, decodeStatus, formatTimeout, NAMES, type Status } from '../../otlp/index.js';
import { type Batch, formatId, RetryableError, type Signal } from '../../pipeline/index.js';
import type { Cancel } from '../../sending/abort.js';
import { formOf } from '../../sending/compression.js';
import type { Push } from '../../sending/exporter.js';
import { decodePartialSuccess, MALFORMED, MAX_REPLY_BYTES, ReplyDecoder, Unreadable } from '../../sending/reply.js';
import type { PartialSuccess } from '../../sending/send.js';
import { Balancer } from './balancer.js';
import { type Reply, UnprocessedError, unaryCall } from './call.js';
import { Channel } from './channel.js';
import type { Config } from './config.js';
import { statusError } from './status.js';

/** What every request of a signal says, encoded once. */
function requestHead(signal: Signal, config: Config, version: string): Buffer {
  const fields: Record<string, string> = {
    ':method': 'POST',
    ':scheme': tlsOf(config).insecure ? 'http' : 'https',
    ':path': NAMES[signal].grpcPath,
    ':authority': config.authority ?? formatHostPort(config.endpoint),
    ...(config.timeout > 0 && { 'grpc-timeout': formatTimeout(config.timeout) }),
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': `pxanomaly/${version}`,
    'grpc-accept-encoding': 'identity,gzip',
    ...(config.compression !== 'none' && { 'grpc-encoding': config.compression }),
    ...config.headers,
  };
  return encodeHeaders(Object.entries(fields));
}

/** The scheme of the endpoint decides where it has one, `tls.insecure` otherwise. */
function tlsOf(config: Config): ClientTls {
  const { scheme } = config.endpoint;
  return { ...config.tls, insecure: scheme === undefined ? config.tls.insecure : scheme === 'http' };
}

/** One connection, or one to each address of the name. */
function openTransport(settings: Settings, config: Config): Pick<Channel, 'use' | 'close'> {
  const { host, port } = config.endpoint;
  if (config.balancer_name === 'pick_first') return openChannel(settings, config, config.endpoint);
  const log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'exporter', host });
  return new Balancer({
    host,
    resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    open: (address) => openChannel(settings, config, { host: address, port }),
    onChanged: (addresses) => log.info({ addresses }, 'Requests go to these addresses in turn'),
  });
}

function openChannel(settings: Settings, config: Config, at: HostPort): Channel {
  const tls = tlsOf(config);
  const endpoint = formatHostPort(at);
  const log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'exporter', endpoint });
  const { keepalive } = config;
  // The certificate is that of the name, whichever of its addresses shows it.
  const name = at.host !== config.endpoint.host && !isIP(config.endpoint.host) && { servername: config.endpoint.host };
  const secure = async (): Promise<ConnectionOptions | undefined> => {
    const options = await clientTlsOptions(tls);
    return options && { ...name, ...options };
  };
  return new Channel({
    at,
    url: `${tls.insecure ? 'http' : 'https'}://${endpoint}`,
    secure,
    keepalive: keepalive && {
      timeMs: keepalive.time,
      timeoutMs: keepalive.timeout,
      permitWithoutStream: keepalive.permit_without_stream,
    },
    waitForReady: config.wait_for_ready,
    onConnected: () => log.info('Connected'),
    onLost: (why) => log.info({ why }, 'Connection ended; the next request opens a new one'),
  });
}

/** Details that cannot be read say nothing; code and message are in headers of their own. */
function readStatus(details: Uint8Array): Status | undefined {
  try {
    return decodeStatus(details);
  } catch {
    return undefined;
  }
}

/** The request was taken; at worst the note about it is unreadable. */
function partialSuccess(signal: Signal, body: Reply['body']): PartialSuccess | undefined {
  if (body instanceof Unreadable) return body.asPartialSuccess();
  try {
    return decodePartialSuccess(signal, body);
  } catch {
    return MALFORMED.asPartialSuccess();
  }
}

/** The attempt's result: what was rejected, or the error that OTLP's table makes of the status. */
function judge(batch: Batch, reply: Reply): PartialSuccess | undefined {
  if (reply.code === Code.OK) {
    return partialSuccess(batch.signal, reply.body);
  }
  const status = reply.details && readStatus(reply.details);
  throw statusError(reply.code, reply.message || (status?.message ?? ''), status?.retryAfterMs);
}

/** Where requests end up: the address, and the headers that may choose a tenant there. Credentials may change. */
function destinationOf(config: Config): string {
  const { authorization: _, ...headers } = config.headers;
  return JSON.stringify([formatHostPort(config.endpoint), config.authority ?? '', headers]);
}

type Credentials = Readonly<Record<string, string>>;

/** Credentials as header fields, encoded once while they are the same. */
class CredentialBlocks {
  #of: Credentials | undefined;
  #block: Buffer = Buffer.alloc(0);

  of(credentials: Credentials): Buffer {
    if (this.#of === credentials) return this.#block;
    this.#of = credentials;
    this.#block = encodeHeaders(Object.entries(credentials));
    return this.#block;
  }
}

/** The sending side of the exporter; files of `tls` that cannot be read fail `start`. */
export function grpcPush(settings: Settings, config: Config): Push {
  const channel = openTransport(settings, config);
  const heads = {
    metrics: requestHead('metrics', config, settings.version),
    traces: requestHead('traces', config, settings.version),
    logs: requestHead('logs', config, settings.version),
  };
  const auth = config.auth && clientAuthenticator((id) => settings.extension(id), config.auth);
  const blocks = new CredentialBlocks();
  const compressed = config.compression !== 'none';
  const decoder = new ReplyDecoder();

  const attempt = async (batch: Batch, signal: Cancel): Promise<PartialSuccess | undefined> => {
    const credentials = await auth?.credentials();
    const reply = await call(batch, signal, credentials);
    return retryWithOthers(auth, credentials, () => judge(batch, reply));
  };

  const call = async (batch: Batch, signal: Cancel, credentials: Credentials | undefined): Promise<Reply> => {
    const body = compressed ? await formOf(batch, config.compression) : batch.body;
    const options = {
      head: credentials ? Buffer.concat([heads[batch.signal], blocks.of(credentials)]) : heads[batch.signal],
      compressed,
      maxReplyBytes: MAX_REPLY_BYTES,
      decoder,
      signal,
    };
    return channel.use(signal, (session) => unaryCall(session, body, options));
  };

  return {
    start: async () => void (await clientTlsOptions(tlsOf(config))),
    async send(batch, signal) {
      try {
        return await attempt(batch, signal);
      } catch (error) {
        if (!(error instanceof UnprocessedError)) throw error;
      }
      // A connection that was just closing refused it: once more on a new one, without waiting.
      try {
        return await attempt(batch, signal);
      } catch (error) {
        throw error instanceof UnprocessedError
          ? new RetryableError(error.message, undefined, { cause: error })
          : error;
      }
    },
    retainsBody: false,
    destination: destinationOf(config),
    close: () => channel.close(),
  };
}
