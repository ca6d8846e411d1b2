// What a data point costs from bytes to its window: walk, hash, look-up and fold in the kernel, beside protobufjs on the same bytes.
import { opentelemetry } from '#proto';
import type { KernelOptions } from '../../src/kernel/face.js';
import { Role, SeriesType } from '../../src/kernel/face.js';
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

interface Template {
  readonly body: Uint8Array;
  readonly times: readonly number[];
}

function template(resourceMetrics: object[]): Template {
  const message = ExportMetricsServiceRequest.fromObject({ resourceMetrics });
  const body = new Uint8Array(ExportMetricsServiceRequest.encode(message).finish());
  const view = new DataView(body.buffer, body.byteOffset);
  const times: number[] = [];
  for (let i = 0; i + 8 <= body.length; i++) if (view.getBigUint64(i, true) === MARK) times.push(i);
  return { body, times };
}

/** The template's bytes at another time: a new object, as each request is. */
function stamped({ body, times }: Template, time: bigint): Uint8Array {
  const copy = body.slice();
  const view = new DataView(copy.buffer);
  for (const at of times) view.setBigUint64(at, time, true);
  return copy;
}

/** A kernel with one edge a row of the templates, every series bound. Rows of a metric come in the order of the edges. */
function boundKernel(templates: readonly Template[]): Kernel {
  const kernel = Kernel.create(OPTIONS);
  const group = kernel.addGroup(WINDOW, WINDOW / 2n);
  const feed = kernel.addFeed(group, false);
  for (const each of templates) {
    const edges = Array.from({ length: ROWS }, () => kernel.addEdge(group, -1, -1, 0));
    const seen = new Map<string, number>();
    kernel.scan('metrics', stamped(each, START));
    for (const row of kernel.unboundRows()) {
      const name = new TextDecoder().decode(each.body.subarray(...kernel.ranges(row).name));
      const place = seen.get(name) ?? 0;
      seen.set(name, place + 1);
      const role = ROLES[METRICS.indexOf(name)]!;
      const type = role === Role.LATENCY_LEVEL ? SeriesType.level : SeriesType.amount;
      kernel.bindSeries(kernel.seriesOf(row), { edge: edges[place]!, feed, rank: 0, type, roles: role, scale: 1 });
    }
  }
  return kernel;
}

/** Everything from bytes to sums; the series of so many requests take turns. */
function foldResult(layout: string, make: (first: number) => object[], requests: number, rounds: number): Result {
  const templates = Array.from({ length: requests }, (_, i) => template(make(i * ROWS)));
  const points = templates.reduce((sum, { times }) => sum + times.length, 0);
  const kernel = boundKernel(templates);
  let request = 0;
  const fold = (body: Uint8Array): void => {
    kernel.scan('metrics', body);
    kernel.unboundRows();
    request++;
    const stop = kernel.fold(0, request, 0n, -1);
    if (stop.reason !== 'done') throw new Error(`the fold stopped: ${stop.reason}`);
  };
  let bodies: Uint8Array[] = [];
  // All in one tick: a millisecond later each time, so that nothing is a duplicate.
  const values = Array.from({ length: rounds + 1 }, (_, round) => {
    bodies = templates.map((each) => stamped(each, START + BigInt(round + 1) * 1_000_000n));
    return cpuOf(() => bodies.forEach(fold)) / points;
  });
  const folded = kernel.counts().folded;
  if (folded !== points * (rounds + 1)) throw new Error(`${folded} of ${points * (rounds + 1)} points were folded`);
  const name = `${layout}: scan, look-up and fold, ${points} series`;
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

export function decodeResults(rounds: number): Result[] {
  return [
    ...scanResults('Pixie layout', pixieLayout, rounds),
    ...scanResults('SDK layout', sdkLayout, rounds),
    foldResult('Pixie layout', pixieLayout, 1, rounds),
    foldResult('Pixie layout', pixieLayout, 25, rounds),
    foldResult('SDK layout', sdkLayout, 25, rounds),
  ];
}
