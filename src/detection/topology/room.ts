// Who gives way where a bound is reached: slots of edges, groups and feeds, by event time and the order of arrival.
//
//   newcomer     what came at one time only: gives way to whatever else comes, the longest silent first
//   established  gives way only once it has been silent for as long as it was watched (three windows at least, a day at most), and
//                only to what comes again: a flood of names that come once displaces nothing but itself
// What is refused is not lost: its series are asked about again, after longer and longer (`KernelApi.refuse`).
import type { KernelApi } from '../../kernel/api.js';
import type { EdgeState, FeedState, GroupState } from './graph.js';

/** Who asks for room. */
export interface Comer {
  /** Refused before, or displaced. */
  readonly isReturning: boolean;
  /** Event time, Unix seconds, no later than its receipt. */
  readonly nowS: number;
}

/** Windows of silence after which what was watched for even less gives way. */
const LEAST_WINDOWS = 3;
/** Silence after which even what was watched for years gives way. */
const LONGEST_S = 86_400;
/** Of so many edges one may be displaced in each window by a name that comes for the first time, if it is dormant. */
const EDGES_PER_FIRST_COMER = 1000;

/** What the search for edges that give way goes on with: it reads every edge, and is done once for many. */
export interface SavedRoom {
  readonly found: readonly number[];
  readonly searched: string;
  readonly closings: number;
  readonly firstComers: number;
}

export class Room {
  readonly #kernel: KernelApi;
  readonly #maxEdges: number;
  /** Edge slots that may give way, the first to do so last. */
  #found: number[] = [];
  /** When they were searched for: it is done once for an event second, kind of comer and closed window. */
  #searched = '';
  #closings = 0;
  /** Dormant edges that gave way to names that came for the first time, since the last window was closed. */
  #firstComers = 0;

  constructor(kernel: KernelApi, maxEdges: number) {
    this.#kernel = kernel;
    this.#maxEdges = maxEdges;
  }

  /** A window was closed: what was silent may be so for longer now. */
  closed(): void {
    this.#closings++;
    this.#firstComers = 0;
  }

  /** Slots have changed. */
  forget(): void {
    this.#found = [];
    this.#searched = '';
  }

  save(): SavedRoom {
    return {
      found: [...this.#found],
      searched: this.#searched,
      closings: this.#closings,
      firstComers: this.#firstComers,
    };
  }

  restore({ found, searched, closings, firstComers }: SavedRoom): void {
    this.#found = [...found];
    this.#searched = searched;
    this.#closings = closings;
    this.#firstComers = firstComers;
  }

  /** The edge that gives way; undefined: none does. `isKept`: it may not. */
  edge(
    { isReturning, nowS }: Comer,
    bySlot: readonly (EdgeState | undefined)[],
    isKept: (edge: EdgeState) => boolean,
  ): EdgeState | undefined {
    const isTrusted = isReturning || this.#firstComers < Math.max(1, this.#maxEdges / EDGES_PER_FIRST_COMER);
    const at = isReturning ? nowS : 0;
    const search = `${isTrusted} ${Math.max(at, this.#kernel.eventClockS())} ${this.#closings}`;
    if (this.#found.length === 0 || search.startsWith('true') !== this.#searched.startsWith('true')) {
      if (search === this.#searched) return undefined;
      this.#searched = search;
      this.#found = [...this.#kernel.yielding(isTrusted, at)].reverse();
    }
    for (let slot = this.#found.pop(); slot !== undefined; slot = this.#found.pop()) {
      const edge = bySlot[slot];
      if (!edge || isKept(edge) || !this.#kernel.mayYield(slot, isTrusted, at)) continue;
      if (!isReturning && !this.#kernel.mayYield(slot, false, at)) this.#firstComers++;
      return edge;
    }
    return undefined;
  }

  /** The group that gives way; undefined: none does. `isAlone`: an established one only. */
  group(comer: Comer, groups: readonly (GroupState | undefined)[], isEstablished = false): GroupState | undefined {
    // Its edges have another window length since, or were forgotten one by one.
    const empty = groups.find((group) => group && this.#kernel.group(group.slot).edges === 0);
    if (empty && !isEstablished) return empty;
    const candidates = groups.flatMap((group) => {
      if (!group) return [];
      const { touchedS, watchedS } = this.#kernel.group(group.slot);
      return [{ item: group, watchedS, silentS: this.#silence(touchedS, comer), isReturning: group.isReturning }];
    });
    return first(comer, isEstablished ? candidates.filter(isWatched) : candidates);
  }

  /** The feed that gives way. */
  feed(comer: Comer, groups: readonly (GroupState | undefined)[]): FeedState | undefined {
    const candidates = groups.flatMap((group) =>
      [...(group?.feeds.values() ?? [])].map((feed) => {
        const { ticks } = this.#kernel.feed(feed.slot);
        const touchedS = this.#kernel.feedTouchedS(feed.slot);
        const watchedS = (Math.max(0, ticks - 1) * feed.group.windowMs) / 1000;
        return { item: feed, watchedS, silentS: this.#silence(touchedS, comer), isReturning: false };
      }),
    );
    return first(comer, candidates);
  }

  #silence(touchedS: number, { nowS }: Comer): number {
    return Math.max(this.#kernel.eventClockS(), nowS) - touchedS;
  }
}

interface Evictable<T> {
  readonly item: T;
  /** Event time between its first and its newest point, and since then. */
  readonly watchedS: number;
  readonly silentS: number;
  /** It came back after it had been displaced: no newcomer, whatever it was watched for. */
  readonly isReturning: boolean;
}

function isWatched({ watchedS, isReturning }: Evictable<unknown>): boolean {
  return watchedS > 0 || isReturning;
}

/**
 * Newcomers, the longest silent first; then, for what comes again, the one whose silence is longest by what it was
 * watched for.
 */
function first<T extends GroupState | FeedState>(comer: Comer, candidates: readonly Evictable<T>[]): T | undefined {
  // A request of many new names is of one time: none of them takes the place of another before any has come again.
  const newcomers = candidates.filter((one) => !isWatched(one) && (one.silentS > 0 || comer.isReturning));
  const newcomer = most(newcomers, ({ silentS }) => silentS);
  if (newcomer || !comer.isReturning) return newcomer?.item;
  const share = ({ item, watchedS, silentS }: Evictable<T>): number => {
    const windowS = ('windowMs' in item ? item.windowMs : item.group.windowMs) / 1000;
    return silentS / Math.max(LEAST_WINDOWS * windowS, Math.min(watchedS, LONGEST_S));
  };
  const longest = most(candidates, share);
  return longest && share(longest) > 1 ? longest.item : undefined;
}

/** The first of those with the largest value. */
function most<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  let top: T | undefined;
  for (const item of items) if (top === undefined || value(item) > value(top)) top = item;
  return top;
}
