// Pushes batches over HTTP, protobuf as it came or as OTLP/JSON.
import type { buildConnector, Dispatcher } from 'undici';
import { clientAuthenticator } from '../../auth/config.js';
import { retryWithOthers } from '../../auth/refused.js';
import type { Settings } from '../../config/settings.js';
import { clientTlsOptions } from '../../config/tls.js';
import { protobufToJson } from '../../otlp/index.js';
import { type Batch, PermanentError, RetryableError, SIGNALS, type Signal } from '../../pipeline/index.js';
import { type Cancel, signalOf } from '../../sending/abort.js';
import { compressed, formOf } from '../../sending/compression.js';
import type { Push } from '../../sending/exporter.js';
import { MAX_REPLY_BYTES, ReplyDecoder, TOO_LARGE, type Unreadable } from '../../sending/reply.js';
import { type HttpAnswer, judge } from './answer.js';
import { type Config, urlOf } from './config.js';
import { proxyFor } from './proxy.js';

/** A peer that does not finish the handshake by then is as good as away; ms. */
const CONNECT_TIMEOUT_MS = 20_000;

interface Target {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly url: string;
}

/** Connects with the certificates as they are now: files that were renewed count from the next connection on. */
function connector(undici: typeof import('undici'), config: Config): buildConnector.connector {
  let made: { readonly from: string; readonly connect: buildConnector.connector } | undefined;
  const current = async (): Promise<buildConnector.connector> => {
    const tls = await clientTlsOptions({ ...config.tls, insecure: false });
    const from = JSON.stringify(tls);
    // One is kept as long as nothing changes: it remembers TLS sessions.
    if (made?.from !== from) {
      const options = { ...tls, timeout: CONNECT_TIMEOUT_MS } as buildConnector.BuildOptions;
      made = { from, connect: undici.buildConnector(options) };
    }
    return made.connect;
  };
  return (options, done) =>
    void current().then(
      (connect) => connect(options, done),
      (error: Error) => done(error, null),
    );
}

/** One pool a host, shared by the signals that go there. Reads the files of `tls`. */
async function openTargets(config: Config): Promise<ReadonlyMap<Signal, Target>> {
  // Not before somebody exports over HTTP: undici is 5 MB of resident memory.
  const undici = await import('undici');
  const tls = await clientTlsOptions({ ...config.tls, insecure: false });
  const options = {
    connections: config.max_conns_per_host || config.sending_queue.num_consumers,
    // The timeout of the attempt is the only one.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const open = (url: URL): Dispatcher => {
    const proxy = proxyFor(url, config.proxy_url, process.env);
    if (proxy === undefined) return new undici.Pool(url.origin, { ...options, connect: connector(undici, config) });
    return new undici.ProxyAgent({
      ...options,
      uri: proxy,
      requestTls: { ...tls, timeout: CONNECT_TIMEOUT_MS } as buildConnector.BuildOptions,
    });
  };
  const dispatchers = new Map<string, Dispatcher>();
  const targets = new Map<Signal, Target>();
  for (const signal of SIGNALS) {
    const text = urlOf(config, signal);
    if (text === undefined) continue;
    const url = new URL(text);
    const dispatcher = dispatchers.get(url.origin) ?? open(url);
    dispatchers.set(url.origin, dispatcher);
    targets.set(signal, { dispatcher, origin: url.origin, path: url.pathname + url.search, url: text });
  }
  return targets;
}

function contentTypeOf({ encoding }: Config): string {
  return encoding === 'json' ? 'application/json' : 'application/x-protobuf';
}

function requestHeaders(config: Config, version: string): Record<string, string> {
  return {
    'user-agent': `pxanomaly/${version}`,
    'accept-encoding': 'gzip',
    ...Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value])),
    'content-type': contentTypeOf(config),
    ...(config.compression !== 'none' && { 'content-encoding': config.compression }),
  };
}

/** The bytes to send. The gzip form of protobuf is shared with other exporters. */
async function encode(batch: Batch, { encoding, compression }: Config): Promise<Uint8Array> {
  if (encoding === 'proto') return formOf(batch, compression);
  return compressed(Buffer.from(protobufToJson(batch.signal, batch.body)), compression);
}

/**
 * Reads a body up to the bound, so that the connection can serve again; a longer one is cut and its connection closed.
 */
async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer | Unreadable> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_REPLY_BYTES) return TOO_LARGE;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function read(
  response: Dispatcher.ResponseData,
  requestType: string,
  decoder: ReplyDecoder,
): Promise<HttpAnswer> {
  const { headers, statusCode: status } = response;
  const header = (name: string): string | undefined => headers[name]?.toString();
  const sent = await readBody(response.body as AsyncIterable<Uint8Array>);
  const encoding = (header('content-encoding') ?? '').trim().toLowerCase();
  const plain = encoding === '' || encoding === 'identity' || !Buffer.isBuffer(sent) || sent.length === 0;
  return {
    status,
    contentType: (header('content-type') ?? '').toLowerCase(),
    requestType,
    retryAfter: header('retry-after'),
    location: status >= 300 && status < 400 ? header('location') : undefined,
    body: plain ? sent : decoder.decode(encoding === 'x-gzip' ? 'gzip' : encoding, sent),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** Where requests end up: the addresses, and the headers that may choose a tenant there. Credentials may change. */
function destinationOf(config: Config): string {
  const headers = Object.entries(config.headers).filter(([name]) => name.toLowerCase() !== 'authorization');
  return JSON.stringify([SIGNALS.map((signal) => urlOf(config, signal)), headers]);
}

/** The sending side of the exporter; files of `tls` that cannot be read fail `start`. */
export function httpPush(settings: Settings, config: Config): Push {
  const headers = requestHeaders(config, settings.version);
  const type = contentTypeOf(config);
  const decoder = new ReplyDecoder();
  const auth = config.auth && clientAuthenticator((id) => settings.extension(id), config.auth);
  let targets: ReadonlyMap<Signal, Target> = new Map();

  const request = async (
    target: Target,
    body: Uint8Array,
    cancel: Cancel,
    credentials: Readonly<Record<string, string>> | undefined,
  ): Promise<HttpAnswer> => {
    const signal = signalOf(cancel);
    try {
      const { origin, path } = target;
      const all = credentials ? { ...headers, ...credentials } : headers;
      const answer = await target.dispatcher.request({ method: 'POST', origin, path, headers: all, body, signal });
      return await read(answer, type, decoder);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new RetryableError(`cannot send to ${target.url}: ${reasonOf(error)}`, undefined, { cause: error });
    }
  };

  return {
    async start() {
      targets = await openTargets(config);
    },
    async send(batch, signal) {
      const target = targets.get(batch.signal);
      if (!target) throw new PermanentError(`no endpoint for ${batch.signal}`, 'failed_precondition');
      const body = await encode(batch, config);
      const credentials = await auth?.credentials();
      const answer = await request(target, body, signal, credentials);
      return retryWithOthers(auth, credentials, () => judge(batch.signal, answer, Date.now()));
    },
    destination: destinationOf(config),
    async close() {
      const all = new Set([...targets.values()].map(({ dispatcher }) => dispatcher));
      await Promise.all([...all].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
