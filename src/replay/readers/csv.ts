// CSV recordings become requests of our own schema (preset `edge`), so that a table takes the same way as what a sender
// sends.
import type { opentelemetry } from '#proto';
import { double, type Template, TemplateWriter, TIME, template } from '../../otlp/template.js';
import { CSV_VALUES, type CsvEdge, CsvRows, readCsv } from './csv-rows.js';
import type { Notes } from './notes.js';
import type { OpenFile } from './open.js';
import type { RecordedRequest, Recording } from './recorded.js';

export { CSV_COLUMNS, type CsvEdge } from './csv-rows.js';

type IMetric = opentelemetry.proto.metrics.v1.IMetric;

export interface CsvRecording extends Recording {
  /** Known once the first request has been read. */
  readonly edges: readonly CsvEdge[];
  /** Most frequent step between the times of the table, seconds; undefined where there is only one time. */
  period(): Promise<number | undefined>;
}

/** Rows of one time go into one request, up to this many. */
const MAX_ROWS = 10_000;
const METRICS = ['edge.latency', 'edge.requests', 'edge.errors', 'edge.bytes'] as const;
const UNITS = ['s', '', '', 'By'] as const;

export function csvRecording(files: readonly OpenFile[], notes: Notes): CsvRecording {
  const rows = new CsvRows();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let emitted = 0;
  let loading: Promise<void> | undefined;
  const load = (): Promise<void> => (loading ??= loadAll(files, rows));
  async function* requests(): AsyncGenerator<RecordedRequest> {
    await load();
    for (const request of requestsOf(rows, (count) => (emitted += count))) yield request;
  }
  return {
    format: 'CSV',
    edges: rows.edges,
    // Parsing and replaying count alike.
    total: 2 * bytes,
    read: () => files.reduce((sum, file) => sum + file.read(), 0) + (bytes * emitted) / Math.max(rows.length, 1),
    period: async () => {
      await load();
      return periodOf(rows);
    },
    requests,
    notes,
    endsWhole: () => !notes.isCut,
  };
}

async function loadAll(files: readonly OpenFile[], rows: CsvRows): Promise<void> {
  for (const file of files) await readCsv(file, rows);
}

function periodOf(rows: CsvRows): number | undefined {
  const order = rows.order();
  const steps = new Map<number, number>();
  for (let i = 1; i < rows.length; i++) {
    const step = rows.time[order ? order[i]! : i]! - rows.time[order ? order[i - 1]! : i - 1]!;
    const rounded = Math.round(step * 1000) / 1000;
    if (rounded > 0) steps.set(rounded, (steps.get(rounded) ?? 0) + 1);
  }
  const [most] = [...steps].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return most?.[0];
}

const BITS = 1 << CSV_VALUES;

function* requestsOf(rows: CsvRows, count: (rows: number) => void): Generator<RecordedRequest> {
  const order = rows.order();
  const writer = new TemplateWriter();
  const templates: Template[] = [];
  let inRequest = 0;
  let last = Number.NaN;
  const take = (): RecordedRequest => {
    count(inRequest);
    inRequest = 0;
    return { signal: 'metrics', body: writer.take() };
  };
  for (let i = 0; i < rows.length; i++) {
    const row = order ? order[i]! : i;
    const time = rows.time[row]!;
    if (inRequest > 0 && (time !== last || inRequest === MAX_ROWS)) yield take();
    last = time;
    inRequest++;
    const values = rows.values.subarray(row * CSV_VALUES, (row + 1) * CSV_VALUES);
    const present = presentIn(values);
    if (present === 0) continue;
    const key = rows.edge[row]! * BITS + present;
    templates[key] ??= rowTemplate(rows.edges[rows.edge[row]!]!, present);
    writer.append(templates[key], nanosOf(time), values);
  }
  if (inRequest > 0) yield take();
}

/** Microseconds survive: a double holds today's Unix seconds to a quarter of one. */
function nanosOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}

/** Bit i: value i is there. */
function presentIn(values: Float64Array): number {
  let present = 0;
  for (let i = 0; i < CSV_VALUES; i++) if (!Number.isNaN(values[i]!)) present |= 1 << i;
  return present;
}

/** Both services are of the row's namespace, unless their names say otherwise (`other/name`). */
function rowTemplate({ cluster, namespace, source, destination }: CsvEdge, present: number): Template {
  const attributes = Object.entries({
    src_service: source,
    dst_service: destination,
    src_namespace: namespace,
    namespace,
  }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const metrics = METRICS.flatMap((name, i): IMetric[] =>
    present & (1 << i)
      ? [{ name, unit: UNITS[i]!, gauge: { dataPoints: [{ attributes, timeUnixNano: TIME, asDouble: double(i) }] } }]
      : [],
  );
  const resource = { attributes: cluster === '' ? [] : [{ key: 'px.cluster.id', value: { stringValue: cluster } }] };
  return template({ resource, scopeMetrics: [{ metrics }] });
}
