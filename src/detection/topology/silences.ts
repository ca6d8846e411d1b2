// Edges whose anomaly ended while they were silent, for longer than evidence can grow: they are not back to normal.
// Told once more when they speak again, or when they are dropped from what is watched.
import type { KernelApi } from '../../kernel/api.js';
import type { EdgeState, Episode, GroupState } from './graph.js';

/**
 * Whether the edge sent nothing in the window just closed and nothing can be said of it: it is dormant, or lost in an
 * outage. An edge that is silent as is its habit gives evidence, if little.
 */
export function isStillSilent({ results }: KernelApi, { slot }: Pick<EdgeState, 'slot'>): boolean {
  return results.present[slot] === 0 && results.gap[slot] === 0 && results.age[slot]! > 0;
}

/** The anomaly ended in a silence that goes on. One that was not announced is told no further. */
export function beginSilence(edge: EdgeState, episode: Episode): void {
  if (!episode.announced) return;
  edge.silence = episode;
  edge.group.stillSilent.add(edge);
}

/** What the silence of an edge was told of; undefined: there is none. It is over. */
export function endSilence(edge: EdgeState): Episode | undefined {
  const { silence } = edge;
  edge.silence = undefined;
  edge.group.stillSilent.delete(edge);
  return silence;
}

/** Edges of the group that were still silent when their anomaly ended, and were seen in the window just closed. */
export function* returned({ results }: KernelApi, { stillSilent }: GroupState): Generator<EdgeState> {
  for (const edge of stillSilent) if (results.present[edge.slot] === 1) yield edge;
}
