// Series by what the rules made of them: of each cluster, and all together.
import { findCluster } from '../rules/resolve.js';
import type { Row } from '../rules/rows.js';

/** Series by outcome. */
export interface ResolveCounts {
  mapped: number;
  unmapped: number;
  ignored: number;
  muted: number;
  /** Mapped, but beyond a bound. */
  refused: number;
}

/** The series of one cluster. */
export interface SeriesTally {
  /** Of the cluster, for people. */
  readonly name: string;
  readonly counts: ResolveCounts;
  /** The last that no rule takes. */
  example: string | undefined;
}

export interface SavedResolved {
  readonly counts: ResolveCounts;
  readonly examples: readonly (readonly ['unmapped' | 'ignored' | 'muted', string])[];
  readonly tallies: readonly (readonly [string, SeriesTally])[];
}

/** Clusters whose series are told apart; the one that was resolved longest ago, and is not scored, gives way. */
const MAX_TALLIES = 2048;

export class Resolved {
  readonly counts: ResolveCounts = noneResolved();
  /** Why data is not mapped, by example. */
  readonly examples: Map<'unmapped' | 'ignored' | 'muted', string> = new Map();
  /** By cluster id, in the order of the last use. */
  readonly tallies: Map<string, SeriesTally> = new Map();
  readonly #isScored: (cluster: string) => boolean;

  /** `isScored`: whether a cluster has edges. */
  constructor(isScored: (cluster: string) => boolean) {
    this.#isScored = isScored;
  }

  /** Counts a series. `sender`: the cluster that its sender names. `example`: of what no rule takes. */
  count(row: Row, outcome: keyof ResolveCounts, sender: Parameters<typeof findCluster>[1], example?: string): void {
    this.counts[outcome]++;
    const { id, name } = findCluster(row, sender);
    let tally = this.tallies.get(id);
    if (!tally) {
      if (this.tallies.size >= MAX_TALLIES) this.#drop();
      tally = { name, counts: noneResolved(), example: undefined };
    } else this.tallies.delete(id);
    this.tallies.set(id, tally);
    tally.counts[outcome]++;
    if (example !== undefined) tally.example = example;
  }

  /** The cluster is gone. */
  forget(cluster: string): void {
    this.tallies.delete(cluster);
  }

  #drop(): void {
    for (const id of this.tallies.keys()) {
      if (this.#isScored(id)) continue;
      this.tallies.delete(id);
      return;
    }
  }

  save(): SavedResolved {
    return { counts: { ...this.counts }, examples: [...this.examples], tallies: [...this.tallies] };
  }

  restore({ counts, examples, tallies }: SavedResolved): void {
    Object.assign(this.counts, counts);
    for (const [reason, example] of examples) this.examples.set(reason, example);
    for (const [cluster, tally] of tallies) this.tallies.set(cluster, tally);
  }
}

function noneResolved(): ResolveCounts {
  return { mapped: 0, unmapped: 0, ignored: 0, muted: 0, refused: 0 };
}
