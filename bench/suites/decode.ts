// What a data point costs from bytes to its window: walk, hash, look-up and fold in the kernel, beside protobufjs on
// the same bytes.
import { opentelemetry } from '#proto';
import type { KernelOptions } from '../../src/kernel/api.js';
import { Role, SeriesType } from '../../src/kernel/api.js';
import { Kernel } from '../../src/kernel/kernel.js';
import { cpuOf, type Result, repeated } from '../result.js';
import { spread } from '../spread.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;

const ROWS = 1000;
const METRICS = ['http.edge.latency', 'http.edge.requests', 'http.edge.errors', 'http.edge.bytes'];
const ROLES = [Role.LATENCY_LEVEL, Role.REQUESTS, Role.ERRORS, Role.BYTES];
const WINDOW = 10_000_000_000n;
/** Stands for every point's time in the encoded template. */
const MARK = 0x1122_3344_5566_7788n;
const START = 1_700_000_000_000_000_000n;

const OPTIONS: KernelOptions = {
  maxSeries: 400_000,
  maxEdges: 100_000,
  maxServices: 10_000,
  maxGroups: 4,
  maxFeeds: 16,
  inputLimitBytes: 64 << 20,
  hashSeed: 1n,
  seed: 1,
  forest: { enabled: false, trees: 100, subsample: 256, reservoir: 4096, period: 2048, first: 512, refresh: 360 },
};

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

function point(row: number): object {
  const ends = [text('src_service', `svc-${row % 997}`), text('dst_service', `svc-${row % 991}-${row}`)];
  return {
    timeUnixNano: MARK.toString(),
    asDouble: 1 + (row % 97) / 7,
    attributes: [...ends, text('namespace', `team-${row % 12}`), text('pod', `svc-${row % 997}-6c9f5b7d4f-${row}`)],
  };
}

/** One resource a row, one point a metric: as Pixie exports. */
function pixieLayout(first: number): object[] {
  return Array.from({ length: ROWS }, (_, i) => ({
    resource: {
      attributes: [
        text('service.name', `team-${i % 12}/svc-${first + i}`),
        text('k8s.namespace.name', `team-${i % 12}`),
        text('k8s.pod.name', `svc-${(first + i) % 997}-6c9f5b7d4f-${first + i}`),
        text('k8s.node.name', `node-${i % 64}`),
        text('k8s.cluster.name', 'prod-eu-1'),
        text('px.cluster.id', '5e1f0a52-41cf-4a68-9d51-b2a3b8a6f1d0'),
      ],
    },
    scopeMetrics: [{ metrics: METRICS.map((name) => ({ name, gauge: { dataPoints: [point(first + i)] } })) }],
  }));
}

/** One resource, many points a metric: as SDKs and the Collector's connectors export. */
function sdkLayout(first: number): object[] {
  const dataPoints = Array.from({ length: ROWS }, (_, i) => point(first + i));
  const metrics = METRICS.map((name) => ({ name, gauge: { dataPoints } }));
  return [{ resource: { attributes: [text('service.name', 'gateway')] }, scopeMetrics: [{ metrics }] }];
}

/** One resource, a histogram with buckets of each row. */
function histogramLayout(first: number): object[] {
  const explicitBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
  const dataPoints = Array.from({ length: ROWS }, (_, i) => {
    const { asDouble, ...rest } = point(first + i) as { asDouble: number };
    const bucketCounts = Array.from({ length: 11 }, (_, bucket) => (i * bucket) % 7);
    return { ...rest, count: '40', sum: asDouble, min: 0.001, max: asDouble, explicitBounds, bucketCounts };
  });
  const metrics = [{ name: 'http.edge.requests', histogram: { dataPoints, aggregationTemporality: 1 } }];
  return [{ resource: { attributes: [text('service.name', 'gateway')] }, scopeMetrics: [{ metrics }] }];
}

interface Template {
  readonly body: Uint8Array;
  readonly times: readonly number[];
}

function template(resourceMetrics: object[]): Template {
  const message = ExportMetricsServiceRequest.fromObject({ resourceMetrics });
  return templateOf(ExportMetricsServiceRequest.encode(message).finish());
}

function templateOf(body: Uint8Array): Template {
  const mark = Buffer.alloc(8);
  mark.writeBigUInt64LE(MARK);
  const bytes = Buffer.from(body);
  const times: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 8)) times.push(at);
  return { body: bytes, times };
}

/** The same resources in another order, as a hash table gives them out; differs from seed to seed. */
function shuffled(first: number, seed: number): Template {
  const fields = pixieLayout(first).map((one) => template([one]).body);
  let state = seed;
  for (let i = fields.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (i + 1));
    [fields[i], fields[other]] = [fields[other]!, fields[i]!];
  }
  return templateOf(Buffer.concat(fields));
}

/** The template's bytes at another time: a new object, as each request is. */
function stamped({ body, times }: Template, time: bigint): Uint8Array {
  const copy = body.slice();
  const view = new DataView(copy.buffer);
  for (const at of times) view.setBigUint64(at, time, true);
  return copy;
}

/**
 * A kernel with one edge a row of the templates, every series bound. Rows of a metric come in the order of the edges.
 */
