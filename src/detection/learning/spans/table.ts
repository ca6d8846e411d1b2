// The spans of the last seconds by their ids and by their parents' ids: those that wait to be told, and as many that
// were told before.
import type { SpanEnd, SpanFact } from './read.js';

/** What of a span is kept: the fact, and what was said of it. */
export interface SpanEntry extends SpanFact {
  /** Trace and span id, trace and parent's id; empty: none that another span could name. */
  readonly id: string;
  readonly parentId: string;
  /** `elapsed` of the clocks when it came, ms. */
  readonly cameMs: number;
  /** Its time is over. */
  told: boolean;
  /** It was told as a call with nobody known at the other end, so that a partner who comes now comes too late. */
  alone: boolean;
}

/** Spans below one another that are looked through, and children of one span. */
export const MAX_DEPTH = 8;
const MAX_CHILDREN = 64;

export class SpanTable {
  readonly #max: number;
  /**
   * In order of arrival, keyed by everything that makes a span that one: a second with the same key is the same span
   * sent again.
   */
  readonly #waiting = new Map<string, SpanEntry>();
  readonly #told = new Map<string, SpanEntry>();
  readonly #byId = new Map<string, SpanEntry>();
  /** The other span of an id that a client and a server share, as Zipkin's do. */
  readonly #shared = new Map<string, SpanEntry>();
  /** In order of arrival. */
  readonly #children = new Map<string, SpanEntry[]>();
  #nameless = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Told and untold, in order of arrival. */
  *entries(): Generator<SpanEntry> {
    yield* this.#told.values();
    yield* this.#waiting.values();
  }

  /** False: it is there already. */
  add(entry: SpanEntry): boolean {
    const { id } = entry;
    // Without an id, every span is one of its own.
    const key = id === '' ? `#${++this.#nameless}` : `${entry.part}${id}${entry.parent}`;
    if (this.#waiting.has(key) || this.#told.has(key)) return false;
    (entry.told ? this.#told : this.#waiting).set(key, entry);
    const holder = this.#byId.get(id);
    if (!holder && id !== '') this.#byId.set(id, entry);
    else if (holder && isShared(holder, entry)) this.#shared.set(id, entry);
    const { parentId } = entry;
    const list = this.#children.get(parentId);
    if (list && list.length < MAX_CHILDREN) list.push(entry);
    else if (!list && parentId !== '') this.#children.set(parentId, [entry]);
    return true;
  }

  /** The oldest that waits, which waits no longer. */
  take(): SpanEntry | undefined {
    for (const [key, entry] of this.#waiting) {
      this.#waiting.delete(key);
      entry.told = true;
      this.#told.set(key, entry);
      return entry;
    }
    return undefined;
  }

  /** Those whose time is over; each may look at all others, before and after it. */
  *due(cameBeforeMs: number): Generator<SpanEntry> {
    for (const [key, entry] of this.#waiting) {
      if (entry.cameMs > cameBeforeMs) return;
      this.#waiting.delete(key);
      entry.told = true;
      this.#told.set(key, entry);
      yield entry;
    }
  }

  /** Forgets the oldest of what was told, beyond as many as may wait. */
  trim(): void {
    let over = this.#told.size - this.#max;
    if (over <= 0) return;
    for (const [key, entry] of this.#told) {
      if (over-- <= 0) return;
      this.#told.delete(key);
      this.#forget(entry);
    }
  }

  /** Of a shared id, the span of the child's own service. */
  parentOf(entry: SpanEntry): SpanEntry | undefined {
    const { parentId: id } = entry;
    const parent = this.#byId.get(id);
    const other = parent && differs(parent.self, entry.self) ? this.#shared.get(id) : undefined;
    return other && !differs(other.self, entry.self) ? other : parent;
  }

  /** The span at the other end that has the same id. */
  sharedBy(entry: SpanEntry): SpanEntry | undefined {
    const { id } = entry;
    const other = this.#shared.get(id);
    if (!other) return undefined;
    return other === entry ? this.#byId.get(id) : isShared(other, entry) ? other : undefined;
  }

  /** In order of arrival. */
  childrenOf(entry: SpanEntry): readonly SpanEntry[] {
    return this.#children.get(entry.id) ?? [];
  }

  /** All below the same parent, itself among them. */
  siblingsOf(entry: SpanEntry): readonly SpanEntry[] {
    return this.#children.get(entry.parentId) ?? [];
  }

  #forget(entry: SpanEntry): void {
    const { id } = entry;
    if (this.#byId.get(id) === entry) this.#byId.delete(id);
    if (this.#shared.get(id) === entry) this.#shared.delete(id);
    const list = this.#children.get(entry.parentId);
    if (!list || list[0] !== entry) return;
    list.shift();
    if (list.length === 0) this.#children.delete(entry.parentId);
  }
}

function isShared(a: SpanFact, b: SpanFact): boolean {
  return (a.part === 'client' && b.part === 'server') || (a.part === 'server' && b.part === 'client');
}

/** A span as it comes. */
export function entryOf(fact: SpanFact, cameMs: number): SpanEntry {
  const { trace, span, parent } = fact;
  const id = trace === '' || span === '' ? '' : trace + span;
  const parentId = trace === '' || parent === '' ? '' : trace + parent;
  return { ...fact, id, parentId, cameMs, told: false, alone: false };
}

/** Whether two ends are known to be different services. A namespace that one of them does not say decides nothing. */
export function differs(a: SpanEnd, b: SpanEnd): boolean {
  if (a.service === '' || b.service === '') return false;
  if (a.service !== b.service) return true;
  return a.namespace !== '' && b.namespace !== '' && a.namespace !== b.namespace;
}
