// From events to what a person wants to see: anomalies and incidents from beginning to end.
import type { AnomalyEvent } from '../detection/results/read-events.js';

export interface ReplayedEpisode {
  readonly started: AnomalyEvent;
  /** Unix seconds; undefined: still on at the end. */
  ended: number | undefined;
  /** Highest score that an event told of. */
  score: number;
  /** The last event: of an incident the one whose ranking counts. */
  last: AnomalyEvent;
}

export interface Episodes {
  readonly anomalies: readonly ReplayedEpisode[];
  readonly incidents: readonly ReplayedEpisode[];
}

/** Identity of an edge among the events of one replay. */
export function edgeKey(
  event: Pick<AnomalyEvent, 'cluster' | 'namespace' | 'src_namespace' | 'src_service' | 'dst_service'>,
): string {
  return [event.cluster, event.src_namespace, event.src_service, event.namespace, event.dst_service].join('\n');
}

const ENDS = new Set(['resolved', 'closed']);
const BEGINS = new Set(['started', 'opened']);

/** Pairs beginnings with ends. An unexpected edge is an event of one moment. */
export function episodesOf(events: readonly AnomalyEvent[]): Episodes {
  const open = new Map<string, ReplayedEpisode>();
  const [anomalies, incidents]: [ReplayedEpisode[], ReplayedEpisode[]] = [[], []];
  for (const event of events) {
    const key = event.event === 'incident' ? event.incident_id : `${event.kind}\n${edgeKey(event)}`;
    const known = open.get(key);
    if (known) {
      known.score = Math.max(known.score, event.score);
      known.last = event;
    }
    if (known && ENDS.has(event.state)) {
      known.ended = event.time;
      open.delete(key);
    } else if (!known && BEGINS.has(event.state)) {
      const episode: ReplayedEpisode = { started: event, ended: undefined, score: event.score, last: event };
      (event.event === 'incident' ? incidents : anomalies).push(episode);
      if (event.kind === 'unexpected_edge') episode.ended = event.time;
      else open.set(key, episode);
    }
  }
  return { anomalies, incidents };
}
