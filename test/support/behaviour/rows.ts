// What the edges of a behaviour test send in each window, before it is put into a protocol's form.
import { Random } from '../../../src/simulation/random.js';
import { type EdgeKey, parseEdge, parseSeries, type Segment, segmentAt } from './notation.js';

/** One edge in one window, in seconds, counts and bytes; undefined: absent. */
export interface Row {
  readonly edge: EdgeKey;
  readonly name: string;
  /** Index of the edge: part of the identity of its pod. */
  readonly index: number;
  /** Seconds after the start at which the window ends; the time of the row. */
  readonly at: number;
  readonly latency: number | undefined;
  readonly requests: number | undefined;
  readonly errors: number | undefined;
  readonly bytes: number | undefined;
}

/** By feature: a series in the short notation. */
export interface EdgeSeries {
  readonly latency?: string | number | undefined;
  readonly requests?: string | number | undefined;
  readonly errors?: string | number | undefined;
  readonly bytes?: string | number | undefined;
}

interface Source {
  readonly name: string;
  readonly edge: EdgeKey;
  readonly random: Random;
  readonly series: Readonly<Partial<Record<string, readonly Segment[]>>>;
}

/** What an edge sends that a case only needs to be there. */
export const STEADY: EdgeSeries = { requests: '200~', latency: '30ms~5%', errors: '0.5%~', bytes: '100kB~5%' };

/** The rows of all edges, window by window. */
export class RowSource {
  readonly #sources: Source[];

  constructor(edges: Readonly<Record<string, EdgeSeries>>, seed: number) {
    this.#sources = Object.entries(edges).map(([name, series], index) => ({
      name,
      edge: parseEdge(name),
      random: new Random(seed, index),
      series: Object.fromEntries(Object.entries(series).map(([feature, text]) => [feature, parseSeries(String(text))])),
    }));
  }

  /** Rows of the window that ends `at` seconds after the start. A window without its requests is absent whole. */
  window(at: number, length: number): Row[] {
    return this.#sources.flatMap((source, index) => rowOf(source, index, at, length) ?? []);
  }
}

function rowOf(source: Source, index: number, at: number, length: number): Row | undefined {
  const middle = at - length / 2;
  const { series, random } = source;
  const draw = (feature: string): number | undefined => {
    const list = series[feature];
    return list && noisy(segmentAt(list, middle), random);
  };
  const latency = draw('latency');
  const requests = draw('requests');
  const bytes = draw('bytes');
  const errors = errorsOf(series.errors && segmentAt(series.errors, middle), requests, random);
  if (series.requests && !requests) return undefined;
  if (latency === undefined && requests === undefined && bytes === undefined) return undefined;
  return { edge: source.edge, name: source.name, index, at, latency, requests, errors, bytes };
}

function noisy({ value, spread }: Segment, random: Random): number | undefined {
  if (value === undefined) return undefined;
  if (spread === 'counts') return random.poisson(value);
  return spread === 0 ? value : value * Math.exp(spread * random.normal());
}

/** Errors are written as a share of the requests. */
function errorsOf(segment: Segment | undefined, requests: number | undefined, random: Random): number | undefined {
  if (segment?.value === undefined || requests === undefined) return undefined;
  return segment.spread === 0 ? Math.round(segment.value * requests) : random.binomial(requests, segment.value);
}
