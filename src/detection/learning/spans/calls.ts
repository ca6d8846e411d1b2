// The rules by which spans are calls. Each span is asked once, when its time is over, with whatever came until then:
// the order in which spans come, in one request or many, changes nothing.
//
//   span                                             what it tells
//   client, a span of another service below it       a call there: one, however many attempts there were; its caller's time and outcome
//   client, a server span of its own service below   a call of the service to itself
//   client below a client of its own service         nothing: an attempt, or the same call told by a lower layer
//   client below another service's server or inner   a call of that service to this one (a database or a library with a resource of its
//     span, nothing of another service below it      own)
//   client, nothing below it, a sibling that called  an attempt that did not arrive: a call to where its sibling called
//   client, nothing below it                         a call to whom its attributes name, else to `external`
//   server below a client                            nothing, the client tells; but where the client called elsewhere first, a call
//   server below another service's server or inner   a call from that service
//   server below a server of its own service         nothing
//   server, its caller never seen                    a call from whom its attributes name, else from `external`
//   producer, or a client that sends a message       a call to the queue
//   consumer, or a client that receives              a call from the queue: how long the message waited there changes no edge
//   inner                                            nothing; the spans above and below it find each other through it
//
// `below`: child, or further down through spans of the client's own service that are no servers.
import type { SpanEnd, SpanFact } from './read.js';
import { differs, MAX_DEPTH, type SpanEntry, type SpanTable } from './table.js';

/** Spans by what they told; monotonic. */
export interface PairCounts {
  /** Calls of which both ends are known from spans. */
  paired: number;
  /** The other end named by attributes. */
  named: number;
  /** The other end unknown: `external`. */
  alone: number;
  /** Asked before their time because too many waited. */
  crowded: number;
  /** Nothing: a further attempt of a call, or a lower layer of it. */
  attempt: number;
  /** Nothing: the other end had been told alone by then. */
  late: number;
  /** Left out: the same span was sent before. */
  duplicate: number;
  /** Calls without a duration: the span ended before it began, or when its sender's clock cannot have been right. */
  untimed: number;
  /** Calls at another time than their sender's clock had. */
  redated: number;
}

export type CallOutcome = keyof PairCounts;

/**
 * Two ends and the span that measured; `other`, the span at the other end, has the time where the measuring clock is
 * wrong.
 */
export interface Told {
  readonly source: SpanEnd;
  readonly destination: SpanEnd;
  readonly by: SpanFact;
  readonly other?: SpanFact;
  readonly failed: boolean;
  /** The callee named its caller: where callers tell of the same edge, they are believed. */
  readonly byCallee?: boolean;
}

const UNKNOWN: SpanEnd = { service: '', namespace: '' };

/** What a span tells, now that its time is over. */
export function* tell(table: SpanTable, entry: SpanEntry, count: (outcome: CallOutcome) => void): Generator<Told> {
  const { self, peer, failed, part } = entry;
  if (part === 'client') yield* tellClient(table, entry, count);
  else if (part === 'server') yield* tellServer(table, entry, count);
  else if (part === 'send') {
    count('named');
    yield { source: self, destination: peer ?? UNKNOWN, by: entry, failed };
  } else if (part === 'receive') {
    count('named');
    yield { source: peer ?? UNKNOWN, destination: self, by: entry, failed };
  }
}

function* tellClient(table: SpanTable, entry: SpanEntry, count: (outcome: CallOutcome) => void): Generator<Told> {
  const { self } = entry;
  const landing = landingOf(table, entry);
  const outer = outermost(table, entry);
  if (outer !== entry) {
    const first = landingOf(table, outer);
    if (!landing || !first || !differs(landing.self, first.self)) {
      count('attempt');
      return;
    }
  }
  const parent = table.parentOf(entry);
  const isLent = parent !== undefined && parent.part !== 'client' && differs(parent.self, self);
  if (isLent) {
    count('paired');
    yield { source: parent.self, destination: self, by: entry, failed: entry.failed };
  }
  if (landing?.alone) count('late');
  else if (landing) {
    count('paired');
    yield {
      source: self,
      destination: landing.self,
      by: entry,
      other: landing,
      failed: failedAt(table, entry, landing),
    };
  } else if (!isLent) yield whereSiblingsWent(table, entry, parent, count) ?? aloneCall(table, entry, count);
}

/** The caller knows best, unless there was one attempt only: then a failure told by either end is one. */
function failedAt(table: SpanTable, client: SpanEntry, landing: SpanEntry): boolean {
  if (client.failed || !landing.failed) return client.failed;
  return table.siblingsOf(landing).filter(({ part }) => part === landing.part).length === 1;
}

