// When an edge alerts: thresholds, rules and senders' settings as the kernel's alert profiles.
import { alertLevel } from '../../kernel/alert-level.js';
import { type AlertProfile, FEATURES, type KernelApi, KINDS } from '../../kernel/api.js';
import { MAX_PROFILES } from '../../kernel/generated/constants.js';
import { compileGlob, type Glob } from '../rules/glob.js';
import { formatService, type ServiceName } from '../rules/names.js';
import type { SenderSettings } from '../sender-settings.js';
import { isWithin } from './schedule.js';
import type { AlertRule, AlertSettings } from './settings.js';

/** Alert level of a threshold, nats. */
export function levelOfThreshold(threshold: number, levelOn: number): number {
  return -levelOn * Math.log10(1 - threshold);
}

/** What decides about an edge's profile. */
export interface ProfiledEdge {
  readonly clusterId: string;
  readonly windowMs: number;
  readonly source: ServiceName | undefined;
  readonly destination: ServiceName;
}

/** Text and levels of each profile, in the order of their slots. */
export type SavedProfiles = readonly (readonly [profile: string, levels: readonly number[]])[];

interface CompiledAlertRule {
  readonly rule: AlertRule;
  readonly source: Glob;
  readonly destination: Glob;
  readonly namespace: Glob;
  readonly cluster: Glob;
  readonly kinds: readonly boolean[];
  readonly everyKind: boolean;
}

/** Interns profiles in the kernel: edges with the same answers share a slot. */
export class Profiles {
  readonly #kernel: KernelApi;
  readonly #settings: AlertSettings;
  readonly #renew: () => void;
  readonly #rules: readonly CompiledAlertRule[];
  readonly #slots = new Map<string, number>();
  readonly #levels: (readonly number[])[] = [];

  /** `renew`: asks for every edge's slot again. */
  constructor(kernel: KernelApi, settings: AlertSettings, renew: () => void) {
    this.#kernel = kernel;
    this.#renew = renew;
    this.#settings = settings;
    this.#rules = settings.rules.map(compileRule);
  }

  /** Profiles with their levels, by slot. */
  save(): SavedProfiles {
    return [...this.#slots].map(([profile, slot]) => [profile, this.#levels[slot]!]);
  }

  /** Of the same configuration; the kernel has them already. */
  restore(saved: SavedProfiles): void {
    for (const [slot, [profile, levels]] of saved.entries()) {
      this.#slots.set(profile, slot);
      this.#levels[slot] = levels;
    }
  }

  /** Which rules with a schedule apply at an event time, Unix ms: edges need their profiles anew where it changes. */
  activeSchedules(nowMs: number): string {
    return this.#rules
      .filter(({ rule }) => rule.schedule)
      .map(({ rule }) => (isActive(rule, nowMs) ? '1' : '0'))
      .join('');
  }

  /** The slot of an edge's profile. */
  slotOf(edge: ProfiledEdge, sender: SenderSettings, nowMs: number): number {
    const profile = this.#build(edge, sender, nowMs);
    const key = JSON.stringify(profile, (_, value) => (value === Number.POSITIVE_INFINITY ? 'never' : value));
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      if (this.#slots.size === MAX_PROFILES) this.#startOver();
      slot = this.#slots.size;
      this.#slots.set(key, slot);
      this.#levels[slot] = profile.levels;
      this.#kernel.setProfile(slot, profile);
    }
    return slot;
  }

  /** Settings of senders that come and go leave profiles behind that nobody uses: every edge gets its slot anew. */
  #startOver(): void {
    this.#slots.clear();
    this.#levels.length = 0;
    this.#renew();
  }

  /** Alert level of a kind in a profile, nats. */
  levelOf(slot: number, kind: number): number {
    return this.#levels[slot]?.[kind] ?? Number.POSITIVE_INFINITY;
  }

