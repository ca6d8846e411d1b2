// Records of the front half. Sizes and offsets that TypeScript needs are exported from here and never typed again there.

/** Bits of `Row.flags`; the low byte is the field number of Metric.data. */
export const enum RowFlag {
  DATA = 0xff,
  /** The point's NO_RECORDED_VALUE flag. */
  NO_VALUE = 0x100,
  /** `value` is on the wire (a gauge's or sum's value; sum of the others). */
  VALUE = 0x200,
  /** `count` exists: histogram, exponential histogram, summary. */
  COUNT = 0x400,
  /** Pixie's copy of the row of an earlier resource. */
  COPY = 0x800,
}

/** A scanned data point: one cache line. Offsets are into the body. */
@unmanaged
export class Row {
  hash: u64;
  time: u64;
  startTime: u64;
  value: f64;
  count: f64;
  pointStart: u32;
  pointEnd: u32;
  /** Number of its MetricSpan. */
  metric: u32;
  /** Slot of its series; -1: not looked up, or no room. */
  series: i32;
  flags: u32;
  pad: u32;
}

/** Where the parts around a scanned data point lie in the body. */
@unmanaged
export class MetricSpan {
  start: u32;
  end: u32;
  nameStart: u32;
  nameEnd: u32;
  unitStart: u32;
  unitEnd: u32;
  resourceStart: u32;
  resourceEnd: u32;
  scopeStart: u32;
  scopeEnd: u32;
  temporality: u32;
  isMonotonic: u32;
}

export const ROW_BYTES: i32 = offsetof<Row>();
export const ROW_POINT: i32 = offsetof<Row>('pointStart');
export const ROW_METRIC: i32 = offsetof<Row>('metric');
export const ROW_SERIES: i32 = offsetof<Row>('series');
export const ROW_FLAGS: i32 = offsetof<Row>('flags');
export const ROW_TIME: i32 = offsetof<Row>('time');
export const ROW_VALUE: i32 = offsetof<Row>('value');
export const ROW_COUNT: i32 = offsetof<Row>('count');
export const ROW_START_TIME: i32 = offsetof<Row>('startTime');
export const ROW_HASH: i32 = offsetof<Row>('hash');
export const ROW_FLAG_COPY: i32 = RowFlag.COPY;
export const ROW_FLAG_NO_VALUE: i32 = RowFlag.NO_VALUE;
export const ROW_FLAG_VALUE: i32 = RowFlag.VALUE;
export const ROW_FLAG_COUNT: i32 = RowFlag.COUNT;
export const METRIC_BYTES: i32 = offsetof<MetricSpan>();