function boundKernel(templates: readonly Template[], options: KernelOptions): Kernel {
  const kernel = Kernel.create(options);
  const group = kernel.addGroup(WINDOW, WINDOW / 2n);
  const feed = kernel.addFeed(group, false);
  for (const each of templates) {
    const edges = Array.from({ length: ROWS }, () => kernel.addEdge(group, -1, -1, 0));
    const seen = new Map<string, number>();
    const scan = kernel.scan('metrics', stamped(each, START));
    for (const row of scan.unboundRows()) {
      const name = new TextDecoder().decode(each.body.subarray(...scan.ranges(row).name));
      const place = seen.get(name) ?? 0;
      seen.set(name, place + 1);
      const role = ROLES[METRICS.indexOf(name)]!;
      const type = role === Role.LATENCY_LEVEL ? SeriesType.LEVEL : SeriesType.AMOUNT;
      kernel.bindSeries(scan.seriesOf(row), { edge: edges[place]!, feed, rank: 0, type, roles: role, scale: 1 });
    }
  }
  return kernel;
}

interface Case {
  readonly name: string;
  readonly make: (first: number) => object[];
  /** So many take turns, each with series of its own. */
  readonly requests: number;
  /** Resources in another order in each round. */
  readonly isShuffled?: boolean;
  readonly options?: Partial<KernelOptions>;
}

/** Everything from bytes to sums. */
function foldResult({ name, make, requests, isShuffled = false, options = {} }: Case, rounds: number): Result {
  const templates = Array.from({ length: requests }, (_, i) => template(make(i * ROWS)));
  const points = templates.reduce((sum, { times }) => sum + times.length, 0);
  const kernel = boundKernel(templates, { ...OPTIONS, ...options });
  let request = 0;
  const fold = (body: Uint8Array): void => {
    const scan = kernel.scan('metrics', body);
    scan.unboundRows();
    request++;
    const { stop } = scan.fold(0, request, 0n, -1);
    if (stop.reason !== 'done') throw new Error(`the fold stopped: ${stop.reason}`);
  };
  // All in one tick: a millisecond later each time, so that nothing is a duplicate.
  const values = Array.from({ length: rounds + 2 }, (_, round) => {
    const bodies = templates.map((each, i) => {
      const now = isShuffled ? shuffled(i * ROWS, round * requests + i + 1) : each;
      return stamped(now, START + BigInt(round + 1) * 1_000_000n);
    });
    return cpuOf(() => bodies.forEach(fold)) / points;
  });
  const folded = kernel.counts().folded;
  if (folded !== points * (rounds + 2)) throw new Error(`${folded} of ${points * (rounds + 2)} points were folded`);
  const title = `${name}: scan, look-up and fold, ${points} series`;
  return { suite: 'decoding', name: title, unit: 'µs a point', value: spread(values.slice(2)) };
}

/** Requests whose series were never seen before: walked, hashed and admitted. */
function newSeriesResult(rounds: number, options: Partial<KernelOptions>, what: string): Result {
  const kernel = Kernel.create({ ...OPTIONS, ...options });
  const values = Array.from({ length: rounds + 1 }, (_, round) => {
    const bodies = [0, 1].map((i) => template(pixieLayout((2 * round + i) * ROWS)));
    const points = bodies.reduce((sum, { times }) => sum + times.length, 0);
    const work = (body: Uint8Array): void => {
      if (kernel.scan('metrics', body).unboundRows().length !== points / 2) throw new Error('some series are not new');
    };
    return cpuOf(() => bodies.map(({ body }) => work(body))) / points;
  });
  const name = `Pixie layout, ${what}: scan and look-up, every series new`;
  return { suite: 'decoding', name, unit: 'µs a point', value: spread(values.slice(1)) };
}

/** Walk, hash and rows alone; then protobufjs on the same bytes. */
function scanResults(layout: string, make: (first: number) => object[], rounds: number): Result[] {
  const { body, times } = template(make(0));
  const kernel = Kernel.create(OPTIONS);
  const copies = Array.from({ length: 20 }, () => body.slice());
  const scan = repeated(rounds, times.length * copies.length, () => {
    for (const copy of copies) kernel.scan('metrics', copy);
  });
  const decode = repeated(rounds, times.length, () => {
    ExportMetricsServiceRequest.decode(body);
  });
  const size = `${Math.round(body.length / times.length)} bytes a point`;
  const unit = 'µs a point';
  return [
    { suite: 'decoding', name: `${layout}, ${size}: scan in the kernel`, unit, value: scan },
    { suite: 'decoding', name: `${layout}, ${size}: decoded by protobufjs`, unit, value: decode },
  ];
}

const ALL_WALKED = { templateBytes: 0 };

export function decodeResults(rounds: number): Result[] {
  const pixie = { make: pixieLayout, requests: 4 };
  return [
    ...scanResults('Pixie layout', pixieLayout, rounds),
    ...scanResults('SDK layout', sdkLayout, rounds),
    foldResult({ name: 'Pixie layout', make: pixieLayout, requests: 1 }, rounds),
    foldResult({ name: 'Pixie layout', ...pixie }, rounds),
    foldResult({ name: 'Pixie layout, every byte walked', ...pixie, options: ALL_WALKED }, rounds),
    foldResult({ name: 'Pixie layout, any order', ...pixie, isShuffled: true }, rounds),
    foldResult(
      { name: 'Pixie layout, any order, every byte walked', ...pixie, isShuffled: true, options: ALL_WALKED },
      rounds,
    ),
    foldResult({ name: 'Pixie layout', make: pixieLayout, requests: 25 }, rounds),
    newSeriesResult(rounds, {}, 'resources remembered'),
    newSeriesResult(rounds, ALL_WALKED, 'every byte walked'),
    foldResult({ name: 'SDK layout', make: sdkLayout, requests: 25 }, rounds),
    foldResult({ name: 'Histograms of ten bounds', make: histogramLayout, requests: 25 }, rounds),
  ];
}
