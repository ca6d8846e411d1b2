// Parses CSV rows of edges and windows into columns: a row an object would take ten times the memory.
import { linesOf } from './lines.js';
import type { OpenFile } from './open.js';
import { RecordingError } from './recorded.js';

/** The header. Columns may stand in any order; `time` and one of the services are needed, others may be missing. */
export const CSV_COLUMNS = [
  'time',
  'cluster',
  'namespace',
  'src_service',
  'dst_service',
  'latency',
  'requests',
  'errors',
  'bytes',
] as const;
type Column = (typeof CSV_COLUMNS)[number];

/** The columns that name an edge. */
const NAMES = ['cluster', 'namespace', 'src_service', 'dst_service'] as const;
/** The columns that hold its window, in the order of `values`. */
const VALUES = ['latency', 'requests', 'errors', 'bytes'] as const;
export const CSV_VALUES: number = VALUES.length;

export interface CsvEdge {
  readonly cluster: string;
  readonly namespace: string;
  readonly source: string;
  readonly destination: string;
}

const FIRST_ROWS = 4096;

/** Rows in columns; grows as they come. */
export class CsvRows {
  length = 0;
  /** Unix seconds. */
  time: Float64Array = new Float64Array(FIRST_ROWS);
  /** Index into `edges`. */
  edge: Int32Array = new Int32Array(FIRST_ROWS);
  /** CSV_VALUES a row; NaN: absent. */
  values: Float64Array = new Float64Array(FIRST_ROWS * CSV_VALUES);
  readonly edges: CsvEdge[] = [];
  private readonly known = new Map<string, number>();
  /** Rows are in the order of time so far. */
  private sorted: boolean = true;

  add(time: number, names: readonly string[], key: string): number {
    if (this.length === this.time.length) this.grow();
    const row = this.length++;
    this.sorted &&= row === 0 || time >= this.time[row - 1]!;
    this.time[row] = time;
    this.edge[row] = this.known.get(key) ?? this.addEdge(names, key);
    return row;
  }

  private addEdge(
    [cluster = '', namespace = '', source = '', destination = '']: readonly string[],
    key: string,
  ): number {
    this.known.set(key, this.edges.length);
    return this.edges.push({ cluster, namespace, source, destination }) - 1;
  }

  private grow(): void {
    const enlarge = <T extends Float64Array | Int32Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.time = enlarge(this.time, new Float64Array(2 * this.time.length));
    this.edge = enlarge(this.edge, new Int32Array(2 * this.edge.length));
    this.values = enlarge(this.values, new Float64Array(2 * this.values.length));
  }

  /** Row numbers in the order of time; rows of one time keep theirs. */
  order(): Uint32Array | undefined {
    if (this.sorted) return undefined;
    const { time } = this;
    return Uint32Array.from({ length: this.length }, (_, i) => i).sort((a, b) => time[a]! - time[b]! || a - b);
  }
}

/** Appends the file's rows; those that are none are in its notes. Throws `RecordingError` where there is no header. */
export async function readCsv(file: OpenFile, rows: CsvRows): Promise<void> {
  let parse: RowParser | undefined;
  let number = 0;
  for await (const { texts, isOpen } of linesOf(file.chunks())) {
    for (const line of texts) {
      number++;
      if (line === '' || line.trim() === '') continue;
      if (!parse) {
        parse = rowParser(file, line, rows);
        continue;
      }
      const problem = parse(line, isOpen);
      if (problem === CUT) file.notes.cut(file.path, 'the last row is cut, and was left out');
      else if (problem) file.notes.skip(file.path, 'row', `line ${number}: ${problem}`);
    }
  }
  if (!parse) throw new RecordingError(file.path, `no header; expected ${CSV_COLUMNS.join(',')}`);
}

const CUT = 'cut';

/** Positions of the columns from the header, -1: missing. */
function columnsOf(file: OpenFile, header: string): Record<Column, number> {
  const titles = fieldsOf(header.replace(/^\ufeff/, '')).map((title) => title.trim().toLowerCase());
  const columns = Object.fromEntries(CSV_COLUMNS.map((name) => [name, titles.indexOf(name)])) as Record<Column, number>;
  const lacking = columns.time < 0 ? 'time' : columns.src_service < 0 && columns.dst_service < 0 ? 'dst_service' : '';
  if (lacking !== '') {
    throw new RecordingError(file.path, `the header has no column ${lacking}; expected ${CSV_COLUMNS.join(',')}`);
  }
  return columns;
}

type RowParser = (line: string, isOpen: boolean) => string | undefined;

/**
 * A function that adds a line's row, and says what is wrong with one that is none. `isOpen`: the file ends without a
 * line feed behind it.
 */
function rowParser(file: OpenFile, header: string, rows: CsvRows): RowParser {
  const columns = columnsOf(file, header);
  const nameAt = NAMES.map((name) => columns[name]);
  const valueAt = VALUES.map((name) => columns[name]);
  const width = fieldsOf(header).length;
  const values = new Float64Array(CSV_VALUES);
  return (line, isOpen) => {
    const fields = fieldsOf(line);
    if (isOpen && fields.length < width) return CUT;
    const time = timeOf(fields[columns.time] ?? '');
    if (!Number.isFinite(time))
      return `time "${fields[columns.time] ?? ''}" is neither Unix seconds nor a date as in 2025-09-15T08:00:00Z`;
    for (let i = 0; i < CSV_VALUES; i++) {
      const text = fields[valueAt[i]!];
      const value = text === undefined || text === '' ? Number.NaN : Number(text);
      if (Number.isNaN(value) && !isAbsent(text)) return `${VALUES[i]} "${text}" is no number`;
      values[i] = value;
    }
    const names = nameAt.map((at) => fields[at] ?? '');
    const row = rows.add(time, names, names.join('\n'));
    rows.values.set(values, row * CSV_VALUES);
    return undefined;
  };
}

/** Seconds, milli-, micro- or nanoseconds since 1970, by their size; as seconds the first bound is in the year 5138. */
const UNIX_UNITS = [1e11, 1e14, 1e17] as const;
const DATE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(\s*(?:Z|UTC|[+-]\d\d:?\d\d))?$/i;

/** Unix seconds; NaN of what is no time. A date without a zone is UTC. */
function timeOf(text: string): number {
  const number = Number(text || Number.NaN);
  if (Number.isFinite(number)) return number / 1000 ** UNIX_UNITS.filter((least) => Math.abs(number) >= least).length;
  const date = DATE.exec(text.trim());
  if (!date) return Number.NaN;
  const zone = date[1] === undefined || /utc/i.test(date[1]) ? 'Z' : date[1].trim();
  const local = text.trim().slice(0, text.trim().length - (date[1] ?? '').length);
  return Date.parse(`${local.replace(' ', 'T').replace(',', '.')}${zone}`) / 1000;
}

const isAbsent = (text: string | undefined): boolean => text === undefined || /^\s*(nan|null|none|)\s*$/i.test(text);

/** Fields of a line (RFC 4180; a field may not hold a line feed). */
export function fieldsOf(line: string): string[] {
  return line.includes('"') ? quotedFields(line) : line.split(',');
}

const FIELD = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;

function quotedFields(line: string): string[] {
  return Array.from(line.matchAll(FIELD), ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain);
}
