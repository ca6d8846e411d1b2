// Incidents against the numeric oracle: grouping over the call graph, merging, closing, scores and the ranking of
// sources.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident } from '../../../src/detection/incidents/incident.js';
import { Incidents, type TickAnswers } from '../../../src/detection/incidents/incidents.js';
import { atOnce } from '../../../src/detection/slicing/slices.js';
import {
  createCluster,
  createGroup,
  createService,
  type EdgeState,
  type GroupState,
  type ServiceState,
} from '../../../src/detection/topology/graph.js';
import type { KernelApi } from '../../../src/kernel/api.js';
import { DEFAULT_FOREST, EdgeDetector } from '../../reference/detect-driver.js';
import { FIXTURES, Golden, sharedData, WITHOUT_DATA } from '../../support/goldens.js';

/** What the oracle says of an incident; services and edges by number. */
interface GoldenIncident {
  readonly id: number;
  readonly opened: number;
  readonly closed: number | null;
  readonly merged_into: number | null;
  readonly level: number;
  readonly score: number;
  readonly services: readonly number[];
  readonly edges: readonly number[];
  /** Service, neighbourhood, own, unexplained. */
  readonly ranking: readonly (readonly [number, number, number, number])[];
}

interface GoldenEvent {
  readonly window: number;
  readonly state: string;
  readonly incident: number;
}

/** The golden's graph as the processor's dictionary; service names sort as their numbers do. */
function dictionary(golden: Golden): { groups: GroupState[]; bySlot: EdgeState[] } {
  const { source, destination, cluster, window_s } = golden.facts;
  const groups = [...new Set(cluster)].map((id) =>
    createGroup(id, createCluster({ id: `c${id}`, name: `c${id}` }), window_s * 1000),
  );
  for (const group of groups) group.cluster.groups.set(group.windowMs, group);
  const services = new Map<number, ServiceState>();
  const serviceOf = (number: number, group: GroupState): ServiceState | undefined => {
    if (number < 0) return undefined;
    let service = services.get(number);
    if (!service) {
      const name = { namespace: '', name: String(number).padStart(3, '0') };
      service = createService(name);
      services.set(number, service);
      group.cluster.services.add(service);
      group.services.set(service, number);
    }
    return service;
  };
  const bySlot = source.map((from, slot) =>
    edgeOf(
      slot,
      groups[cluster[slot]!]!,
      serviceOf(from, groups[cluster[slot]!]!),
      serviceOf(destination[slot]!, groups[cluster[slot]!]!),
    ),
  );
  return { groups, bySlot };
}

function edgeOf(
  slot: number,
  group: GroupState,
  sourceService: ServiceState | undefined,
  destinationService: ServiceState | undefined,
): EdgeState {
  const edge: EdgeState = {
    slot,
    cluster: group.cluster,
    group,
    source: sourceService?.name,
    destination: destinationService!.name,
    sourceService,
    destinationService,
    features: {},
    shadowed: undefined,
    profile: 0,
    firstTick: 0,
    episode: undefined,
    silence: undefined,
    lastEndMs: undefined,
  };
  group.cluster.edges.add(edge);
  sourceService?.addOutbound(edge);
  destinationService?.addInbound(edge);
  return edge;
}

/** The detection over the golden's graph, with the part of the kernel's face that incidents need. */
function detection(golden: Golden): { detector: EdgeDetector; kernel: KernelApi; levels: Map<number, number> } {
  const { source, destination, cluster, window_s } = golden.facts;
  const graph = { source, destination, group: cluster, windowSeconds: window_s };
  const asTheOracle = { forest: { ...DEFAULT_FOREST, enabled: false }, counts: false, bytesDiscount: 2 };
  const detector = new EdgeDetector(graph, asTheOracle);
  const levels = new Map<number, number>();
  const kernel = {
    results: detector.results,
    recentPeak: (edge: number, windows: number) => {
      const each = Array.from({ length: windows }, (_, ago) => detector.recent(edge, ago));
      const [evidence, up, down] = [0, 1, 2].map((part) => Math.max(0, ...each.map((parts) => parts[part]!)));
      return { evidence, up, down };
    },
    setIncidentLevel: (group: number, nats: number) => {
      levels.set(group, nats);
      detector.wasm.setIncidentLevel(group, nats);
    },
  };
  return { detector, kernel: kernel as unknown as KernelApi, levels };
}

