// Notices requests that Pixie has cut off at its row limit.
import protobuf from 'protobufjs/minimal.js';

/** Pixie's default of max_output_rows_per_table. It says nothing where it cuts. */
export const ROW_LIMIT = 10_000;

const RESOURCE_METRICS = 0x0a;

/**
 * Resource blocks of a metrics request, which are Pixie's rows; 0 where it has too few data points for the limit: a row
 * has one at least.
 */
export function countRows(body: Uint8Array, points: number): number {
  if (points < ROW_LIMIT) return 0;
  const reader = protobuf.Reader.create(body);
  let rows = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === RESOURCE_METRICS) rows++;
    reader.skipType(tag & 7);
  }
  return rows;
}

/**
 * Whether it is exactly the limit, the copies of rows that Pixie made afterwards taken off. `points` and `copies`: data
 * points.
 */
export function isTruncated(rows: number, points: number, copies: number): boolean {
  if (rows < ROW_LIMIT || points === 0) return false;
  return Math.round(rows - (copies * rows) / points) === ROW_LIMIT;
}
