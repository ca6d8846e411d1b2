// What a PxL script exports, read from its text, and what Pixie's sink would send for rows of its columns.
import { opentelemetry } from '#proto';

const MetricsRequest = opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'Summary' | 'Gauge';
  readonly columns: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Export {
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
}

/** Values by column of the script. */
export type PxlRow = Readonly<Record<string, string | number>>;

/** The `px.otel.Data` of a script; throws where it has none. */
export function parseExport(script: string): Export {
  const data = script.slice(script.indexOf('px.export('));
  const resource = /resource=\{([\s\S]*?)\n {4}\}/.exec(data)?.[1];
  if (resource === undefined) throw new SyntaxError('the script exports nothing');
  const blocks = data.matchAll(/px\.otel\.metric\.(Summary|Gauge)\(([\s\S]*?)\n {8}\)/g);
  const metrics = [...blocks].map(([, kind, block = '']) => parseMetric(kind as Metric['kind'], block));
  return { resource: columnsIn(resource), metrics };
}

function parseMetric(kind: Metric['kind'], block: string): Metric {
  const [own = '', rest = ''] = block.split('attributes={');
  const columns = Object.fromEntries(
    [...own.matchAll(/(value|count|sum)=df\.(\w+)/g)].map(([, key, column]) => [key, column]),
  );
  return {
    kind,
    name: /name='([^']+)'/.exec(own)?.[1] ?? '',
    unit: /unit='([^']+)'/.exec(own)?.[1] ?? '',
    columns: columns as Record<string, string>,
    attributes: columnsIn(rest),
  };
}

function columnsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/'([^']+)': df\.(\w+)/g)].map(([, key, column]) => [key as string, column as string]),
  );
}

/** Columns whose semantic type is a service's name: sent last, and once for each service of the pod. */
const SERVICE_COLUMNS = new Set(['destination_service']);

/** One Export of Pixie: a ResourceMetrics for each row and service of it. */
export function sinkRequest(script: Export, rows: readonly PxlRow[], unixNano: bigint): Uint8Array {
  const resourceMetrics = rows.flatMap((row) =>
    servicesOf(row).map((service) => ({
      resource: { attributes: resourceAttributes(script, row, service) },
      scopeMetrics: [{ metrics: script.metrics.map((metric) => metricOf(metric, row, unixNano)) }],
    })),
  );
  return MetricsRequest.encode(MetricsRequest.fromObject({ resourceMetrics })).finish();
}

function servicesOf({ destination_service: text = '' }: PxlRow): string[] {
  return String(text).startsWith('[') ? (JSON.parse(String(text)) as string[]) : [String(text)];
}

function resourceAttributes({ resource }: Export, row: PxlRow, service: string): object[] {
  const entries = Object.entries(resource);
  const plain = entries.filter(([, column]) => !SERVICE_COLUMNS.has(column));
  const services = entries.filter(([, column]) => SERVICE_COLUMNS.has(column));
  return [
    ...plain.map(([key, column]) => keyValue(key, row[column] ?? '')),
    keyValue('px.cloud.address', 'withpixie.ai:443'),
    ...services.map(([key]) => keyValue(key, service)),
  ];
}

function metricOf({ kind, name, unit, columns, attributes }: Metric, row: PxlRow, unixNano: bigint): object {
  const point = {
    attributes: Object.entries(attributes).map(([key, column]) => keyValue(key, row[column] ?? '')),
    timeUnixNano: unixNano.toString(),
  };
  const number = (column = ''): number => Number(row[column] ?? 0);
  if (kind === 'Gauge') return { name, unit, gauge: { dataPoints: [{ ...point, asInt: number(columns.value) }] } };
  return {
    name,
    unit,
    summary: { dataPoints: [{ ...point, count: number(columns.count), sum: number(columns.sum) }] },
  };
}

function keyValue(key: string, value: string | number): object {
  return { key, value: typeof value === 'number' ? { intValue: value } : { stringValue: value } };
}
