// Plain TypeScript detector over a fixed graph: the slow oracle of the kernel's detection in tests.

import type { AlertProfile, Band, ForestOptions } from '../../src/kernel/api.js';
import { BYTES_DISCOUNT } from '../../src/kernel/detection.js';
import { Autoencoder } from './detect-autoencoder.js';
import { bandOf, spanBandOf } from './detect-band.js';
import { foldContexts, foldEdge, isOutage } from './detect-baseline.js';
import type { EdgeGraph } from './detect-driver.js';
import { ForestStage } from './detect-forest.js';
import { foldChannel, incidentEvidence, loudAndDown } from './detect-incidents.js';
import { foldScore, plainProfile } from './detect-score.js';
import { ageOf, EdgeState, EdgeTick, levelOn, P, ServiceState, windowOf } from './detect-state.js';

export interface ReferenceOptions {
  readonly forest: ForestOptions;
  readonly autoencoder?: boolean;
  readonly seed?: number;
  readonly sourceRelative?: boolean;
  /** On, as the kernel's. */
  readonly counts?: boolean;
  /** Nats; as the kernel's. */
  readonly bytesDiscount?: number;
  /** Alert profile of every edge; the default threshold's. */
  readonly profile?: AlertProfile;
  /** Level of the incident layer, nats; infinite. */
  readonly incidentLevel?: number;
}

/** What one tick said of one edge. */
export interface Answer {
  readonly tick: EdgeTick;
  readonly evidence: number;
  readonly score: number;
  readonly source: number;
  readonly on: boolean;
  readonly change: number;
  readonly kind: number;
  /** The forest's raw score; NaN none. */
  readonly forest: number;
  readonly mix: number;
  readonly channelOn: boolean;
  readonly channelChange: number;
  /** Incident evidence, latency and errors up, traffic down. */
  readonly recent: readonly [number, number, number];
}

/** One detector; edges in index order, groups one after the other. */
export class ReferenceDetector {
  readonly states: readonly EdgeState[];
  readonly forests: readonly ForestStage[];
  readonly level: number;
  /** Windows at which evidence counts half. */
  readonly age: number;
  outage: readonly boolean[] = [];
  answers: readonly Answer[] = [];
  readonly #services: readonly ServiceState[];
  readonly #coders: readonly Autoencoder[];
  readonly #pops: readonly Float64Array[];
  readonly #members: readonly (readonly number[])[];
  readonly #profile: AlertProfile;
  readonly #counts: boolean;
  readonly #bytesDiscount: number;
  #x: Float64Array = new Float64Array(0);
  #t = 0;

  constructor(
    readonly graph: EdgeGraph,
    readonly options: ReferenceOptions,
  ) {
    const { source, destination, group, windowSeconds } = graph;
    const groups = Array.from({ length: Math.max(...group) + 1 }, (_, g) => g);
    const services = Math.max(...source, ...destination) + 1;
    this.states = source.map(() => new EdgeState());
    this.#services = Array.from({ length: services }, () => new ServiceState());
    this.forests = groups.map(() => new ForestStage(options.forest, options.seed ?? 0));
    this.#coders = groups.map(() => new Autoencoder(options.seed ?? 0));
    this.#pops = groups.map(() => new Float64Array(12).fill(P.B0));
    this.#members = groups.map((g) => source.flatMap((_, e) => (group[e] === g ? [e] : [])));
    this.level = levelOn(windowSeconds);
    this.age = ageOf(windowSeconds);
    this.#counts = options.counts ?? true;
    this.#bytesDiscount = options.bytesDiscount ?? BYTES_DISCOUNT;
    this.#profile = options.profile ?? plainProfile(this.level);
  }

  /** Closes one window of every edge. */
  step(x: Float64Array): void {
    const { source, destination } = this.graph;
    const answers: Answer[] = [];
    foldContexts(
      this.states,
      this.#services,
      x,
      source.map((_, e) => e),
      destination,
    );
    this.outage = this.#members.map((edges) => isOutage(this.states, x, edges));
    this.#x = x;
    for (const [g, edges] of this.#members.entries()) {
      if (this.options.forest.enabled) this.forests[g]!.begin(this.#t);
      const ticks = edges.map((e) => this.#judge(g, e, x));
      for (const [i, e] of edges.entries()) answers[e] = this.#conclude(g, e, x, ticks[i]!);
    }
    this.answers = answers;
    this.#t += 1;
  }

  #judge(g: number, e: number, x: Float64Array): EdgeTick {
    const { source, destination } = this.graph;
    const tick = new EdgeTick();
    const from = this.options.sourceRelative === false ? undefined : this.#services[source[e]!];
    const to = this.#services[destination[e]!];
    foldEdge(this.states[e]!, tick, this.#pops[g]!, windowOf(x, e), from, to, this.outage[g]!, this.#counts);
    return tick;
  }

  #conclude(g: number, e: number, x: Float64Array, tick: EdgeTick): Answer {
    const s = this.states[e]!;
    const isJudged = tick.kinds > 0;
    const forest =
      this.options.forest.enabled && isJudged
        ? this.forests[g]!.fold(tick.surprise)
        : { score: Number.NaN, surprise: 0 };
    const coder = this.options.autoencoder && isJudged ? this.#coders[g]! : undefined;
    const nats = coder?.surprise(tick.surprise) ?? 0;
    const verdict = foldScore(s, tick, windowOf(x, e), this.#profile, this, forest.surprise, nats);
    const incidentLevel = this.options.incidentLevel ?? Number.POSITIVE_INFINITY;
    const channel = foldChannel(s, tick, incidentLevel, this.age, this.#bytesDiscount);
    if (!s.isOn) coder?.learn();
    return {
      ...verdict,
      tick,
      on: s.isOn,
      kind: s.kind,
      forest: forest.score,
      mix: channel.mix,
      channelOn: s.isChannelOn,
      channelChange: channel.change,
      recent: [incidentEvidence(tick, this.#bytesDiscount), ...loudAndDown(tick)],
    };
  }

  /** Band of feature k of edge e in the window just closed. */
  band(e: number, k: number): Band {
    const pop = this.#pops[this.graph.group[e]!]!;
    const { age } = this;
    const { tick } = this.answers[e]!;
    return bandOf(this.states[e]!, tick, windowOf(this.#x, e), pop, this.#profile, age, k, this.#counts);
  }

  /** The same over the span of scale j. */
  spanBand(e: number, k: number, j: number): Band {
    const pop = this.#pops[this.graph.group[e]!]!;
    const { age } = this;
    const { tick } = this.answers[e]!;
    return spanBandOf(this.states[e]!, tick, windowOf(this.#x, e), pop, this.#profile, age, k, j, this.#counts);
  }
}
