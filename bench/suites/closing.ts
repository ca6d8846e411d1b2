// What it costs to close a window: every detector over every edge, and how long a slice of that work holds the event
// loop.
import { DEFAULT_FOREST, EdgeDetector } from '../../test/reference/detect-driver.js';
import { type Result, repeated, timed } from '../result.js';
import { spread } from '../spread.js';

const WINDOW_SECONDS = 10;
const EDGES_A_SERVICE = 25;
/** Enough windows for the forest to be grown and the tails to be in use. */
const WARM_UP = DEFAULT_FOREST.refresh + 40;

function detector(edges: number, enabled: boolean): EdgeDetector {
  const services = Math.ceil(edges / EDGES_A_SERVICE);
  const numbers = Array.from({ length: edges }, (_, i) => i);
  const source = numbers.map((edge) => edge % services);
  const destination = numbers.map((edge) => (edge * 7 + 3) % services);
  const group = numbers.map(() => 0);
  return new EdgeDetector(
    { source, destination, group, windowSeconds: WINDOW_SECONDS },
    { forest: { ...DEFAULT_FOREST, enabled } },
  );
}

/** Ordinary windows: latency, requests, errors and bytes that vary by some percent, from a fixed sequence. */
function windows(edges: number, count: number): Float64Array[] {
  let state = 7;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const all = new Float64Array(edges * 4);
    for (let e = 0; e < edges; e++) {
      const requests = Math.round(100 + (e % 900) + 40 * uniform());
      all.set([0.02 * (1 + uniform()), requests, Math.floor(requests * 0.02 * uniform()), requests * 1500], 4 * e);
    }
    return all;
  });
}

function warm(subject: EdgeDetector, some: readonly Float64Array[]): void {
  for (let i = 0; i < WARM_UP; i++) subject.step(some[i % some.length]!);
}

/** CPU of closing one edge window, with and without the forest. */
function costs(rounds: number): Result[] {
  const edges = 4000;
  const some = windows(edges, 16);
  return [true, false].map((forest) => {
    const subject = detector(edges, forest);
    warm(subject, some);
    let turn = 0;
    const value = repeated(rounds, edges * 10, () => {
      for (let i = 0; i < 10; i++) subject.step(some[turn++ % some.length]!);
    });
    return {
      suite: 'closing a window',
      name: forest ? 'all default detectors' : 'without the forest',
      unit: 'µs an edge',
      value,
    };
  });
}

/** Work of one slice, as the anomaly processor asks for it. */
const SLICE_EDGES = 256;

/** Longest slice while 100,000 edges are closed, and while a forest is grown: what the event loop is held for. */
function slices(): Result[] {
  const edges = 100_000;
  const subject = detector(edges, true);
  const [window] = windows(edges, 1);
  const longest: number[] = [];
  for (let tick = 0; tick <= DEFAULT_FOREST.refresh + 1; tick++) longest.push(longestSlice(subject, window!) / 1000);
  const suite = 'closing 100,000 edges';
  const name = (what: string): string => `longest slice ${what}`;
  const growing = longest.splice(DEFAULT_FOREST.refresh, 1);
  const behind = Array.from({ length: 20 }, () => {
    subject.skip(4);
    return longestSlice(subject, window!) / 1000;
  });
  return [
    { suite, name: name('of an ordinary tick'), unit: 'ms', value: spread(longest.slice(-20)), atMost: 20 },
    {
      suite,
      name: name('of a tick behind others that were passed over'),
      unit: 'ms',
      value: spread(behind),
      atMost: 20,
    },
    { suite, name: name('of the tick that grows the forest'), unit: 'ms', value: spread(growing), atMost: 20 },
  ];
}

function longestSlice(detector: EdgeDetector, window: Float64Array): number {
  detector.write(window);
  let longest = timed(() => detector.begin(0));
  for (let isDone = false; !isDone; ) {
    const took = timed(() => {
      isDone = detector.work(0, SLICE_EDGES);
    });
    longest = Math.max(longest, took);
  }
  return longest;
}

export function closingResults(rounds: number): Result[] {
  return [...costs(rounds), ...slices()];
}
