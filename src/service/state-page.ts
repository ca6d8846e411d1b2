// `POST /state`: lists what a processor knows, and has it forget a cluster or an edge.
import { isMapping } from '../config/tree.js';
import { PermanentError, type Processor } from '../pipeline/index.js';
import type { Graph } from './graph.js';

const TOP = 20;
const MAX_TOP = 100_000;

/** The answer to a command: `{ processors: [{ processor, state }] }`, or `{ processor, forgotten }`. */
export async function statePage(body: unknown, graph: Graph | undefined): Promise<object> {
  if (!isMapping(body)) throw new PermanentError('the body is not an object');
  const { action } = body;
  const processors = processorsOf(graph, text(body, 'processor'));
  if (action === 'list') {
    const query = { cluster: text(body, 'cluster'), filter: text(body, 'filter'), top: topOf(body.top) };
    return { processors: processors.map(({ key, its }) => ({ processor: key, state: its.listState(query) })) };
  }
  if (action !== 'forget') throw new PermanentError('action is list or forget');
  const [first, ...others] = processors;
  if (others.length > 0)
    throw new PermanentError(`which processor is meant? There is ${processors.map(({ key }) => key).join(', ')}`);
  const target = {
    cluster: text(body, 'cluster'),
    edge: text(body, 'edge'),
    isDryRun: body.dry_run === true,
  };
  return { processor: first!.key, forgotten: await first!.its.forgetState(target) };
}

type Learning = Required<Pick<Processor, 'listState' | 'forgetState'>>;

/** At least one. */
function processorsOf(graph: Graph | undefined, wanted: string | undefined): { key: string; its: Learning }[] {
  const able = (graph?.processors ?? []).flatMap(({ key, component }) =>
    component.listState && component.forgetState ? [{ key, its: component as Learning }] : [],
  );
  const found = wanted === undefined ? able : able.filter(({ key }) => key === wanted);
  if (found.length > 0) return found;
  const there = able.length === 0 ? 'no anomaly processor stands in a pipeline' : able.map(({ key }) => key).join(', ');
  throw new PermanentError(`no such processor: there is ${there}`);
}

function text(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new PermanentError(`${name} is a text`);
}

function topOf(value: unknown): number {
  if (value === undefined) return TOP;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TOP) return value;
  throw new PermanentError(`top is a number from 0 to ${MAX_TOP}`);
}
