// Sends made-up events where a cluster's real ones would go, and ends them when their time is over.
import { PermanentError } from '../../pipeline/index.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { Route } from '../pending-request.js';
import type { Edges } from '../topology/edges.js';
import { type ClusterState, type EdgeState, edgeText } from '../topology/graph.js';
import type { OwnResource } from './own-resource.js';
import {
  type MadeUp,
  newIncidentId,
  parseEdge,
  parseKind,
  type TestEvent,
  type TestOutcome,
  testBatch,
} from './test-events.js';

export interface InjectorOptions {
  readonly own: OwnResource;
  readonly events: AnomalyEvents;
  /** Cluster of data that names none. */
  readonly defaultCluster: string;
  /** The clusters that are known, and the edge between two ends. */
  edges(): Pick<Edges, 'clusters' | 'find'>;
  /** The pipelines that brought the cluster's data. */
  routesOf(cluster: ClusterState): ReadonlySet<Route>;
  /** Every metrics pipeline of the processor. */
  routes(): readonly Route[];
}

/** Longest time from start to end, ms. */
const MAX_HOLD_MS = 3_600_000;
/** Tests under way at the same time. */
const MAX_OPEN = 16;

type TestEnds = Pick<EdgeState, 'source' | 'destination'>;

interface OpenTest {
  readonly made: MadeUp;
  readonly to: readonly Route[];
  readonly timer: NodeJS.Timeout;
}

export class Injector {
  readonly #options: InjectorOptions;
  readonly #open = new Set<OpenTest>();

  constructor(options: InjectorOptions) {
    this.#options = options;
  }

  /**
   * Sends the start, and the end now or `holdMs` later. Throws a `PermanentError` that says what is wrong with the
   * request.
   */
  async inject({ edge, kind, cluster, incident, holdMs }: TestEvent): Promise<TestOutcome> {
    const ends = parseEdge(edge);
    if (!(holdMs >= 0 && holdMs <= MAX_HOLD_MS)) throw new PermanentError('a test lasts from 0 s to an hour');
    if (this.#open.size >= MAX_OPEN) throw new PermanentError(`${MAX_OPEN} tests are under way; wait for their end`);
    const state = this.#cluster(cluster, ends);
    const known = state ? [...this.#options.routesOf(state)] : [];
    const to = known.length > 0 ? known : this.#options.routes();
    if (to.length === 0) throw new PermanentError('no metrics pipeline names this processor: nothing could go out');
    const made: MadeUp = {
      ...ends,
      clusterId: state?.id ?? cluster ?? this.#options.defaultCluster,
      kind: parseKind(kind),
      incident: incident ? newIncidentId() : '',
      startedMs: Date.now(),
    };
    this.#options.events.injected(made.kind, edgeText(made), holdMs);
    await send(made, 'started', to, this.#options.own);
    if (holdMs === 0) await send(made, 'resolved', to, this.#options.own);
    else this.#hold(made, to, holdMs);
    return {
      cluster: made.clusterId,
      edge: edgeText(made),
      kind: made.kind,
      known: state !== undefined && this.#options.edges().find(state, ends) !== undefined,
      incident: made.incident,
      pipelines: to.length,
    };
  }

  /** Ends what is under way: the process goes down. */
  async finish(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    for (const { timer } of open) clearTimeout(timer);
    await Promise.all(open.map(({ made, to }) => send(made, 'resolved', to, this.#options.own)));
  }

  #hold(made: MadeUp, to: readonly Route[], holdMs: number): void {
    const timer = setTimeout(() => {
      this.#open.delete(open);
      void send(made, 'resolved', to, this.#options.own);
    }, holdMs).unref();
    const open: OpenTest = { made, to, timer };
    this.#open.add(open);
  }

  /** The cluster that is meant; undefined where none has sent anything yet. */
  #cluster(wanted: string | undefined, ends: TestEnds): ClusterState | undefined {
    const edges = this.#options.edges();
    const all = [...edges.clusters.values()];
    const names = all.map(({ name }) => name).join(', ');
    if (wanted !== undefined) {
      const found = all.find(({ id, name }) => id === wanted || name === wanted);
      if (!found && all.length > 0) throw new PermanentError(`no cluster "${wanted.slice(0, 64)}"; there is ${names}`);
      return found;
    }
    if (all.length <= 1) return all[0];
    const having = all.filter((one) => edges.find(one, ends));
    if (having.length !== 1) throw new PermanentError(`which cluster is meant? There is ${names}`);
    return having[0];
  }
}

async function send(
  made: MadeUp,
  state: 'started' | 'resolved',
  to: readonly Route[],
  own: OwnResource,
): Promise<void> {
  const batch = testBatch(made, state, own, Date.now());
  await Promise.all(to.map((route) => route.send(batch)));
}
