// AWS PetShop (CC-BY-4.0), low traffic: five-minute windows of nodes; 26 issues as five rows each, recorded months
// after the fault-free warm-up. Each is scored from a copy of the warmed detector; the issue is in rows 2 to 4.
import { readFileSync } from 'node:fs';
import type { EdgeDetector } from '../../test/reference/detect-driver.js';
import { detectorFor, noGraph } from '../../test/synthetic/drive.js';
import { tally } from '../../test/synthetic/scoring.js';
import { type EdgeStream, emptyStream, FEATURE_COUNT, windowOf } from '../../test/synthetic/stream.js';
import { type NumpyArray, readNpz } from './npz.js';

interface Entry {
  readonly key: string;
  readonly t0: number;
  readonly cols: readonly (readonly [string, string, string])[];
  readonly target?: {
    readonly target: { readonly node: string };
    readonly root_cause: { readonly node: string };
  } | null;
}

interface Issue {
  readonly stream: EdgeStream;
  readonly target: number;
}

export interface PetShop {
  readonly warmUp: EdgeStream;
  readonly issues: readonly Issue[];
}

function matrixOf({ cols }: Entry, table: NumpyArray, nodes: readonly string[]): EdgeStream {
  const columns = new Map(cols.map((name, i) => [name.join(' '), i]));
  const [rows = 0, width = 0] = table.shape;
  const stream = emptyStream(nodes.length, rows, 300);
  const read = (row: number, ...name: string[]): number => {
    const column = columns.get(name.join(' '));
    return column === undefined ? Number.NaN : table.values[row * width + column]!;
  };
  nodes.forEach((node, e) => {
    for (let t = 0; t < rows; t++) {
      const requests = read(t, node, 'requests', 'Sum');
      const available = read(t, node, 'availability', 'Average');
      const errors = Math.round(((100 - available) / 100) * requests);
      stream.x.set([read(t, node, 'latency', 'Average'), requests, errors], FEATURE_COUNT * (t * nodes.length + e));
    }
  });
  return stream;
}

export function petshop(folder: string): PetShop {
  const entries = JSON.parse(readFileSync(`${folder}/petshop_index.json`, 'utf8')) as Entry[];
  const arrays = readNpz(`${folder}/petshop.npz`);
  const table = ({ key }: Entry): NumpyArray => arrays.get(`${key}|x`)!;
  const base = entries.find(({ key }) => key === 'low_traffic/noissue')!;
  const nodes = [...new Set(base.cols.map(([node]) => node))].sort((a, b) => (a < b ? -1 : 1));
  return {
    warmUp: matrixOf(base, table(base), nodes),
    issues: entries.flatMap((entry) =>
      entry.key.startsWith('low_traffic/') && entry.target
        ? [{ stream: matrixOf(entry, table(entry), nodes), target: nodes.indexOf(entry.target.target.node) }]
        : [],
    ),
  };
}

export interface PetShopResult {
  /** Issues whose target node alerts while they last. */
  readonly found: number;
  readonly of: number;
  /** Issues whose target node alerts before they begin. */
  readonly before: number;
  readonly falseEpisodes: number;
  readonly entityDays: number;
}

/** First window of the warm-up that counts, and first row of an issue. */
const START = 300;
const ISSUE_ROW = 2;

export function runPetShop({ warmUp, issues }: PetShop): PetShopResult {
  const detector = detectorFor(warmUp, noGraph(warmUp.edges), { seed: 1 });
  const alerts = step(detector, warmUp);
  const state = new Uint8Array(detector.wasm.memory.buffer).slice();
  const rows = issues.map(({ stream, target }) => {
    new Uint8Array(detector.wasm.memory.buffer).set(state);
    const on = step(detector, stream);
    return Array.from({ length: stream.windows }, (_, t) => on[t * stream.edges + target] === 1);
  });
  const labels = { start: START, faults: [], ignored: [], grace: 1, cool: 6 };
  const { falseEpisodes, edgeDays } = tally(warmUp, labels, alerts);
  return {
    found: rows.filter((row) => row.slice(ISSUE_ROW).includes(true)).length,
    of: rows.length,
    before: rows.filter((row) => row.slice(0, ISSUE_ROW).includes(true)).length,
    falseEpisodes,
    entityDays: edgeDays,
  };
}

function step(detector: EdgeDetector, stream: EdgeStream): Uint8Array {
  const alerts = new Uint8Array(stream.edges * stream.windows);
  for (let t = 0; t < stream.windows; t++) {
    detector.step(windowOf(stream, t));
    alerts.set(detector.results.on, t * stream.edges);
  }
  return alerts;
}
