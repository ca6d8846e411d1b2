// What all types of data points share: where they stand, and how one becomes a row.
import { attributesHash } from './attributes';
import { addPoint, body, metrics } from './rows';

/** Messages above a point: request, resource, scope, metric, data. */
export const POINT_DEPTH = 5;
/** DataPointFlags: no value was recorded. */
export const NO_RECORDED_VALUE: u64 = 1;

/** `identity`: hash of resource and scope; the metric's own is added when the metric ends. `flags`: RowFlag. */
export function recordPoint(
  start: usize,
  end: usize,
  time: u64,
  startTime: u64,
  value: f64,
  count: f64,
  flags: u32,
  identity: u64,
): void {
  const row = addPoint();
  if (!row) return;
  row.hash = attributesHash() ^ identity;
  row.time = time;
  row.startTime = startTime;
  row.value = value;
  row.count = count;
  row.pointStart = <u32>(start - body);
  row.pointEnd = <u32>(end - body);
  row.metric = metrics;
  row.series = -1;
  row.flags = flags;
  row.template = 0;
}
