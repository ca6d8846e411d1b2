// Settings that a sender attaches to its requests, as gRPC metadata or HTTP headers: alerting of the clusters it
// reports.
import { createHash } from 'node:crypto';
import { parseDuration } from '../../config/duration.js';
import { ownText } from '../../otlp/own-text.js';
import { type AuthData, PermanentError } from '../../pipeline/index.js';
import { bounded } from '../rules/attributes.js';
import { compileGlob, type Glob, matchesAny } from '../rules/glob.js';
import { DETECTORS, type DetectorName, NO_SETTINGS, type Sender, type SenderSettings } from '../sender-settings.js';
import { THRESHOLD_RANGE } from './settings.js';

const compiled = new WeakMap<readonly string[], readonly Glob[]>();

/**
 * Whether settings of the sender reach a cluster of this id. Only the id counts: a name is what the data says of it,
 * and the data of any sender may say it.
 */
export function reaches({ auth }: Pick<Sender, 'auth'>, clusterId: string): boolean {
  const patterns = auth?.clusters;
  if (!patterns) return true;
  let globs = compiled.get(patterns);
  if (!globs) {
    globs = patterns.map(compileGlob);
    compiled.set(patterns, globs);
  }
  return matchesAny(globs, clusterId);
}

const HEADERS = {
  threshold: 'x-pxanomaly-threshold',
  exportInterval: 'x-pxanomaly-export-interval',
  incidentsPerDay: 'x-pxanomaly-incidents-per-day',
  detectors: 'x-pxanomaly-detectors',
} as const;
const CLUSTER_HEADER = 'x-pxanomaly-cluster';

/** Shortest export interval: the shortest window that Pixie's form offers is a second. */
const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 86_400_000;
const MAX_KNOWN = 1000;
/** Characters of a setting: what is kept of a header is bounded. */
const MOST_TEXT = 200;

/** Reads headers; the same texts are read once. */
export class Senders {
  readonly #known = new Map<string, Sender>();
  readonly #bound = new WeakMap<AuthData, WeakMap<Sender, Sender>>();
  /** One that says nothing. */
  readonly #plain: Sender;
  readonly #outside: (auth: AuthData, cluster: string) => void;

  /** `outside`: a header named a cluster that the sender's token does not. */
  constructor(defaultCluster: string, outside: (auth: AuthData, cluster: string) => void = () => {}) {
    this.#outside = outside;
    this.#plain = { key: '', settings: NO_SETTINGS, cluster: defaultCluster, salt: 0n };
  }

  /** Throws `PermanentError` that names the header, its value and what is allowed. */
  read(metadata: ReadonlyMap<string, string>, auth?: AuthData): Sender {
    if (metadata.size === 0) return this.#plain;
    const sender = this.#read(metadata);
    return auth?.clusters ? this.#bind(sender, auth) : sender;
  }

  #bind(sender: Sender, auth: AuthData): Sender {
    const bound = this.#bound.get(auth) ?? new WeakMap<Sender, Sender>();
    this.#bound.set(auth, bound);
    const isInside = sender.cluster === this.#plain.cluster || reaches({ auth }, sender.cluster);
    if (!isInside) this.#outside(auth, sender.cluster);
    const known = bound.get(sender);
    if (known) return known;
    const { cluster, salt } = isInside ? sender : this.#plain;
    const made = { ...sender, auth, cluster, salt };
    bound.set(sender, made);
    return made;
  }

  #read(metadata: ReadonlyMap<string, string>): Sender {
    const given = Object.values(HEADERS).map((header) => metadata.get(header)?.trim() ?? '');
    const cluster = ownText(bounded(metadata.get(CLUSTER_HEADER)?.trim() ?? ''));
    const key = JSON.stringify([...given, cluster]);
    const known = this.#known.get(key);
    if (known) return known;
    const isOther = cluster !== '' && cluster !== this.#plain.cluster;
    const sender: Sender = {
      key: given.every((text) => text === '') ? '' : key,
      settings: parse(metadata),
      cluster: isOther ? cluster : this.#plain.cluster,
      salt: isOther ? saltOf(cluster) : 0n,
    };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, sender);
    return sender;
  }
}

/** The same after a restart. */
function saltOf(cluster: string): bigint {
  return createHash('sha256').update(cluster).digest().readBigUInt64LE();
}

function parse(metadata: ReadonlyMap<string, string>): SenderSettings {
  const read = <T>(header: string, parser: (text: string, header: string) => T): T | undefined => {
    // An empty field of Pixie's form arrives as an empty header.
    const text = metadata.get(header)?.trim() ?? '';
    if (text.length > MOST_TEXT) refuse(header, text, `at most ${MOST_TEXT} characters`);
    return text === '' ? undefined : parser(text, header);
  };
  const threshold = read(HEADERS.threshold, parseThreshold);
  const exportIntervalMs = read(HEADERS.exportInterval, parseInterval);
  const incidentsPerDay = read(HEADERS.incidentsPerDay, parseIncidents);
  const detectors = read(HEADERS.detectors, parseDetectors);
  return {
    ...(threshold === undefined ? {} : { threshold }),
    ...(exportIntervalMs === undefined ? {} : { exportIntervalMs }),
    ...(incidentsPerDay === undefined ? {} : { incidentsPerDay }),
    ...(detectors === undefined ? {} : { detectors }),
  };
}

function refuse(header: string, text: string, allowed: string): never {
  throw new PermanentError(`${header}: "${text.slice(0, 64)}" is not allowed; give ${allowed}.`, 'invalid_argument');
}

/** Decimal notation alone: Number() would also take hexadecimal and blanks. */
function decimal(text: string): number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function parseThreshold(text: string, header: string): number {
  const { min, max } = THRESHOLD_RANGE;
  const value = decimal(text);
  return value >= min && value <= max ? value : refuse(header, text, `a number from ${min} to ${max}, such as 0.95`);
}

function parseInterval(text: string, header: string): number {
  const ms = parseDuration(text) ?? Number.NaN;
  if (ms >= MIN_INTERVAL_MS && ms <= MAX_INTERVAL_MS) return ms;
  return refuse(header, text, 'a duration from 1s to 24h, such as 60s');
}

function parseIncidents(text: string, header: string): number {
  const value = decimal(text);
  return value > 0 && value <= 100 ? value : refuse(header, text, 'a number above 0 and up to 100, such as 1');
}

function parseDetectors(text: string, header: string): ReadonlySet<DetectorName> {
  const names = text.split(',').map((name) => name.trim());
  const known: readonly string[] = DETECTORS;
  if (names.every((name) => known.includes(name))) return new Set(names as DetectorName[]);
  return refuse(header, text, `a list of ${DETECTORS.join(', ')}, separated by commas`);
}
