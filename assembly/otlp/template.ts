// How a template lies in memory.

@unmanaged
export class Template {
  /** Fingerprint: both passes. */
  first: u64;
  second: u64;
  bytes: u16;
  holes: u16;
  points: u16;
  metrics: u16;
  /** Of the resource within its field. */
  resourceStart: u16;
  resourceEnd: u16;
  pad: u32;
}

/** A point of a template. Offsets count from the start of the ResourceMetrics; 0 for a field: it is not on the wire. */
@unmanaged
export class TemplateRow {
  hash: u64;
  time: u16;
  startTime: u16;
  value: u16;
  count: u16;
  pointStart: u16;
  pointEnd: u16;
  /** Number of its metric within the ResourceMetrics. */
  metric: u16;
  isInteger: u16;
  flags: u32;
  /** Slot of its series when it was last looked up: a guess. */
  series: i32;
}
/** A record of a metric: the words of a MetricSpan, narrow. */
export const NARROW_METRIC: usize = 24;

// @ts-ignore: decorator
@inline
export function holesOf(template: Template): usize {
  return changetype<usize>(template) + offsetof<Template>();
}

// @ts-ignore: decorator
@inline
export function rowsOf(template: Template): usize {
  return holesOf(template) + (((<usize>template.holes << 1) + 7) & ~7);
}

// @ts-ignore: decorator
@inline
export function metricsOf(template: Template): usize {
  return rowsOf(template) + <usize>template.points * offsetof<TemplateRow>();
}

/** Those of a ResourceMetrics that is kept. */
export const MOST_POINTS: i32 = 128;
export const MOST_HOLES: i32 = 1024;
