// In which namespace the services live that spans name without one: where their own spans say, so that a call is the
// same edge whether one of its ends was seen or both.
import type { SpanEnd, SpanFact } from './read.js';

/** Cluster and service, and the namespaces in which spans of it were seen. */
export type SavedHomes = readonly (readonly [key: string, namespaces: readonly string[]])[];

const MAX_SERVICES = 10_000;
/** More are no longer told apart. */
const MAX_HOMES = 16;

const keyOf = (cluster: SpanFact['cluster'], service: string): string =>
  JSON.stringify([service, ...Object.values(cluster)]);

export class Homes {
  readonly #known = new Map<string, Set<string>>();

  hear({ self, cluster }: SpanFact): void {
    if (self.service === '') return;
    const key = keyOf(cluster, self.service);
    const homes = this.#known.get(key);
    if (homes && homes.size < MAX_HOMES) homes.add(self.namespace);
    else if (!homes && this.#known.size < MAX_SERVICES) this.#known.set(key, new Set([self.namespace]));
  }

  /**
   * The end with its namespace: the one of the span that names it, if it lives there, else the only one where it does.
   */
  of(end: SpanEnd, { self, cluster }: SpanFact): SpanEnd {
    if (end.namespace !== '' || end.service === '') return end;
    const homes = this.#known.get(keyOf(cluster, end.service));
    if (!homes) return end;
    if (homes.has(self.namespace)) return { ...end, namespace: self.namespace };
    const [only] = homes;
    return homes.size === 1 && only ? { ...end, namespace: only } : end;
  }

  save(): SavedHomes {
    return [...this.#known].map(([key, homes]) => [key, [...homes]]);
  }

  restore(saved: SavedHomes | undefined): void {
    this.#known.clear();
    for (const [key, homes] of saved ?? []) this.#known.set(key, new Set(homes));
  }
}
