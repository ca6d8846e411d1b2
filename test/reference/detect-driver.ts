// The detection alone, over a fixed graph: windows in, answers out, without OTLP in front. For replays of tables,
// quality runs, tests.

import type { AlertProfile, Band, ForestOptions, ResultColumns } from '../../src/kernel/api.js';
import {
  configureDetectors,
  readBand,
  readRecent,
  readSpanBand,
  resultColumns,
  windowInput,
  writeProfile,
} from '../../src/kernel/detection.js';
import { Status } from '../../src/kernel/generated/constants.js';
import { ClosingTick } from '../../src/kernel/generated/layouts.js';
import { type KernelExports, loadKernel } from '../../src/kernel/load.js';
import { Views } from '../../src/kernel/views.js';

/** A graph that does not change. Edges are closed in index order; service and group numbers are dense. */
export interface EdgeGraph {
  /** Service of each edge's source, -1: none. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  /** Group of each edge; a service belongs to one group. */
  readonly group: readonly number[];
  readonly windowSeconds: number;
}

/** The forest that the product ships with. */
export const DEFAULT_FOREST: ForestOptions = {
  enabled: true,
  trees: 100,
  subsample: 256,
  reservoir: 4096,
  period: 2048,
  first: 512,
  refresh: 360,
};

export interface EdgeDetectorOptions {
  readonly forest?: ForestOptions;
  readonly autoencoder?: boolean;
  /** Judge small counts by their exact probability as well; true. */
  readonly counts?: boolean;
  /** Nats off the incident evidence of bytes alone; 6. */
  readonly bytesDiscount?: number;
  /** Unsigned 32 bits; 0. */
  readonly seed?: number;
  /** Judge rates relative to what the source received; true. */
  readonly sourceRelative?: boolean;
}

/** Work of one slice, edges; any number gives the same answers. */
const SLICE = 4096;

/** Highest of many numbers: too many to spread into `Math.max`. */
function highest(numbers: readonly number[], least: number): number {
  return numbers.reduce((most, number) => Math.max(most, number), least);
}

/** A detector of its own: one WebAssembly instance, every edge of the graph in it. */
export class EdgeDetector {
  readonly wasm: KernelExports;
  readonly edges: number;
  readonly groups: number;
  readonly #views: Views;
  /** Address of the record of the tick being closed. */
  readonly #closing: number;
  readonly #window: Float64Array;
  readonly results: ResultColumns;

  constructor(graph: EdgeGraph, options: EdgeDetectorOptions = {}) {
    const { source, destination, group, windowSeconds } = graph;
    const services = highest(source, highest(destination, 0)) + 1;
    this.edges = source.length;
    this.groups = highest(group, 0) + 1;
    const wasm = loadKernel();
    this.wasm = wasm;
    configureDetectors(wasm, { ...options, forest: options.forest ?? DEFAULT_FOREST });
    if (wasm.init(this.edges, services, this.groups, 0) !== Status.OK) {
      throw new RangeError('the graph does not fit into memory');
    }
    for (let g = 0; g < this.groups; g++) wasm.resetGroup(g, windowSeconds);
    for (let v = 0; v < services; v++) wasm.resetService(v);
    for (let e = 0; e < this.edges; e++) {
      wasm.resetEdge(e);
      wasm.setEdge(e, source[e]!, destination[e]!, 0, options.sourceRelative ?? true);
      wasm.orderAppend(group[e]!, e);
    }
    this.#views = new Views(wasm.memory);
    this.#closing = wasm.closingTick() >>> 0;
    this.#window = windowInput(wasm, this.#views, this.edges);
    this.results = resultColumns(wasm, this.#views, this.edges);
  }

  /** Writes the windows of the next tick, without closing it. */
  write(x: Float64Array | Float32Array): void {
    this.#window.set(x);
  }

  /**
   * Closes one window of every edge: x holds latency (s), requests, errors, bytes of each, NaN where absent. The
   * answers are in `results` until the next step.
   */
  step(x: Float64Array | Float32Array): void {
    this.write(x);
    for (let g = 0; g < this.groups; g++) {
      this.begin(g);
      while (!this.work(g, SLICE));
    }
  }

  /** Begins to close the tick of a group, of which `work` does the rest. */
  begin(group: number): void {
    this.wasm.closeBegin(group, this.#closing);
  }

  /** Works on for so many edges' worth; true when the tick is closed. */
  work(group: number, budget: number): boolean {
    return this.wasm.closeEdges(group, budget, this.#closing) !== 0;
  }

  /** Edges of the last group closed that were seen, and that are live. */
  get seen(): number {
    return ClosingTick.seen(this.#views, this.#closing);
  }
  get live(): number {
    return ClosingTick.live(this.#views, this.#closing);
  }

  /** Passes over empty windows of every group, as an outage. */
  skip(ticks: number): void {
    for (let g = 0; g < this.groups; g++) this.wasm.skipTicks(g, BigInt(ticks));
  }

  /** Edges of the last group closed whose alert is on or changed, in order. */
  alerting(): Uint32Array {
    const count = ClosingTick.alertingCount(this.#views, this.#closing);
    return ClosingTick.alerting(this.#views, this.#closing, count).slice();
  }

  wasOutage(group: number): boolean {
    return this.wasm.wasOutage(group) !== 0;
  }

  band(edge: number, feature: number): Band {
    return readBand(this.wasm, this.#views, edge, feature);
  }

  spanBand(edge: number, feature: number, scale: number): Band {
    return readSpanBand(this.wasm, this.#views, edge, feature, scale);
  }

  recent(edge: number, ago: number): readonly [number, number, number] {
    return readRecent(this.wasm, this.#views, edge, ago);
  }

  setProfile(profile: number, alert: AlertProfile): void {
    writeProfile(this.wasm, this.#views, profile, alert);
  }

  /** Level of the incident layer of every group, nats. */
  setIncidentLevel(nats: number): void {
    for (let g = 0; g < this.groups; g++) this.wasm.setIncidentLevel(g, nats);
  }
}
