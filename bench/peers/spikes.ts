// Whether a gateway that was just measured still finds what it is for: latency spikes of which the load generator knows
// the place and time.
import { existsSync, readFileSync } from 'node:fs';

/** One window of a spike; an edge has one spike at most. */
interface Spike {
  readonly src_service: string;
  readonly dst_service: string;
  readonly time_unix_nano: number;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface EventLine {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly timeUnixNano: string;
        readonly eventName?: string;
        readonly attributes: readonly Attribute[];
      }[];
    }[];
  }[];
}

const SPIKE_EVENT = 'px.anomaly.network.latency_spike';
/** An event carries the time of the window that it is about. */
const WITHIN_NS = 5e9;

function lines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

const edgeOf = (source: string | undefined, destination: string | undefined): string => `${source} → ${destination}`;

/**
 * Times of latency spikes, Unix nanoseconds, by edge; from the events that the gateway's `file` exporter has written.
 */
function reported(file: string): Map<string, number[]> {
  const times = new Map<string, number[]>();
  const records = lines<EventLine>(file)
    .flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords);
  for (const { eventName, timeUnixNano, attributes } of records) {
    if (eventName !== SPIKE_EVENT) continue;
    const named = (name: string): string | undefined => attributes.find(({ key }) => key === name)?.value.stringValue;
    const edge = edgeOf(named('src_service'), named('dst_service'));
    times.set(edge, [...(times.get(edge) ?? []), Number(timeUnixNano)]);
  }
  return times;
}

/**
 * How many edges have a spike by the load generator's truth file, and on how many of them an event tells of one of its
 * windows.
 */
export function spikesFound(
  truthFile: string,
  eventsFile: string,
): { readonly injected: number; readonly found: number } {
  const windows = lines<Spike>(truthFile);
  const times = reported(eventsFile);
  const named = (spike: Spike): string => edgeOf(spike.src_service, spike.dst_service);
  const isReported = (spike: Spike): boolean =>
    (times.get(named(spike)) ?? []).some((time) => Math.abs(time - spike.time_unix_nano) <= WITHIN_NS);
  return {
    injected: new Set(windows.map(named)).size,
    found: new Set(windows.filter(isReported).map(named)).size,
  };
}
