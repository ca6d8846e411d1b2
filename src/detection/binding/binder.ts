// Binds the series of a scanned request: rules are applied once a series, and what was found is counted.
import { type KernelApi, type Packed, Role, type Scan, type SeriesBinding } from '../../kernel/api.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { PendingRequest, Route } from '../pending-request.js';
import { findCluster, type Mapped, type ResolveOptions, resolveRow } from '../rules/resolve.js';
import { type Row, RowReader } from '../rules/rows.js';
import { alike, Clocks, senderOf } from '../topology/clocks.js';
import type { Edges } from '../topology/edges.js';
import { type ClusterState, type EdgeState, edgeText, type GroupState } from '../topology/graph.js';
import type { Comer } from '../topology/room.js';
import type { Quantiles } from './quantiles.js';

/** Series by what the rules made of them, with the last example of each kind that is not used. */
export interface ResolveCounts {
  mapped: number;
  unmapped: number;
  ignored: number;
  muted: number;
  /** Mapped, but beyond a bound. */
  refused: number;
}

/** The series of one cluster. */
export interface SeriesTally {
  /** Of the cluster, for people. */
  readonly name: string;
  readonly counts: ResolveCounts;
  /** The last that no rule takes. */
  example: string | undefined;
}

export interface SavedBinder {
  /** Edge slot + 1 of each series by its kernel slot; 0: none. */
  readonly edges: Int32Array;
  /** Clock + 1 of each series whose sender's name others may have too, likewise. */
  readonly clocks: Int32Array;
  readonly counts: ResolveCounts;
  readonly examples: readonly (readonly ['unmapped' | 'ignored' | 'muted', string])[];
  readonly tallies: readonly (readonly [string, SeriesTally])[];
}

export interface BinderOptions {
  readonly kernel: KernelApi;
  readonly edges: Edges;
  readonly quantiles: Quantiles;
  readonly resolve: ResolveOptions;
  readonly events: AnomalyEvents;
  /** A pipeline has brought data of the cluster. */
  routed(cluster: ClusterState, route: Route): void;
}

/** Clusters whose series are told apart; the one that was resolved longest ago, and is not scored, gives way. */
const MAX_TALLIES = 2048;

const UNUSED: SeriesBinding = { edge: -1, feed: 0, rank: 0, type: 0, roles: 0, scale: 1 };

/** Room for series at first. */
const FIRST_SERIES = 1024;

/** A slot of each series by kernel slot; -1: none. */
class SlotColumn {
  /** Slots + 1, so that what was never written says -1. */
  #values = new Int32Array(FIRST_SERIES);
  length = 0;

