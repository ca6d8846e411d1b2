// Pages beside /metrics on the address of our own telemetry: `GET /status` for everybody who may scrape, `POST /inject` and `POST /state`
// from this host alone.
//
// Test events and what is to be forgotten come in here and not through the receivers, because a receiver's port is open to the whole cluster, and whoever can
// reach it could then wake somebody up, or blind us. What a page of a browser could be made to send here is refused too: it cannot set this
// content type without asking first, and a name that was pointed at this host does not look like a loopback.
import type { IncomingMessage } from 'node:http';
import { isMapping } from '../config/tree.js';
import { PermanentError, type Processor, type TestEvent, type TestOutcome } from '../pipeline/index.js';
import type { Page, PageAnswer } from '../telemetry/metrics-endpoint.js';
import type { Graph } from './graph.js';
import { statePage } from './state-page.js';
import type { StatusDocument } from './status.js';

/** A test is a few words. */
const MAX_BODY_BYTES = 16 * 1024;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

export interface PagesHost {
  status(): StatusDocument;
  graph(): Graph | undefined;
}

export function ownPages(host: PagesHost): Readonly<Record<string, Page>> {
  return {
    '/status': { method: 'GET', answer: async () => json(200, host.status()) },
    '/inject': { method: 'POST', answer: (request) => ownHost(request, (body) => inject(body, host.graph())) },
    '/state': { method: 'POST', answer: (request) => ownHost(request, (body) => statePage(body, host.graph())) },
  };
}

function json(code: number, value: unknown): PageAnswer {
  return { code, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function refusal(code: number, error: string): PageAnswer {
  return json(code, { error });
}

/** Answers a command of this host. A `PermanentError` becomes a 400. */
async function ownHost(request: IncomingMessage, answer: (body: unknown) => Promise<object>): Promise<PageAnswer> {
  const { remoteAddress = '' } = request.socket;
  if (!LOOPBACK.test(remoteAddress) || !LOOPBACK_HOST.test(request.headers.host ?? ''))
    return refusal(403, 'commands are taken from this host alone; in Kubernetes use kubectl port-forward');
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return refusal(415, 'the body must be application/json');
  try {
    return json(200, await answer(await bodyOf(request)));
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

async function inject(body: unknown, graph: Graph | undefined): Promise<object> {
  const { processor, event } = parse(body);
  return { injected: await injectInto(graph, processor, event) };
}

interface Wanted {
  readonly processor: string | undefined;
  readonly event: TestEvent;
}

function parse(body: unknown): Wanted {
  if (!isMapping(body)) throw new PermanentError('the body is not an object');
  const { edge, kind, cluster, processor, incident = false, hold_ms: holdMs = 0 } = body;
  if (typeof edge !== 'string' || typeof kind !== 'string') throw new PermanentError('give edge and kind as text');
  if (typeof incident !== 'boolean' || typeof holdMs !== 'number')
    throw new PermanentError('incident is true or false, hold_ms a number');
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { processor: text(processor), event: { edge, kind, cluster: text(cluster), incident, holdMs } };
}

/** Into the processor of that id, or into the only one that takes test events. */
async function injectInto(
  graph: Graph | undefined,
  wanted: string | undefined,
  event: TestEvent,
): Promise<TestOutcome & { processor: string }> {
  const able = (graph?.processors ?? []).filter(({ component }) => component.inject);
  const found = wanted === undefined ? able : able.filter(({ key }) => key === wanted);
  const [first] = found;
  if (!first) throw new PermanentError('no such processor: an anomaly processor must stand in a metrics pipeline');
  if (found.length > 1)
    throw new PermanentError(`which processor is meant? There is ${able.map(({ key }) => key).join(', ')}`);
  const outcome = await (first.component as Required<Pick<Processor, 'inject'>>).inject(event);
  return { processor: first.key, ...outcome };
}
