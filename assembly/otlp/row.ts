// A scanned data point, and the parts around it.

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
  /** Slot of its series; -1: no room, or a copy. Before it is looked up: a guess, -1: none. */
  series: i32;
  flags: u32;
  /** Address of the TemplateRow that keeps the guess for the next time; 0: none does. */
  template: u32;
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