  get(series: number): number {
    return (this.#values[series] ?? 0) - 1;
  }

  set(series: number, edge: number): void {
    if (series >= this.#values.length) {
      const more = new Int32Array(Math.max(series + 1, 2 * this.#values.length));
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[series] = edge + 1;
    this.length = Math.max(this.length, series + 1);
  }

  save(): Int32Array {
    return this.#values.slice(0, this.length);
  }

  restore(values: Int32Array): void {
    this.#values = new Int32Array(Math.max(FIRST_SERIES, values.length));
    this.#values.set(values);
    this.length = values.length;
  }
}

export class Binder {
  readonly counts: ResolveCounts = { mapped: 0, unmapped: 0, ignored: 0, muted: 0, refused: 0 };
  /** Why data is not mapped, by example. */
  readonly examples: Map<'unmapped' | 'ignored' | 'muted', string> = new Map();
  readonly #edges = new SlotColumn();
  /** Clocks of series whose sender has no name: what comes with one of them is of the same sender. */
  readonly #clocks = new SlotColumn();
  #senders: Clocks;
  /** Series by cluster id. */
  readonly tallies: Map<string, SeriesTally> = new Map();
  #options: BinderOptions;
  /** Of the last body: slices of one request share what they have decoded. */
  #reader: RowReader | undefined;

  constructor(options: BinderOptions) {
    this.#options = options;
    this.#senders = new Clocks(options.kernel, options.edges.groups);
  }

  /** After a reload, what is found is counted elsewhere. */
  useEvents(events: AnomalyEvents): void {
    this.#options = { ...this.#options, events };
  }

  /** Binds the series of some rows of the scanned body. */
  bind(pending: PendingRequest, scan: Scan, rows: readonly number[]): void {
    const { kernel } = this.#options;
    const reader = this.#readerOf(pending.batch.body);
    for (const row of rows) {
      const series = scan.seriesOf(row);
      if (series < 0) continue;
      const answer = this.#bindingOf(reader, row, series, pending, scan);
      if (typeof answer === 'bigint') scan.refuse(row, answer);
      else kernel.bindSeries(series, answer);
    }
  }

  /**
   * A number: there is no room (`Scan.refuse`). A series that cannot be read, or that rules fail on, is not used; it
   * spoils no other.
   */
  #bindingOf(
    reader: RowReader,
    slot: number,
    series: number,
    pending: PendingRequest,
    scan: Scan,
  ): SeriesBinding | bigint {
    const { kernel, events, quantiles } = this.#options;
    try {
      const row = reader.read(scan.ranges(slot));
      if (row.replaced !== undefined)
        events.invalidUtf8(findCluster(row, pending.sender.cluster).name, row.metric.name, row.replaced);
      const comer = { isReturning: kernel.wasRefused(series), nowS: this.#timeOf(scan.timeOf(slot), pending) };
      const binding = this.#binding(row, series, pending, comer);
      return typeof binding === 'bigint' ? binding : this.#clocked(binding, row, series, pending, scan);
    } catch (error) {
      this.#edges.set(series, -1);
      this.#clocks.set(series, -1);
      quantiles.bind(series, undefined);
      this.counts.refused++;
      events.seriesFailed(error);
      return UNUSED;
    }
  }

  /** Event time of the row, but no later than its receipt, Unix seconds. */
  #timeOf(time: bigint, { batch: { receivedUnixNano } }: PendingRequest): number {
    const known = time === 0n || (receivedUnixNano > 0n && receivedUnixNano < time) ? receivedUnixNano : time;
    return Number(known / 1_000_000_000n);
  }

  /** Lets the last body go. */
  release(): void {
    this.#reader = undefined;
  }

  #readerOf(body: Uint8Array): RowReader {
    if (this.#reader?.body !== body) this.#reader = new RowReader(body);
    return this.#reader;
  }

  /** The kernel has moved edges and series into other slots. */
  renumber({ edges, series }: Packed): void {
    for (let slot = 0; slot < this.#edges.length; slot++) {
      const edge = this.#edges.get(slot);
      this.#edges.set(slot, edges.get(edge) ?? edge);
    }
    for (const [from, to] of series) {
      for (const column of [this.#edges, this.#clocks]) {
        column.set(to, column.get(from));
        column.set(from, -1);
      }
    }
  }

  save(): SavedBinder {
    return {
      edges: this.#edges.save(),
      clocks: this.#clocks.save(),
      counts: { ...this.counts },
      examples: [...this.examples],
      tallies: [...this.tallies],
    };
  }

  restore({ edges, clocks, counts, examples, tallies }: SavedBinder): void {
    this.#edges.restore(edges);
    this.#clocks.restore(clocks);
    Object.assign(this.counts, counts);
    for (const [reason, example] of examples) this.examples.set(reason, example);
    for (const [cluster, tally] of tallies) this.tallies.set(cluster, tally);
  }

  /** The edge that a series tells of; undefined where it is not used. */
  edgeOf(series: number): EdgeState | undefined {
    // Where its edge gave way, another may have the slot.
    if (series < 0 || this.#options.kernel.wasRefused(series)) return undefined;
    return this.#options.edges.bySlot[this.#edges.get(series)];
  }

  /** A number: there is no room, and so many nanoseconds are to be waited. */
  #binding(row: Row, series: number, pending: PendingRequest, comer: Comer): SeriesBinding | bigint {
    const { resolve, edges, events } = this.#options;
    const resolution = resolveRow(row, pending.sender.cluster, resolve);
    this.#edges.set(series, -1);
    this.#options.quantiles.bind(series, undefined);
    if (!resolution.used) {
      this.counts[resolution.reason]++;
      this.examples.set(resolution.reason, resolution.example);
      this.#tally(row, resolution.reason, pending, resolution.reason === 'unmapped' ? resolution.example : undefined);
      events.series(resolution.reason, resolution.example);
      return UNUSED;
    }
    const binding = edges.bind(resolution, comer);
    if (resolution.assumedUnit !== undefined) this.#tellUnit(resolution, row.metric.name);
    const outcome = binding ? 'mapped' : 'refused';
    // What is refused again and again counts once.
    if (binding || !comer.isReturning) {
      this.counts[outcome]++;
      this.#tally(row, outcome, pending);
      events.series(outcome, row.metric.name);
    }
    if (!binding) return BigInt(Math.round(resolution.rule.rule.windowMs * 5e5));
    const { group } = edges.bySlot[binding.edge]!;
    this.#edges.set(series, binding.edge);
    this.#own(group, resolution, pending);
    if (binding.roles & Role.SLOW) this.#readSlowly(series, group, resolution, row);
    return binding;
  }

  /**
   * The binding with the clock of its sender. Calls that spans made are of the group's own: their times are paired
   * already.
   */
  #clocked(binding: SeriesBinding, row: Row, series: number, { batch }: PendingRequest, scan: Scan): SeriesBinding {
    this.#clocks.set(series, -1);
    const edge = this.#options.edges.bySlot[binding.edge];
    if (!edge || batch.origin !== 'received') return binding;
    const { name, isShared } = senderOf(row);
    const slot = isShared ? this.#alike(edge, name, series, scan) : this.#named(edge.group, name);
    return slot < 0 ? binding : { ...binding, clock: slot };
  }

  #named(group: GroupState, sender: string): number {
    const slot = this.#senders.named(group, sender)?.slot ?? -1;
    if (slot < 0) this.#options.edges.counts.clocks++;
    return slot;
  }

  /** The clock of those of this name that came in the same request, or one more. */
  #alike(edge: EdgeState, name: string, series: number, scan: Scan): number {
    const { group } = edge;
    const slots = alike(group, name);
    const slot = this.#companion(slots, scan) ?? this.#senders.another(group, name, edgeText(edge))?.slot ?? -1;
    this.#clocks.set(series, slot);
    return slot;
  }

  #companion(slots: ReadonlySet<number>, scan: Scan): number | undefined {
    if (slots.size === 0) return undefined;
    for (let row = 0; row < scan.rows; row++) {
      const series = scan.seriesOf(row);
      const slot = series < 0 ? -1 : this.#clocks.get(series);
      if (slots.has(slot)) return slot;
    }
    return undefined;
  }

