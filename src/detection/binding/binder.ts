// Binds the series of a scanned request: rules are applied once a series, and what was found is counted.
import { type KernelApi, type Packed, Role, type Scan, type SeriesBinding } from '../../kernel/api.js';
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import type { PendingRequest, Route } from '../pending-request.js';
import { findCluster, type Mapped, type ResolveOptions, resolveRow } from '../rules/resolve.js';
import { type Row, RowReader } from '../rules/rows.js';
import type { Edges } from '../topology/edges.js';
import type { ClusterState, EdgeState, GroupState } from '../topology/graph.js';
import type { Comer } from '../topology/room.js';
import type { Quantiles } from './quantiles.js';
import { Resolved, type SavedResolved } from './resolved.js';
import { SeriesClocks } from './series-clocks.js';
import { SlotColumn } from './slot-column.js';

export interface SavedBinder extends SavedResolved {
  /** Edge slot + 1 of each series by its kernel slot; 0: none. */
  readonly edges: Int32Array;
  /** Clock + 1 of each series whose sender's name others may have too, likewise. */
  readonly clocks: Int32Array;
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

const UNUSED: SeriesBinding = { edge: -1, feed: 0, rank: 0, type: 0, roles: 0, scale: 1 };

export class Binder {
  /** What the rules made of the series. */
  readonly resolved: Resolved;
  readonly #edges = new SlotColumn();
  readonly #clocks: SeriesClocks;
  #options: BinderOptions;
  /** Of the last body: slices of one request share what they have decoded. */
  #reader: RowReader | undefined;

  constructor(options: BinderOptions) {
    this.#options = options;
    this.#clocks = new SeriesClocks(options.kernel, options.edges);
    this.resolved = new Resolved((cluster) => options.edges.clusters.has(cluster));
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
      this.#clocks.forget(series);
      quantiles.bind(series, undefined);
      this.resolved.counts.refused++;
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
  renumber(moves: Packed): void {
    const { edges, series } = moves;
    for (let slot = 0; slot < this.#edges.length; slot++) {
      const edge = this.#edges.get(slot);
      this.#edges.set(slot, edges.get(edge) ?? edge);
    }
    for (const [from, to] of series) this.#edges.move(from, to);
    this.#clocks.renumber(moves);
  }

  save(): SavedBinder {
    return { edges: this.#edges.save(), clocks: this.#clocks.save(), ...this.resolved.save() };
  }

  restore(saved: SavedBinder): void {
    this.#edges.restore(saved.edges);
    this.#clocks.restore(saved.clocks);
    this.resolved.restore(saved);
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
      const { reason, example } = resolution;
      this.resolved.examples.set(reason, example);
      this.resolved.count(row, reason, pending.sender.cluster, reason === 'unmapped' ? example : undefined);
      events.series(reason, example);
      return UNUSED;
    }
    const binding = edges.bind(resolution, comer);
    if (resolution.assumedUnit !== undefined) this.#tellUnit(resolution, row.metric.name);
    const outcome = binding ? 'mapped' : 'refused';
    // What is refused again and again counts once.
    if (binding || !comer.isReturning) {
      this.resolved.count(row, outcome, pending.sender.cluster);
      events.series(outcome, row.metric.name);
    }
    if (!binding) return BigInt(Math.round(resolution.rule.rule.windowMs * 5e5));
    const { group } = edges.bySlot[binding.edge]!;
    this.#edges.set(series, binding.edge);
    this.#noteRoute(group, resolution, pending);
    if (binding.roles & Role.SLOW) this.#readSlowly(series, group, resolution, row);
    return binding;
  }

  /**
   * The binding with the clock of its sender. Calls that spans made are of the group's own: their times are paired
   * already.
   */
  #clocked(binding: SeriesBinding, row: Row, series: number, { batch }: PendingRequest, scan: Scan): SeriesBinding {
    this.#clocks.forget(series);
    const edge = this.#options.edges.bySlot[binding.edge];
    if (!edge || batch.origin !== 'received') return binding;
    const clock = this.#clocks.of(edge, row, series, scan);
    return clock < 0 ? binding : { ...binding, clock };
  }

  #noteRoute(group: GroupState, mapped: Mapped, pending: PendingRequest): void {
    const { cluster } = group;
    this.#options.routed(cluster, pending.route);
    if (!mapped.source || mapped.unresolvedPeer) this.#adviseScript(cluster, mapped);
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