  #build(edge: ProfiledEdge, sender: SenderSettings, nowMs: number): AlertProfile {
    const settings = this.#settings;
    const levelOn = alertLevel(edge.windowMs / 1000);
    const general = sender.threshold ?? settings.threshold;
    const thresholds = KINDS.map((kind) => settings.thresholds[kind] ?? general);
    const mutedKinds: boolean[] = KINDS.map(() => false);
    let minRequests = settings.minRequests;
    let muted = false;
    for (const compiled of this.#rules) {
      if (!applies(compiled, edge, nowMs)) continue;
      const { rule } = compiled;
      minRequests = rule.minRequests ?? minRequests;
      if (rule.mute && compiled.everyKind) muted = true;
      compiled.kinds.forEach((matched, kind) => {
        if (matched && rule.threshold !== undefined) thresholds[kind] = rule.threshold;
        if (matched && rule.mute) mutedKinds[kind] = true;
      });
    }
    return {
      levels: thresholds.map((threshold, kind) =>
        mutedKinds[kind] ? Number.POSITIVE_INFINITY : levelOfThreshold(threshold, levelOn),
      ),
      detectorFactors: this.#detectorFactors(sender, general),
      minRequests,
      minRelative: FEATURES.map((name) => settings.minDeviation[name].relative) as [number, number, number, number],
      minAbsolute: FEATURES.map((name) => minAbsolute(settings, name)) as [number, number, number, number],
      muted,
    };
  }

  /**
   * Components and Fisher are the z-scores' two readings. A detector that is off needs infinite evidence; one that the
   * kernel does not have gives none, and its factor is left at 1 so that profiles stay simple.
   */
  #detectorFactors(sender: SenderSettings, general: number): [number, number, number, number] {
    const factor = (name: 'zscore' | 'isolation_forest' | 'autoencoder') => {
      const { enabled, threshold } = this.#settings.detectors[name];
      const exists = enabled || name === 'zscore';
      const isOn = enabled && (sender.detectors?.has(name) ?? true);
      if (!isOn) return exists ? Number.POSITIVE_INFINITY : 1;
      return threshold === undefined ? 1 : Math.log10(1 - threshold) / Math.log10(1 - general);
    };
    const zscore = factor('zscore');
    return [zscore, zscore, factor('isolation_forest'), factor('autoencoder')];
  }
}

/** In the kernel's unit: latency is configured in milliseconds and counted in seconds. */
function minAbsolute({ minDeviation }: AlertSettings, feature: (typeof FEATURES)[number]): number {
  const { absolute } = minDeviation[feature];
  return feature === 'latency' ? absolute / 1000 : absolute;
}

function compileRule(rule: AlertRule): CompiledAlertRule {
  const { match } = rule;
  const kind = compileGlob(match.kind);
  return {
    rule,
    source: compileGlob(match.source),
    destination: compileGlob(match.destination),
    namespace: compileGlob(match.namespace),
    cluster: compileGlob(match.cluster),
    kinds: KINDS.map((name) => name !== '' && kind(name) !== undefined),
    everyKind: match.kind === '*',
  };
}

function applies(compiled: CompiledAlertRule, edge: ProfiledEdge, nowMs: number): boolean {
  const { source, destination } = edge;
  return (
    isActive(compiled.rule, nowMs) &&
    matchesService(compiled.source, source) &&
    matchesService(compiled.destination, destination) &&
    (compiled.namespace(destination.namespace) !== undefined ||
      (source !== undefined && compiled.namespace(source.namespace) !== undefined)) &&
    compiled.cluster(edge.clusterId) !== undefined
  );
}

/** By bare name or by `ns/name`; a missing source is matched by `*` alone. */
export function matchesService(glob: Glob, service: ServiceName | undefined): boolean {
  if (!service) return glob('') !== undefined;
  return glob(service.name) !== undefined || glob(formatService(service)) !== undefined;
}

function isActive(rule: AlertRule, nowMs: number): boolean {
  return rule.schedule?.some((period) => isWithin(period, nowMs)) ?? true;
}
