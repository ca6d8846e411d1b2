// A stream through the detectors alone: what the front door does to it, without requests around it.
import { DEFAULT_FOREST, EdgeDetector, type EdgeDetectorOptions } from '../reference/detect-driver.js';
import type { Alerts } from './scoring.js';
import { type EdgeStream, windowOf } from './stream.js';

export interface Graph {
  readonly source: readonly number[];
  readonly destination: readonly number[];
}

/** No services at all. */
export function noGraph(edges: number): Graph {
  return { source: Array<number>(edges).fill(-1), destination: Array<number>(edges).fill(-1) };
}

/** Every edge between two services of its own, as `SEPARATE` names them: a service's load is that of its edge. */
export function separateGraph(edges: number): Graph {
  const numbers = [...Array(edges).keys()];
  return { source: numbers, destination: numbers.map((e) => edges + e) };
}

export const WITHOUT_FOREST: EdgeDetectorOptions = { forest: { ...DEFAULT_FOREST, enabled: false } };

export function detectorFor(stream: EdgeStream, graph: Graph, options: EdgeDetectorOptions = {}): EdgeDetector {
  const group = Array<number>(stream.edges).fill(0);
  return new EdgeDetector({ ...graph, group, windowSeconds: stream.windowSeconds }, options);
}

/** The alert bits of every window; `each` sees the detector after each. */
export function drive(
  stream: EdgeStream,
  graph: Graph,
  options: EdgeDetectorOptions = {},
  each?: (detector: EdgeDetector, t: number) => void,
): Alerts {
  const detector = detectorFor(stream, graph, options);
  const alerts = new Uint8Array(stream.edges * stream.windows);
  for (let t = 0; t < stream.windows; t++) {
    detector.step(windowOf(stream, t));
    alerts.set(detector.results.on, t * stream.edges);
    each?.(detector, t);
  }
  return alerts;
}
