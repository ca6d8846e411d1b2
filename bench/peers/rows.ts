// The rows of the side-by-side comparison: what is sent, who is measured, what has to hold.
import type { Contender, Path } from './contenders.js';

/** What a row compares: CPU a data point, resident memory or the time until a request is acknowledged. */
export type Measure = 'cpu' | 'memory' | 'p99';

export interface Row {
  readonly name: string;
  readonly path: Path;
  /** Flags of the load generator. */
  readonly load: readonly string[];
  readonly measure: Measure;
  readonly contender: Contender;
  readonly peer: Contender;
  /** Another load for the peer, where the row compares ours with ours. */
  readonly peerLoad?: readonly string[];
  readonly peerPath?: Path;
  /**
   * Highest ratio ours / peer (`ratio`), or highest difference in MiB (`more`), or highest value of ours (`atMost`).
   */
  readonly target: { readonly ratio: number } | { readonly more: number } | { readonly atMost: number };
  /** Ticks of warm-up of ours: the forest is grown at the 360th. */
  readonly warmTicks?: number;
  /** Requests a second as a share of what the Collector managed in the first row. */
  readonly share?: number;
}

const GRPC: Path = { transport: 'grpc', exporterDefaults: false, edges: 4000 };
const HTTP: Path = { ...GRPC, transport: 'http' };
const ON_DISK: Path = { ...GRPC, queue: 'disk' };
const HUNDRED_THOUSAND: Path = { ...GRPC, edges: 100_000 };
const ours = { contender: 'pxanomaly', measure: 'cpu' } as const;
const beside = { ...ours, peer: 'collector' } as const;
const small = ['--rows=100', '--concurrency=1'];

/** Beside the Collector's own isolation forest, which scores each data point by itself. */
function besideForest(how: string, load: readonly string[]): readonly Row[] {
  const row = { ...ours, path: GRPC, load };
  return [
    { ...row, name: `isolationforest, defaults${how}`, peer: 'isolationforest', target: { ratio: 1 / 500 } },
    {
      ...row,
      name: `isolationforest, fastest settings${how}`,
      peer: 'isolationforest-fastest',
      target: { ratio: 1 / 15 },
    },
  ];
}

export const ROWS: readonly Row[] = [
  { ...beside, name: 'gRPC → anomaly → gRPC', path: GRPC, load: [], target: { ratio: 0.35 } },
  { ...beside, name: 'the same, gzip in', path: GRPC, load: ['--gzip'], target: { ratio: 0.4 } },
  { ...beside, name: 'the same, SDK layout', path: GRPC, load: ['--sdk-layout'], target: { ratio: 0.45 } },
  {
    ...beside,
    name: 'exporter defaults (gzip, queue, retry)',
    path: { ...GRPC, exporterDefaults: true },
    load: [],
    target: { ratio: 0.4 },
  },
  { ...beside, name: 'OTLP/HTTP in and out', path: HTTP, load: ['--http'], target: { ratio: 0.4 } },
  { ...beside, name: 'persistent queue, fsync', path: ON_DISK, load: [], target: { ratio: 0.25 } },
  {
    ...ours,
    name: 'persistent queue against one in memory',
    path: ON_DISK,
    load: [],
    peer: 'pxanomaly',
    peerPath: { ...GRPC, queue: 'memory' },
    target: { ratio: 1.5 },
  },
  ...besideForest('', []),
  ...besideForest(', 100 rows a request, one in flight', small),
  { ...beside, name: 'resident memory, 4,000 edges', path: GRPC, load: [], measure: 'memory', target: { more: 60 } },
  {
    ...ours,
    name: 'cost a point, 100,000 series against 10',
    path: HUNDRED_THOUSAND,
    load: ['--series=25000'],
    peer: 'pxanomaly',
    peerLoad: ['--series=10'],
    target: { ratio: 1.5 },
  },
  {
    ...beside,
    name: 'resident memory, 100,000 edges',
    path: HUNDRED_THOUSAND,
    load: ['--series=100000'],
    measure: 'memory',
    warmTicks: 20,
    target: { atMost: 400 },
  },
  {
    ...beside,
    name: 'acknowledgement under half load, p99',
    path: GRPC,
    load: [],
    measure: 'p99',
    share: 0.5,
    target: { ratio: 1 },
  },
];