  #own(group: GroupState, mapped: Mapped, pending: PendingRequest): void {
    const { cluster } = group;
    this.#options.routed(cluster, pending.route);
    if (!mapped.source || mapped.unresolvedPeer) this.#adviseScript(cluster, mapped);
  }

  #tally(row: Row, outcome: keyof ResolveCounts, { sender }: PendingRequest, example?: string): void {
    const { id, name } = findCluster(row, sender.cluster);
    let tally = this.tallies.get(id);
    if (!tally) {
      if (this.tallies.size >= MAX_TALLIES) this.#dropTally();
      tally = { name, counts: { mapped: 0, unmapped: 0, ignored: 0, muted: 0, refused: 0 }, example: undefined };
    } else this.tallies.delete(id);
    // The order is that of the last use.
    this.tallies.set(id, tally);
    tally.counts[outcome]++;
    if (example !== undefined) tally.example = example;
  }

  /** The cluster is gone. */
  forget(cluster: string): void {
    this.tallies.delete(cluster);
  }

  #dropTally(): void {
    const { clusters } = this.#options.edges;
    for (const id of this.tallies.keys()) {
      if (clusters.has(id)) continue;
      this.tallies.delete(id);
      return;
    }
  }

  #tellUnit({ feed, rule, assumedUnit }: Mapped, metric: string): void {
    const { preset } = rule;
    this.#options.events.unitAssumed({ feed, preset, rule: rule.rule.name, metric, unit: assumedUnit as string });
  }

  #readSlowly(series: number, group: GroupState, { rule, type, scale }: Mapped, { metric }: Row): void {
    const { quantile } = rule.rule;
    if (quantile === undefined) return;
    this.#options.quantiles.bind(series, { quantile, type, scale, data: metric.data, group });
  }

  #adviseScript(cluster: ClusterState, { rule }: Mapped): void {
    if (rule.preset === 'pixie') this.#options.events.edgesNeedScript(cluster.name);
  }
}
