// The parts of a detector, put together from its configuration; and together taken over, saved and restored.
import type { KernelApi } from '../kernel/api.js';
import type { Batch } from '../pipeline/index.js';
import type { AnomalyEvents } from '../telemetry/anomaly-events.js';
import { countOf } from '../terminal/format.js';
import { EdgeProfiles } from './alerting/edge-profiles.js';
import type { EpisodeOptions } from './alerting/episodes.js';
import { NewEdges, type SavedTallies } from './alerting/new-edges.js';
import type { SavedProfiles } from './alerting/profiles.js';
import { ToldAlerts } from './alerting/told.js';
import { Binder, type SavedBinder } from './binding/binder.js';
import { Quantiles, type SavedQuantiles } from './binding/quantiles.js';
import { Incidents, type SavedIncidents } from './incidents/incidents.js';
import type { Route } from './pending-request.js';
import { PublishedCounts } from './published-counts.js';
import type { OwnResource } from './results/own-resource.js';
import { type ReportedCounts, Reporter } from './results/report.js';
import { Routing } from './results/routing.js';
import { compileMutes } from './rules/mutes.js';
import { createRuleBook } from './rules/rule-book.js';
import type { DetectionSettings, SettingsTexts } from './settings.js';
import { Edges, type EdgesOptions } from './topology/edges.js';
import { edgeText } from './topology/graph.js';
import { restoreDictionary } from './topology/restored-dictionary.js';
import type { SavedRoom } from './topology/room.js';
import { saveDictionary } from './topology/save-dictionary.js';
import type { SavedDictionary } from './topology/saved-dictionary.js';
import { shrinkEdges } from './topology/shrink.js';
import { endSilence } from './topology/silences.js';

/** Everything that a detector knows besides the kernel's memory. */
export interface SavedDetector {
  readonly dictionary: SavedDictionary;
  readonly incidents: SavedIncidents;
  readonly reported: ReportedCounts;
  readonly binder: SavedBinder;
  readonly quantiles: SavedQuantiles;
  readonly tallies: SavedTallies;
  readonly profiles: SavedProfiles;
  readonly room: SavedRoom;
}

export interface DetectorOptions {
  readonly kernel: KernelApi;
  readonly settings: DetectionSettings;
  readonly resource: OwnResource;
  readonly events: AnomalyEvents;
  readonly live: boolean;
  /** A result for these pipelines. */
  emit(routes: ReadonlySet<Route>, batch: Batch): void;
}

/** Who has to be told of edges and groups that are forgotten. */
export type PartsHost = Pick<EdgesOptions, 'onEdgeLeaving' | 'onGroupLeaving' | 'onGroupForgotten'>;

export class DetectorParts {
  readonly kernel: KernelApi;
  readonly edges: Edges;
  readonly incidents: Incidents;
  readonly routing: Routing = new Routing();
  /** What was told before a kill, and edges that nobody expected. */
  readonly told: ToldAlerts = new ToldAlerts();
  readonly quantiles: Quantiles;
  readonly published: PublishedCounts = new PublishedCounts();
  options: DetectorOptions;
  binder: Binder;
  reporter: Reporter;
  profiles: EdgeProfiles;
  newEdges: NewEdges;
  episodeOptions: EpisodeOptions;

  constructor(options: DetectorOptions, host: PartsHost) {
    const { kernel, settings } = options;
    this.kernel = kernel;
    this.options = options;
    this.edges = new Edges({
      ...host,
      kernel,
      maxEdges: settings.capacities.maxEdges,
      profile: (edge) => this.profiles.of(edge.group, edge),
      isKept: (edge) => edge.episode !== undefined || this.incidents.of(edge) !== undefined,
      onForgotten: (edge) => {
        this.incidents.forget(edge);
        endSilence(edge);
      },
    });
    const { groups, bySlot } = this.edges;
    this.incidents = new Incidents({
      kernel,
      groups,
      bySlot,
      maxPerDay: settings.incidents.maxPerDay,
      told: (edge, near) => this.told.takeIncident(edge, near),
    });
    this.quantiles = new Quantiles(kernel);
    this.profiles = new EdgeProfiles(kernel, settings.alerting, bySlot);
    this.binder = this.#makeBinder();
    this.reporter = this.#makeReporter();
    this.newEdges = this.#makeNewEdges();
    this.episodeOptions = this.#makeEpisodeOptions();
  }

