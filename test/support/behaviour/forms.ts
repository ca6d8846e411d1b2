// A row in the form that a sender gives it: our own gauges, cumulative counters, or what the Collector's connectors
// write.
import { opentelemetry } from '#proto';
import type { ServiceKey } from './notation.js';
import type { Row } from './rows.js';

export const FORMS = ['edge', 'pixie', 'counters', 'servicegraph', 'spanmetrics'] as const;
export type Form = (typeof FORMS)[number];

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
const CUMULATIVE = 2;

type Attributes = Record<string, string | boolean>;

/** A row as it is sent: its own event time and pod. */
export interface SentRow extends Row {
  readonly unixNano: bigint;
  readonly pod: string;
  readonly startUnixNano: bigint;
}

interface Point {
  attributes: object[];
  timeUnixNano: object;
  startTimeUnixNano?: object;
  [value: string]: unknown;
}

/** What cumulative forms have counted so far, by series. */
export type Totals = Map<string, number>;

/** Serialises rows as one metrics request, a row its own resource, as Pixie does. */
export function encodeRequest(rows: readonly SentRow[], form: Form, totals: Totals): Uint8Array {
  const resourceMetrics = rows.map((row) => WRITERS[form](row, totals));
  return MetricsRequest.encode({ resourceMetrics } as never).finish();
}

const WRITERS: Readonly<Record<Form, (row: SentRow, totals: Totals) => object>> = {
  edge: (row) => {
    const attributes = ends(row);
    const metrics = [
      row.latency === undefined ? [] : [gauge('edge.latency', 's', row.latency, row, attributes)],
      row.requests === undefined ? [] : [gauge('edge.requests', '', row.requests, row, attributes)],
      row.errors === undefined ? [] : [gauge('edge.errors', '', row.errors, row, attributes)],
      row.bytes === undefined ? [] : [gauge('edge.bytes', 'By', row.bytes, row, attributes)],
    ].flat();
    return resource({ 'k8s.cluster.name': row.edge.cluster, 'k8s.pod.name': row.pod }, metrics);
  },
  pixie: (row) => {
    const { source, destination } = row.edge;
    const attributes = { 'source.service.name': joined(source) };
    const count = row.requests ?? 0;
    const sum = (row.latency ?? 0) * count * 1e9;
    const point = { ...base(row, attributes), count: whole(count), sum, quantileValues: [] };
    const metrics = [
      { name: 'http.edge.latency', unit: 'ns', summary: { dataPoints: [point] } },
      gauge('http.edge.errors', '', row.errors ?? 0, row, attributes),
      gauge('http.edge.resp_bytes', 'By', Math.round(row.bytes ?? 0), row, attributes),
    ];
    const labels = { 'k8s.pod.name': row.pod, 'px.cluster.id': row.edge.cluster, 'px.cloud.address': 'cloud:443' };
    return resource({ ...labels, 'service.name': joined(destination) }, metrics);
  },
  counters: (row, totals) => {
    const attributes = ends(row);
    const total = (name: string, unit: string, value: number | undefined): object[] =>
      value === undefined ? [] : [sum(name, unit, row, attributes, add(totals, `${row.pod}${row.name}${name}`, value))];
    return resource({ 'k8s.cluster.name': row.edge.cluster, 'k8s.pod.name': row.pod }, [
      ...total('edge.requests', '', row.requests),
      ...total('edge.errors', '', row.errors),
      ...total('edge.bytes', 'By', row.bytes === undefined ? undefined : Math.round(row.bytes)),
    ]);
  },
  servicegraph: (row, totals) => {
    const { source, destination } = row.edge;
    const attributes = { client: joined(source), server: joined(destination), connection_type: '' };
    const errors = row.errors ?? 0;
    const requests = row.requests ?? 0;
    const seconds = (row.latency ?? 0) * requests;
    const key = row.name;
    const metrics = [
      sum(
        'traces_service_graph_request_total',
        '',
        row,
        { ...attributes, failed: false },
        add(totals, `${key}ok`, requests - errors),
      ),
      sum(
        'traces_service_graph_request_total',
        '',
        row,
        { ...attributes, failed: true },
        add(totals, `${key}failed`, errors),
      ),
      histogram(
        'traces_service_graph_request_server',
        row,
        attributes,
        add(totals, `${key}n`, requests),
        add(totals, `${key}s`, seconds),
      ),
    ];
    return resource({ 'k8s.cluster.name': row.edge.cluster }, metrics);
  },
  spanmetrics: (row, totals) => {
    const { source, destination } = row.edge;
    const kind = { 'span.kind': 'SPAN_KIND_CLIENT', 'peer.service': joined(destination) };
    const errors = row.errors ?? 0;
    const requests = row.requests ?? 0;
    const point = (code: string, n: number): object[] => {
      const attributes = { ...kind, 'status.code': code };
      const count = add(totals, `${row.name}${code}`, n);
      const seconds = add(totals, `${row.name}${code}s`, (row.latency ?? 0) * n);
      return [
        sum('traces.span.metrics.calls', '', row, attributes, count),
        histogram('traces.span.metrics.duration', row, attributes, count, seconds),
      ];
    };
    const metrics = [...point('STATUS_CODE_UNSET', requests - errors), ...point('STATUS_CODE_ERROR', errors)];
    return resource({ 'k8s.cluster.name': row.edge.cluster, 'service.name': joined(source) }, metrics);
  },
};

function ends({ edge: { source, destination } }: Row): Attributes {
  const from = source ? { src_service: source.name, src_namespace: source.namespace } : {};
  return { ...from, dst_service: destination.name, namespace: destination.namespace };
}

function joined(service: ServiceKey | undefined): string {
  if (!service) return '';
  return service.namespace ? `${service.namespace}/${service.name}` : service.name;
}

function add(totals: Totals, key: string, value: number): number {
  const total = (totals.get(key) ?? 0) + value;
  totals.set(key, total);
  return total;
}

function resource(attributes: Attributes, metrics: object[]): object {
  return { resource: { attributes: keyValues(attributes) }, scopeMetrics: [{ metrics }] };
}

function gauge(name: string, unit: string, asDouble: number, row: SentRow, attributes: Attributes): object {
  return { name, unit, gauge: { dataPoints: [{ ...base(row, attributes), asDouble }] } };
}

function sum(name: string, unit: string, row: SentRow, attributes: Attributes, asDouble: number): object {
  const point = { ...base(row, attributes), startTimeUnixNano: fixed64(row.startUnixNano), asDouble };
  return { name, unit, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [point] } };
}

function histogram(name: string, row: SentRow, attributes: Attributes, count: number, total: number): object {
  const point = {
    ...base(row, attributes),
    startTimeUnixNano: fixed64(row.startUnixNano),
    count: whole(count),
    sum: total,
  };
  return { name, unit: 's', histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } };
}

function base(row: SentRow, attributes: Attributes): Point {
  return { attributes: keyValues(attributes), timeUnixNano: fixed64(row.unixNano) };
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
  }));
}

/** What protobufjs writes as 64 bits, without the library that its types ask for. */
function fixed64(value: bigint): object {
  return { low: Number(value & 0xffffffffn) | 0, high: Number(value >> 32n) | 0, unsigned: true };
}

function whole(value: number): object {
  return fixed64(BigInt(Math.round(value)));
}
