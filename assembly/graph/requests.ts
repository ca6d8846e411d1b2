// Which feed tells of an edge's requests: the most trusted one says whether rates may be relative to the source.
import { setEdge } from '../detect/api';
import { edgeAt, feedAt } from './slots';

/**
 * A series of this feed reports the edge's requests: the most trusted such feed says whether rates may be relative to
 * the source.
 */
export function noteRequests(edge: i32, feed: i32, rank: u32): void {
  const record = edgeAt(edge);
  if (rank > record.relativeRank) return;
  record.relativeRank = rank;
  record.isRelative = feedAt(feed).sourceRelative;
  setEdge(edge, record.source, record.destination, record.profile, record.isRelative != 0);
}