  /** Goes on under another configuration of the same capacities: what is learnt stays, how it is judged changes. */
  reconfigure(options: DetectorOptions): void {
    const before = this.options.settings;
    this.options = options;
    const { settings } = options;
    if (before.texts.rules !== settings.texts.rules) {
      this.edges.forgetFeatures();
      this.kernel.unbindAll();
      this.binder = this.#makeBinder();
    } else this.binder.useEvents(options.events);
    const { started } = this.reporter;
    this.reporter = this.#makeReporter();
    this.reporter.resume(started);
    const tallies = this.newEdges.save();
    this.newEdges = this.#makeNewEdges();
    this.newEdges.restore(tallies, this.edges.clusters, this.edges.bySlot);
    this.incidents.setBudget(settings.incidents.maxPerDay);
    this.profiles = new EdgeProfiles(this.kernel, settings.alerting, this.edges.bySlot);
    this.episodeOptions = this.#makeEpisodeOptions();
    this.routing.clear();
    for (const cluster of this.edges.clusters.values()) for (const edge of cluster.edges) this.profiles.set(edge);
  }

  /**
   * Forgets what does not fit into so many edges and series, and leaves no gap among their slots; in words, what is
   * gone.
   */
  shrink(maxEdges: number, maxSeries: number): string[] {
    const edges = shrinkEdges(this.edges, this.kernel, maxEdges);
    const series = this.kernel.dropSeries(maxSeries);
    const moves = this.kernel.pack();
    this.edges.renumber(moves);
    this.binder.renumber(moves);
    this.quantiles.renumber(moves);
    const dropped = [];
    if (edges > 0) dropped.push(`${countOf(edges, 'edge')} beyond max_edges, the longest dormant and the youngest`);
    if (series > 0) dropped.push(`${series} series beyond max_series, which are bound again`);
    return dropped;
  }

  /** Everything that is known besides the kernel's memory. Nothing may be learnt between two steps. */
  *save(): Generator<void, SavedDetector> {
    const { saved, numbers, numberOf } = yield* saveDictionary(this.edges, (cluster) =>
      this.routing.pipelinesOf(cluster),
    );
    yield;
    return {
      incidents: this.incidents.save(numbers, numberOf),
      dictionary: saved,
      reported: this.reporter.started,
      binder: this.binder.save(),
      quantiles: this.quantiles.save(),
      tallies: this.newEdges.save(),
      profiles: this.profiles.save(),
      room: this.edges.saveRoom(),
    };
  }

  /**
   * Takes up in an empty detector what another has saved; the kernel has its memory already. What alerts, and when, is
   * this configuration's: `before` tells what was another then.
   */
  restore(saved: SavedDetector, before: SettingsTexts, routeOf: (pipeline: string) => Route | undefined): void {
    const { groups, clusters, bySlot } = this.edges;
    const numbers = restoreDictionary(this.edges, saved.dictionary, (cluster, pipeline) => {
      const route = routeOf(pipeline);
      if (route) this.routing.add(cluster, route);
    });
    this.incidents.restore(saved.incidents, numbers);
    this.reporter.resume(saved.reported);
    this.binder.restore(saved.binder);
    this.quantiles.restore(saved.quantiles, groups);
    this.newEdges.restore(saved.tallies, clusters, bySlot);
    this.published.resume(this.kernel.counts(), this.edges.counts);
    const now = this.options.settings.texts;
    if (before.config === now.config) this.profiles.restore(saved.profiles);
    else this.#rejudge(before.rules !== now.rules);
    this.edges.restoreRoom(saved.room);
    if (!this.options.live) return;
    for (const group of groups) {
      // A group that was silent is so until it is heard.
      if (group) Object.assign(group, { lastSeenMs: group.silent ? 0 : Date.now(), lastScoresMs: Date.now() });
    }
  }

  /**
   * Another configuration than the state is from: series are bound anew where the rules differ, alerting is set anew.
   */
  #rejudge(hasOtherRules: boolean): void {
    if (hasOtherRules) {
      this.edges.forgetFeatures();
      this.kernel.unbindAll();
    }
    this.incidents.renewLevels();
    this.profiles.setAll();
  }

  #makeBinder(): Binder {
    const { kernel, settings, events } = this.options;
    return new Binder({
      kernel,
      edges: this.edges,
      quantiles: this.quantiles,
      resolve: { rules: createRuleBook(settings.rules), mutes: compileMutes(settings.rules.mute) },
      events,
      routed: (cluster, route) => this.routing.add(cluster, route),
    });
  }

  #makeReporter(): Reporter {
    const { kernel, settings, resource, live } = this.options;
    const { bySlot } = this.edges;
    return new Reporter({
      kernel,
      settings: settings.results,
      bySlot,
      resource,
      live,
      openIncidents: (cluster) => this.incidents.openIn(cluster),
    });
  }

  #makeNewEdges(): NewEdges {
    const { settings, events } = this.options;
    return new NewEdges(settings.alerting.newEdge, ({ cluster, count, examples }) =>
      events.edgesLearnt(cluster.name, count, examples.map(edgeText)),
    );
  }

  #makeEpisodeOptions(): EpisodeOptions {
    return {
      kernel: this.kernel,
      level: (edge, kind) => this.profiles.levelOf(edge, kind),
      told: (edge) => this.told.takeAnomaly(edge),
      coolDownMs: this.options.settings.alerting.coolDownMs,
    };
  }
}
