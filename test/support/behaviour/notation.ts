// The short notation of behaviour tests: series over time, edges, times, expected events.
import { parseDuration } from '../../../src/config/duration.js';

/**
 * What a series is for a while. `value` undefined: absent. `spread`: relative noise, or 'counts' for the noise of a
 * count.
 */
export interface Segment {
  readonly value: number | undefined;
  readonly spread: number | 'counts';
  /** Seconds; Infinity for the last. */
  readonly seconds: number;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  '%': 0.01,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
};

const SEGMENT = /^(?:(_)|(\d+(?:\.\d+)?)([a-zA-Z%]*)(~(?:(\d+(?:\.\d+)?)%)?)?)(?: for (\S+))?$/;

/**
 * `50ms~5% for 2h then 250ms for 1m then 50ms~5%`: values with units and noise, each for a while, the last for ever.
 * `_` is absent.
 */
export function parseSeries(text: string): Segment[] {
  const parts = text.split(/\bthen\b/).map((part) => part.trim());
  return parts.map((part, index) => {
    const match = SEGMENT.exec(part);
    const factor = UNITS[match?.[3] ?? ''];
    if (!match || factor === undefined) throw new SyntaxError(`not a series: "${part}" in "${text}"`);
    const last = index === parts.length - 1;
    if (!match[6] && !last) throw new SyntaxError(`"${part}" in "${text}" needs "for …"`);
    return {
      value: match[1] ? undefined : Number(match[2]) * factor,
      spread: match[4] ? (match[5] ? Number(match[5]) / 100 : 'counts') : 0,
      seconds: match[6] ? parseSeconds(match[6]) : Number.POSITIVE_INFINITY,
    };
  });
}

/** The segment in force `seconds` after the start. */
export function segmentAt(series: readonly Segment[], seconds: number): Segment {
  let end = 0;
  for (const segment of series) {
    end += segment.seconds;
    if (seconds < end) return segment;
  }
  return { value: undefined, spread: 0, seconds: Number.POSITIVE_INFINITY };
}

/** Seconds of a duration. */
export function parseSeconds(text: string | number): number {
  const ms = parseDuration(String(text));
  if (ms === undefined) throw new SyntaxError(`not a duration: "${text}"`);
  return ms / 1000;
}

export interface ServiceKey {
  readonly namespace: string;
  readonly name: string;
}

export interface EdgeKey {
  readonly cluster: string;
  readonly source: ServiceKey | undefined;
  readonly destination: ServiceKey;
}

/** `prod: shop/a -> shop/b`; cluster `main` unless told; without source: the service as a whole. */
export function parseEdge(text: string): EdgeKey {
  const match = /^(?:([\w-]+): )?(?:(\S+) )?-> (\S+)$/.exec(text.trim());
  if (!match) throw new SyntaxError(`not an edge: "${text}"`);
  const [, cluster = 'main', source, destination = ''] = match;
  return { cluster, source: source ? parseService(source) : undefined, destination: parseService(destination) };
}

function parseService(text: string): ServiceKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { namespace: '', name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

export function formatEdge({ cluster, source, destination }: EdgeKey): string {
  const service = ({ namespace, name }: ServiceKey): string => (namespace ? `${namespace}/${name}` : name);
  const prefix = cluster === 'main' ? '' : `${cluster}: `;
  return `${prefix}${source ? `${service(source)} ` : ''}-> ${service(destination)}`;
}

/**
 * `started latency_spike shop/a -> shop/b at 2h..2h30s`; state, kind and edge may be globs, the time may be left out.
 */
export interface Expectation {
  readonly text: string;
  readonly state: RegExp;
  readonly kind: RegExp;
  readonly edge: RegExp;
  /** Seconds after the start, inclusive. */
  readonly from: number;
  readonly to: number;
}

export function parseExpectation(text: string): Expectation {
  const match = /^(\S+) (\S+)(?: ((?:[\w-]+: )?(?:\S+ )?-> \S+|\*))?(?: at (\S+?)\.\.(\S+))?$/.exec(text.trim());
  if (!match) throw new SyntaxError(`not an expectation: "${text}"`);
  return {
    text,
    state: glob(match[1] ?? '*'),
    kind: glob(match[2] ?? '*'),
    edge: glob(match[3] ?? '*'),
    from: match[4] ? parseSeconds(match[4]) : 0,
    to: match[5] ? parseSeconds(match[5]) : Number.POSITIVE_INFINITY,
  };
}

function glob(text: string): RegExp {
  const escaped = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${escaped}$`);
}
