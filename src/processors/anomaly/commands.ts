// What an operator may ask of anomaly processors: `POST /inject` sends a test event, `POST /state` lists what they know
// or has them forget a cluster or an edge.
import type { TestEvent } from '../../detection/results/test-events.js';
import { type Command, type Instance, PermanentError, type Processor } from '../../pipeline/index.js';
import type { AnomalyProcessor } from './processor.js';

type Request = Readonly<Record<string, unknown>>;
type Instances = readonly Instance<AnomalyProcessor>[];

const TOP = 20;
const MAX_TOP = 100_000;

/** Every instance of the factory is one of ours. */
function command(run: (request: Request, instances: Instances) => Promise<object>): Command<Processor> {
  return (request, instances) => run(request, instances as Instances);
}

export const commands: Readonly<Record<'inject' | 'state', Command<Processor>>> = {
  /** Answers `{ injected: { processor, … } }`. */
  inject: command(async (request, instances) => {
    const event = testEvent(request);
    const { processor } = request;
    const { key, component } = oneForTests(instances, typeof processor === 'string' ? processor : undefined);
    return { injected: { processor: key, ...(await component.inject(event)) } };
  }),
  /** Answers `{ processors: [{ processor, state }] }` or `{ processor, forgotten }`. */
  state: command(async (request, instances) => {
    const { action } = request;
    const found = meant(instances, text(request, 'processor'));
    if (action === 'list') {
      const query = { cluster: text(request, 'cluster'), filter: text(request, 'filter'), top: topOf(request.top) };
      return { processors: found.map(({ key, component }) => ({ processor: key, state: component.listState(query) })) };
    }
    if (action !== 'forget') throw new PermanentError('action is list or forget');
    const [first, ...others] = found;
    if (others.length > 0) throw new PermanentError(`which processor is meant? There is ${keysOf(found)}`);
    const target = {
      cluster: text(request, 'cluster'),
      edge: text(request, 'edge'),
      isDryRun: request.dry_run === true,
    };
    return { processor: first!.key, forgotten: await first!.component.forgetState(target) };
  }),
};

function testEvent({ edge, kind, cluster, incident = false, hold_ms: holdMs = 0 }: Request): TestEvent {
  if (typeof edge !== 'string' || typeof kind !== 'string') throw new PermanentError('give edge and kind as text');
  if (typeof incident !== 'boolean' || typeof holdMs !== 'number')
    throw new PermanentError('incident is true or false, hold_ms a number');
  return { edge, kind, cluster: typeof cluster === 'string' ? cluster : undefined, incident, holdMs };
}

/** The processor of that id, or the only one. */
function oneForTests(instances: Instances, wanted: string | undefined): Instances[number] {
  const found = wanted === undefined ? instances : instances.filter(({ key }) => key === wanted);
  const [first] = found;
  if (!first) throw new PermanentError('no such processor: an anomaly processor must stand in a metrics pipeline');
  if (found.length > 1) throw new PermanentError(`which processor is meant? There is ${keysOf(instances)}`);
  return first;
}

/** At least one. */
function meant(instances: Instances, wanted: string | undefined): Instances {
  const found = wanted === undefined ? instances : instances.filter(({ key }) => key === wanted);
  if (found.length > 0) return found;
  const there = instances.length === 0 ? 'no anomaly processor stands in a pipeline' : keysOf(instances);
  throw new PermanentError(`no such processor: there is ${there}`);
}

function keysOf(instances: Instances): string {
  return instances.map(({ key }) => key).join(', ');
}

function text(request: Request, name: string): string | undefined {
  const value = request[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new PermanentError(`${name} is a text`);
}

function topOf(value: unknown): number {
  if (value === undefined) return TOP;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TOP) return value;
  throw new PermanentError(`top is a number from 0 to ${MAX_TOP}`);
}
