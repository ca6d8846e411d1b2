// One absurd window, whatever it counts and however old the edge is, switches nothing off: real faults are found soon
// after, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdgeDetector } from '../reference/detect-driver.js';
import { normal, seeded } from '../synthetic/edge-windows.js';

const EDGES = 6;
/** a → hub on edges 0 to 2, hub → b on edges 3 to 5: the rates of those are relative to what the hub receives. */
const GRAPH = {
  source: [0, 1, 2, 3, 3, 3],
  destination: [3, 3, 3, 4, 5, 6],
  group: [0, 0, 0, 0, 0, 0],
  windowSeconds: 10,
};
const [LATENCY, REQUESTS, ERRORS, BYTES] = [0, 1, 2, 3] as const;
/** The edge with the absurd window, and the ones with a fault later. */
const SPOILED = 1;
const FAULTY = [1, 4];
const ABSURD = [2e4, 1e5, 1e6, 1e9, 1e12, 1e18, 3e38];

interface Course {
  /** The window that is absurd. */
  readonly at: number;
  /** From here on for 8 windows latencies are fivefold, and half of the requests fail. */
  readonly fault: number;
  readonly feature: number;
  readonly value: number;
}

function window(random: () => number, isFaulty: boolean): number[] {
  const requests = Math.round(1000 + 30 * normal(random));
  const errors = Math.round(requests * (isFaulty ? 0.5 : 0.002));
  return [0.05 * Math.exp(0.03 * normal(random)) * (isFaulty ? 5 : 1), requests, errors, requests * 800];
}

/** Alerts of edges by window: opened before the fault, and the faulty edges found in it. */
function follow({ at, fault, feature, value }: Course): { before: string[]; found: Set<number> } {
  const random = seeded(7);
  const detector = new EdgeDetector(GRAPH, { autoencoder: true });
  const before: string[] = [];
  const found = new Set<number>();
  for (let t = 0; t < fault + 8; t++) {
    const isFault = t >= fault;
    const x = Float64Array.from(
      Array.from({ length: EDGES }, (_, e) => window(random, isFault && FAULTY.includes(e))).flat(),
    );
    if (t === at) x[4 * SPOILED + feature] = Math.fround(Math.min(value, 1e18));
    detector.step(x);
    const { change, score, evidence } = detector.results;
    for (let e = 0; e < EDGES; e++) {
      assert.ok(Number.isFinite(score[e]!) && Number.isFinite(evidence[e]!), `edge ${e} in window ${t}`);
      if (change[e] !== 1) continue;
      if (isFault) found.add(e);
      // A hub that receives a burst and passes nothing on is odd in that window.
      else if (t > at + 3) before.push(`edge ${e} in window ${t}`);
    }
  }
  return { before, found };
}

test('one absurd count neither blinds an edge nor sets others off', () => {
  for (const feature of [REQUESTS, ERRORS, BYTES, LATENCY]) {
    for (const value of ABSURD) {
      const { before, found } = follow({ at: 400, fault: 460, feature, value });
      assert.deepEqual([...found].sort(), FAULTY, `${value} of feature ${feature}: found`);
      assert.deepEqual(before, [], `${value} of feature ${feature}: false`);
    }
  }
});

test('an absurd count among the first of an edge is forgotten within hours, not days', () => {
  for (const at of [0, 3, 9, 20]) {
    for (const value of [1e9, 1e18]) {
      const { found } = follow({ at, fault: 1200, feature: REQUESTS, value });
      assert.deepEqual([...found].sort(), FAULTY, `${value} in window ${at}`);
    }
  }
});
