// The file of alerts that are told and not over: small, and written before each telling, where a checkpoint is large
// and written once a minute.
import { goOn } from '../alerting/episodes.js';
import type { OpenAlerts, ToldAnomaly } from '../alerting/told.js';
import type { Detector } from '../detector.js';
import { formatService } from '../rules/names.js';
import { type EdgeState, type Episode, edgeKey, type GroupState, newestMsOf } from '../topology/graph.js';
import { beginSilence, endSilence } from '../topology/silences.js';

const FORMAT = 1;

/** What is told and not over now. */
export function openAlerts({ edges, incidents, told: { pending } }: Detector): OpenAlerts {
  const open: ToldAnomaly[] = [];
  const silences: ToldAnomaly[] = [];
  for (const edge of edges.bySlot) {
    if (edge?.episode?.announced) open.push(toldOf(edge, edge.episode));
    if (edge?.silence) silences.push(toldOf(edge, edge.silence));
  }
  const known = incidents.open.map(
    ({ id, cluster, group, openedMs, peakEvidence: level, edges: its, services, kinds }) => ({
      cluster: cluster.id,
      windowMs: group.windowMs,
      id,
      openedMs,
      level,
      edges: [...its].map(edgeKey),
      services: [...services].map(({ name }) => formatService(name)),
      kinds: [...kinds],
    }),
  );
  return {
    anomalies: [...pending.anomalies, ...open],
    silences,
    incidents: [...pending.incidents, ...known],
    unexpected: pending.unexpected,
    groups: edges.liveGroups().map((group) => ({
      cluster: group.cluster.id,
      windowMs: group.windowMs,
      silentSinceMs: group.silent ? group.silentSinceMs : 0,
      outageSinceMs: group.outage ? group.outageSinceMs : 0,
      newestMs: newestMsOf(group),
    })),
  };
}

function toldOf(edge: EdgeState, { kind, startedMs, incident, learning }: Episode): ToldAnomaly {
  const { cluster, group } = edge;
  const of = { cluster: cluster.id, windowMs: group.windowMs, edge: edgeKey(edge) };
  return { ...of, kind, startedMs, incident, learning };
}

/**
 * Takes in what was told and not over when a process before this one was killed. The state, if there is one, may be
 * older.
 */
export function rememberAlerts(detector: Detector, open: OpenAlerts): void {
  const newestMs = rememberGroups(detector, open);
  const anomalies = new Map(open.anomalies.map((one) => [keyOf(one.cluster, one.edge), one]));
  for (const edge of detector.edges.bySlot) {
    const { episode } = edge ?? {};
    if (!edge || !episode?.announced) continue;
    const key = keyOf(edge.cluster.id, edgeKey(edge));
    if (anomalies.get(key)?.startedMs === episode.startedMs) anomalies.delete(key);
    // It ended, and that was told: what alerts now is another.
    else if (episode.startedMs <= (newestMs.get(edge.group) ?? 0)) forgetEpisode(edge);
  }
  rememberSilences(detector, open);
  const known = new Set(detector.incidents.open.map(({ id }) => id));
  detector.told.remember({
    anomalies: [...anomalies.values()],
    incidents: open.incidents.filter(({ id }) => !known.has(id)),
    unexpected: open.unexpected,
  });
}

/** An edge has one window length. */
const keyOf = (cluster: string, edge: string): string => `${cluster}\u0000${edge}`;

function forgetEpisode(edge: EdgeState): void {
  edge.episode = undefined;
}

/** Which edges had not been heard since their anomaly ended, as it was told. */
function rememberSilences({ edges: { bySlot } }: Detector, { silences }: OpenAlerts): void {
  const told = new Map(silences.map((one) => [keyOf(one.cluster, one.edge), one]));
  for (const edge of bySlot) {
    if (!edge) continue;
    endSilence(edge);
    const silence = told.get(keyOf(edge.cluster.id, edgeKey(edge)));
    if (silence) beginSilence(edge, goOn(silence));
  }
}

/** Silences of groups are as they were told. Gives the newest window that each group had closed then. */
function rememberGroups({ edges }: Detector, { groups }: OpenAlerts): ReadonlyMap<GroupState, number> {
  const newest = new Map<GroupState, number>();
  for (const { cluster, windowMs, silentSinceMs, outageSinceMs, newestMs } of groups) {
    const group = edges.clusters.get(cluster)?.groups.get(windowMs);
    if (!group) continue;
    newest.set(group, newestMs);
    group.silent = silentSinceMs > 0;
    group.silentSinceMs = silentSinceMs;
    if (group.silent) group.lastSeenMs = 0;
    group.outage = outageSinceMs > 0;
    group.outageSinceMs = outageSinceMs;
  }
  return newest;
}

export function encodeAlerts(alerts: OpenAlerts): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...alerts }));
}

/** Throws, in words for people, for anything that `encodeAlerts` of this version did not write. */
export function decodeAlerts(bytes: Uint8Array): OpenAlerts {
  const read = JSON.parse(Buffer.from(bytes).toString()) as OpenAlerts & { readonly format?: number };
  if (read?.format !== FORMAT) throw new Error(`it has format ${read?.format}, and this program reads ${FORMAT}`);
  // One that an earlier version wrote knows of no silences.
  const { anomalies, silences = [], incidents, unexpected, groups } = read;
  if (![anomalies, silences, incidents, unexpected, groups].every(Array.isArray)) throw new Error('it is not whole');
  return { anomalies, silences, incidents, unexpected, groups };
}