/** What a closed tick of the group says to incidents. */
function answersOf(detector: EdgeDetector, bySlot: readonly EdgeState[], group: number): TickAnswers {
  const { present, gap, age, channelChange } = detector.results;
  const slots = bySlot.filter((edge) => edge.group.slot === group).map(({ slot }) => slot);
  return {
    live: slots.filter((slot) => present[slot] === 1 || gap[slot]! > 0 || age[slot]! < 1).length,
    channels: slots.filter((slot) => channelChange[slot] !== 0),
  };
}

interface Seen {
  readonly incidents: Incident[];
  readonly events: GoldenEvent[];
  readonly scores: Map<Incident, number>;
  readonly level: number;
}

function play(golden: Golden): Seen {
  const { groups, bySlot } = dictionary(golden);
  const { detector, kernel, levels } = detection(golden);
  // The oracle's level, and its ranking over the whole cluster.
  const incidents = new Incidents({ kernel, groups, bySlot, maxPerDay: 1, relax: 2, rankWholeCluster: true });
  const [windows = 0, edges = 0] = golden.facts.shapes['graph-input.f32']!;
  const input = golden.f32('input.f32');
  const seen: Incident[] = [];
  const events: GoldenEvent[] = [];
  const scores = new Map<Incident, number>();
  for (let t = 0; t < windows; t++) {
    detector.step(input.subarray(t * edges * 4, (t + 1) * edges * 4));
    for (const group of groups) {
      group.ticks++;
      group.outage = detector.wasOutage(group.slot);
      for (const { incident, state } of atOnce(incidents.step(group, answersOf(detector, bySlot, group.slot), t))) {
        if (state === 'opened') seen.push(incident);
        events.push({ window: t, state: incident.mergedInto ? 'merged' : state, incident: seen.indexOf(incident) });
        scores.set(incident, incidents.scoreOf(incident));
      }
    }
  }
  return { incidents: seen, events, scores, level: levels.get(0)! };
}

const number = ({ name }: ServiceState) => Number(name.name);
const close = (a: number, b: number, within: number, what: string) =>
  assert.ok(Math.abs(a - b) <= within, `${what}: ${a} is not ${b}`);

function compare(golden: Golden): void {
  const facts = golden.facts as typeof golden.facts & { incidents: GoldenIncident[]; incident_events: GoldenEvent[] };
  const { incidents, events, scores, level } = play(golden);
  close(level, golden.facts.incident_level_nats!, 1e-5, 'level');
  // A join is one event a window here; the oracle tells each.
  const turns = (list: readonly GoldenEvent[]) =>
    list
      .filter(({ state }) => state !== 'updated')
      .map(({ window, state, incident }) => `${window} ${state} ${incident}`);
  assert.deepEqual(turns(events), turns(facts.incident_events));
  assert.equal(incidents.length, facts.incidents.length);
  facts.incidents.forEach((wanted, i) => {
    const incident = incidents[i]!;
    const what = `incident ${i}`;
    assert.deepEqual(
      [...incident.services].map(number).sort((a, b) => a - b),
      wanted.services,
      what,
    );
    assert.deepEqual(
      [...incident.edges].map(({ slot }) => slot).sort((a, b) => a - b),
      wanted.edges,
      what,
    );
    close(incident.peakEvidence, wanted.level, 5e-3, what);
    close(scores.get(incident)!, wanted.score, 1e-3, what);
    for (const [place, [service, ...parts]] of wanted.ranking.entries()) {
      const ranked = incident.ranking[place]!;
      assert.equal(number(ranked.service), service, `${what}, place ${place}`);
      const own = [ranked.neighbourhood, ranked.own, ranked.unexplained];
      for (const [p, part] of own.entries()) close(part, parts[p]!, 2e-3, `${what}, place ${place}, part ${p}`);
    }
  });
}

test('the golden graph of the repository', () => {
  const golden = new Golden(FIXTURES, 'graph');
  if ((golden.facts as { incidents?: unknown }).incidents) return compare(golden);
  const { incidents, level } = play(golden);
  close(level, golden.facts.incident_level_nats!, 1e-5, 'level');
  const openings = golden.facts.incident_events!.filter(({ state }) => state === 'opened').map(({ window }) => window);
  assert.deepEqual(
    incidents.map(({ openedMs }) => openedMs),
    openings,
  );
});

const shared = sharedData('synth');
test('the full golden graph', { skip: shared ? false : WITHOUT_DATA }, () => compare(new Golden(shared!, 'graph')));
