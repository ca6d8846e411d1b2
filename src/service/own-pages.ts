// Pages beside /metrics on the address of our own telemetry: `GET /status` for everybody who may scrape, and the
// components' commands (`POST /NAME`) from this host alone.
//
// Commands come in here and not through the receivers, because a receiver's port is open to the whole cluster, and
// whoever can reach it could then wake somebody up, or blind us. What a page of a browser could be made to send here is
// refused too: it cannot set this content type without asking first, and a name that was pointed at this host does not
// look like a loopback.
import type { IncomingMessage } from 'node:http';
import type { AnyFactory } from '../config/settings.js';
import { isMapping } from '../config/tree.js';
import { type Command, type Component, type Instance, PermanentError } from '../pipeline/index.js';
import type { OwnPage, PageAnswer } from '../telemetry/metrics-endpoint.js';
import type { StatusDocument } from './status.js';

/** A command is a few words. */
const MAX_BODY_BYTES = 16 * 1024;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

export interface PagesHost {
  status(): StatusDocument;
  /** What there may be in a configuration. */
  readonly factories: readonly AnyFactory[];
  /** Its running instances. */
  instances(factory: AnyFactory): readonly Instance<Component>[];
}

export function ownPages(host: PagesHost): Readonly<Record<string, OwnPage>> {
  const commands = host.factories.flatMap((factory) =>
    Object.entries(factory.commands ?? {}).map(([name, command]): [string, OwnPage] => [
      `/${name}`,
      {
        method: 'POST',
        answer: (request) => ownHost(request, command as Command<Component>, () => host.instances(factory)),
      },
    ]),
  );
  return {
    '/status': { method: 'GET', answer: async () => json(200, host.status()) },
    ...Object.fromEntries(commands),
  };
}

function json(code: number, value: unknown): PageAnswer {
  return { code, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function refusal(code: number, error: string): PageAnswer {
  return json(code, { error });
}

/** Answers a command of this host. A `PermanentError` becomes a 400. */
async function ownHost(
  request: IncomingMessage,
  command: Command<Component>,
  instances: () => readonly Instance<Component>[],
): Promise<PageAnswer> {
  const { remoteAddress = '' } = request.socket;
  if (!LOOPBACK.test(remoteAddress) || !LOOPBACK_HOST.test(request.headers.host ?? ''))
    return refusal(403, 'commands are taken from this host alone; in Kubernetes use kubectl port-forward');
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return refusal(415, 'the body must be application/json');
  try {
    const body = await bodyOf(request);
    if (!isMapping(body)) throw new PermanentError('the body is not an object');
    return json(200, await command(body, instances()));
  } catch (error) {
    if (error instanceof PermanentError) return refusal(400, error.message);
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new PermanentError('the body is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new PermanentError('the body is not JSON');
  }
}