function whereSiblingsWent(
  table: SpanTable,
  entry: SpanEntry,
  parent: SpanEntry | undefined,
  count: (outcome: CallOutcome) => void,
): Told | undefined {
  if (parent?.part !== 'client') return undefined;
  for (const sibling of table.siblingsOf(entry)) {
    const isAttempt = sibling.part === 'client' && !differs(sibling.self, entry.self);
    const landing = isAttempt && sibling.peer?.service === entry.peer?.service ? landingOf(table, sibling) : undefined;
    if (!landing) continue;
    count('paired');
    return { source: entry.self, destination: landing.self, by: entry, failed: entry.failed };
  }
  return undefined;
}

/** The call as one end alone tells it. */
function aloneCall(table: SpanTable, entry: SpanEntry, count: (outcome: CallOutcome) => void): Told {
  const { self, failed } = entry;
  const peer = entry.part === 'client' ? peerOf(table, entry) : entry.peer;
  entry.alone = true;
  count(peer ? 'named' : 'alone');
  const other = peer ?? UNKNOWN;
  if (entry.part === 'client') return { source: self, destination: other, by: entry, failed };
  return { source: other, destination: self, by: entry, failed, byCallee: peer !== undefined };
}

/** Whom a client span names, or else a lower layer of the same call. */
function peerOf(table: SpanTable, client: SpanEntry, depth = 0): SpanEnd | undefined {
  if (client.peer || depth > MAX_DEPTH) return client.peer;
  for (const child of table.childrenOf(client)) {
    if (child === client || (child.part !== 'client' && child.part !== 'inner')) continue;
    const peer = peerOf(table, child, depth + 1);
    if (peer) return peer;
  }
  return undefined;
}

function* tellServer(table: SpanTable, entry: SpanEntry, count: (outcome: CallOutcome) => void): Generator<Told> {
  // A client's and a server's span of one id are a call, whatever is above the two.
  const above = table.sharedBy(entry) ?? callerOf(table, entry);
  if (!above) {
    yield aloneCall(table, entry, count);
    return;
  }
  if (above.part === 'server' && !differs(above.self, entry.self)) return;
  const client = above.part === 'inner' ? (clientAbove(table, above) ?? above) : above;
  if (client.part === 'client') {
    const nearest = landingOf(table, client);
    const outer = outermost(table, client);
    const first = landingOf(table, outer);
    if (outer.alone || client.alone) {
      count('late');
      return;
    }
    if ((nearest && !differs(nearest.self, entry.self)) || (first && !differs(first.self, entry.self))) {
      if (first !== entry && first?.part === 'server') count('attempt');
      return;
    }
  }
  count('paired');
  yield { source: client.self, destination: entry.self, by: entry, failed: entry.failed };
}

/** Who called: past the inner spans of the server's own service. */
function callerOf(table: SpanTable, server: SpanEntry): SpanEntry | undefined {
  let at = table.parentOf(server);
  for (let depth = 0; at && depth < MAX_DEPTH; depth++) {
    if (at.part !== 'inner' || differs(at.self, server.self)) return at;
    at = table.parentOf(at);
  }
  return undefined;
}

/** The nearest client span of the same service above an inner one. */
function clientAbove(table: SpanTable, inner: SpanEntry): SpanEntry | undefined {
  let at: SpanEntry | undefined = inner;
  for (let depth = 0; at && depth < MAX_DEPTH && !differs(at.self, inner.self); depth++) {
    if (at.part === 'client') return at;
    if (at.part !== 'inner') return undefined;
    at = table.parentOf(at);
  }
  return undefined;
}

/**
 * The highest client span of the same service above, with nothing but inner and client spans between; itself where
 * there is none.
 */
function outermost(table: SpanTable, client: SpanEntry): SpanEntry {
  let found = client;
  let at = table.parentOf(client);
  for (let depth = 0; at && depth < MAX_DEPTH; depth++) {
    if (differs(at.self, client.self) || (at.part !== 'client' && at.part !== 'inner')) break;
    if (at.part === 'client') found = at;
    at = table.parentOf(at);
  }
  return found;
}

/** The first span to come below a client span that is a server or of another service: where its call arrived. */
function landingOf(table: SpanTable, client: SpanEntry, depth = 0): SpanEntry | undefined {
  const shared = table.sharedBy(client);
  if (shared?.part === 'server') return shared;
  for (const child of table.childrenOf(client)) {
    if (child === client || child.part === 'send' || child.part === 'receive') continue;
    if (child.part === 'server' || differs(child.self, client.self)) return child;
    const below = depth < MAX_DEPTH ? landingOf(table, child, depth + 1) : undefined;
    if (below) return below;
  }
  return undefined;
}
