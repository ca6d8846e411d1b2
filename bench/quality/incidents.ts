// Incidents on synthetic systems with a call graph, through the front door at the defaults: what opens, where, and who
// is named first.
import type { AnomalyEvent } from '../../src/detection/results/read-events.js';
import { tally } from '../../test/synthetic/scoring.js';
import type { Labels } from '../../test/synthetic/stream.js';
import { alertsOf, graphNames, throughFrontDoor, windowOfEvent } from '../../test/synthetic/through-front-door.js';
import { type System, type SystemOptions, system } from '../../test/synthetic/topology.js';
import type { Share } from './synthetic.js';

/** Incidents this many windows after a fault belong to it. */
const COOL = 30;

export interface SystemResult {
  readonly found: readonly boolean[];
  readonly kinds: readonly string[];
  readonly falseIncidents: number;
  readonly days: number;
  /** Place of the faulty service in the ranking of the incident that found its fault, 0 first; -1: not ranked. */
  readonly places: readonly number[];
  readonly services: number;
  readonly edgesFound: readonly boolean[];
  readonly falseEpisodes: number;
  readonly edgeDays: number;
}

interface Opened {
  readonly at: number;
  readonly ranking: readonly string[];
}

/** Incidents in order; the ranking is the last that was told within two windows of the opening. */
function incidentsOf({ stream }: System, events: readonly AnomalyEvent[]): Opened[] {
  const incidents = events.filter(({ event }) => event === 'incident');
  return incidents
    .filter(({ state }) => state === 'opened')
    .map((opened) => {
      const at = windowOfEvent(stream, opened);
      const told = incidents.filter(
        (one) =>
          one.incident_id === opened.incident_id && windowOfEvent(stream, one) <= at + 2 && one.state !== 'closed',
      );
      return { at, ranking: told.at(-1)?.ranking ?? [] };
    });
}

export async function runSystem(
  options: SystemOptions,
  sets: readonly (readonly [string, string])[] = [],
): Promise<SystemResult> {
  const made = system(options);
  const { stream, faults, start } = made;
  const names = graphNames(made.source, made.destination);
  const { events } = await throughFrontDoor(stream, names, sets);
  const opened = incidentsOf(made, events);
  const isBusy = (t: number): boolean => t < start || faults.some(({ first, last }) => t >= first && t <= last + COOL);
  const finders = faults.map(({ first, last }) => opened.find(({ at }) => at >= first && at <= last + 1));
  const alerts = alertsOf(stream, names, events);
  const labels: Labels = {
    start,
    faults: faults.map(({ first, last, kind }) => ({ first, last, kind, edge: -1 })),
    ignored: [],
    grace: 1,
    cool: COOL,
  };
  const edges = tally(stream, labels, alerts);
  let free = 0;
  for (let t = 0; t < stream.windows; t++) if (!isBusy(t)) free++;
  return {
    found: finders.map((finder) => finder !== undefined),
    kinds: faults.map(({ kind }) => kind),
    falseIncidents: opened.filter(({ at }) => !isBusy(at)).length,
    days: (free * stream.windowSeconds) / 86_400,
    places: faults.flatMap(({ service }, i) => {
      const ranking = finders[i]?.ranking ?? [];
      return ranking.length === 0 ? [] : [ranking.indexOf(`service-${service}`)];
    }),
    services: made.services,
    edgesFound: faults.map((fault) => hasAlert(made, alerts, fault)),
    falseEpisodes: edges.falseEpisodes,
    edgeDays: edges.edgeDays,
  };
}

function hasAlert(
  { stream, destination }: System,
  alerts: Uint8Array,
  { first, last, service, edge }: System['faults'][number],
): boolean {
  for (let t = first; t <= Math.min(last + 1, stream.windows - 1); t++) {
    for (let e = 0; e < stream.edges; e++) {
      const isOwn = edge >= 0 ? e === edge : destination[e] === service;
      if (isOwn && alerts[t * stream.edges + e] === 1) return true;
    }
  }
  return false;
}

export interface IncidentResult {
  readonly systems: number;
  readonly faults: Share;
  readonly kinds: Readonly<Record<string, Share>>;
  readonly falseIncidents: number;
  readonly days: number;
  readonly first: Share;
  readonly firstThree: Share;
  /** What naming a service at random would reach. */
  readonly chanceFirst: number;
  readonly edges: Share;
  readonly falseEpisodes: number;
  readonly edgeDays: number;
}

export function summariseSystems(results: readonly SystemResult[]): IncidentResult {
  const flat = <T>(pick: (result: SystemResult) => readonly T[]): T[] => results.flatMap(pick);
  const sum = (pick: (result: SystemResult) => number): number => results.reduce((total, one) => total + pick(one), 0);
  const share = (list: readonly boolean[]): Share => ({ found: list.filter(Boolean).length, of: list.length });
  const [found, kinds, places] = [flat((r) => r.found), flat((r) => r.kinds), flat((r) => r.places)];
  return {
    systems: results.length,
    faults: share(found),
    kinds: Object.fromEntries(
      [...new Set(kinds)]
        .sort((a, b) => a.localeCompare(b, 'en'))
        .map((kind) => [kind, share(found.filter((_, i) => kinds[i] === kind))]),
    ),
    falseIncidents: sum((r) => r.falseIncidents),
    days: sum((r) => r.days),
    first: share(places.map((place) => place === 0)),
    firstThree: share(places.map((place) => place >= 0 && place < 3)),
    chanceFirst: sum((r) => 1 / r.services) / results.length,
    edges: share(flat((r) => r.edgesFound)),
    falseEpisodes: sum((r) => r.falseEpisodes),
    edgeDays: sum((r) => r.edgeDays),
  };
}

export async function runSystems(seeds: readonly number[]): Promise<IncidentResult> {
  const results: SystemResult[] = [];
  for (const seed of seeds) results.push(await runSystem({ seed }));
  return summariseSystems(results);
}
