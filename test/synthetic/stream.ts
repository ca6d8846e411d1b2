// Labelled streams of windows: what generators make, detectors are fed, and scoring needs to know.

/** Windows of a fixed set of edges. */
export interface EdgeStream {
  readonly edges: number;
  readonly windows: number;
  readonly windowSeconds: number;
  /** Latency (s), requests, errors, bytes of edge e in window t at 4 (t edges + e); NaN: absent. */
  readonly x: Float64Array;
}

export interface LabelledFault {
  /** First and last window. */
  readonly first: number;
  readonly last: number;
  /** -1: any edge. */
  readonly edge: number;
  readonly kind: string;
}

/** Windows of one edge that are neither true nor false: a real change that is no fault. */
export interface Ignored {
  readonly first: number;
  readonly last: number;
  readonly edge: number;
}

export interface Labels {
  /** First window that counts. */
  readonly start: number;
  readonly faults: readonly LabelledFault[];
  readonly ignored: readonly Ignored[];
  /** A fault may be found this many windows after its last. */
  readonly grace: number;
  /** Alerts this many windows after a fault's last belong to it. */
  readonly cool: number;
}

export const FEATURE_COUNT = 4;

/** An empty stream: everything absent. */
export function emptyStream(edges: number, windows: number, windowSeconds = 10): EdgeStream {
  return { edges, windows, windowSeconds, x: new Float64Array(edges * windows * FEATURE_COUNT).fill(Number.NaN) };
}

/** The values of one window, a view. */
export function windowOf(stream: EdgeStream, t: number): Float64Array {
  const width = stream.edges * FEATURE_COUNT;
  return stream.x.subarray(t * width, (t + 1) * width);
}
