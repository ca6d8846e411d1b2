// Decodes what a scanned row consists of, by the byte ranges that the kernel reports: once a series, never on the hot path.
import { opentelemetry } from '#proto';
import type { RowRanges } from '../../../kernel/face.js';
import { type Attributes, bounded, NO_ATTRIBUTES, readAttributes } from './attributes.js';
import type { DataKind, MetricMeta } from './rules.js';

const { metrics, resource, common } = { ...opentelemetry.proto };
type Range = readonly [number, number];

/** A data point with everything that it is known by. */
export interface Row {
  readonly metric: MetricMeta;
  readonly resource: Attributes;
  readonly scope: Attributes;
  readonly point: Attributes;
  /** The point says since when it counts. */
  readonly hasStart: boolean;
  /** Resource attributes of the copies that Pixie made of the row. */
  readonly copies: readonly Attributes[];
}

/** Field numbers of Metric.data. */
const DATA: Readonly<Record<number, DataKind>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential_histogram',
  11: 'summary',
};

const POINT = {
  gauge: metrics.v1.NumberDataPoint,
  sum: metrics.v1.NumberDataPoint,
  histogram: metrics.v1.HistogramDataPoint,
  exponential_histogram: metrics.v1.ExponentialHistogramDataPoint,
  summary: metrics.v1.SummaryDataPoint,
} as const;

const text = new TextDecoder();

/** Reads rows of one request body. Neighbours share their resource and scope, so the last ones are kept. */
export class RowReader {
  readonly body: Uint8Array;
  readonly #resource = remembered((bytes) => readAttributes(resource.v1.Resource.decode(bytes).attributes));
  readonly #scope = remembered((bytes) => common.v1.InstrumentationScope.decode(bytes));

  constructor(body: Uint8Array) {
    this.body = body;
  }

  read(ranges: RowRanges): Row {
    const scope = this.#scope(this.body, ranges.scope);
    const data = DATA[ranges.data] ?? 'gauge';
    const point = POINT[data].decode(this.#slice(ranges.point));
    return {
      metric: {
        name: bounded(text.decode(this.#slice(ranges.name))),
        unit: bounded(text.decode(this.#slice(ranges.unit))),
        scope: bounded(scope.name),
        data,
        temporality: ranges.temporality,
        monotonic: ranges.isMonotonic,
      },
      resource: this.#resource(this.body, ranges.resource),
      scope: scope.attributes.length === 0 ? NO_ATTRIBUTES : readAttributes(scope.attributes),
      point: readAttributes(point.attributes),
      hasStart: !point.startTimeUnixNano.isZero(),
      copies: ranges.copies.map((range) => readAttributes(resource.v1.Resource.decode(this.#slice(range)).attributes)),
    };
  }

  #slice([start, end]: Range): Uint8Array {
    return this.body.subarray(start, end);
  }
}

/** `decode` of a range, kept until another range is asked for. */
function remembered<T>(decode: (bytes: Uint8Array) => T): (body: Uint8Array, range: Range) => T {
  let start = -1;
  let end = -1;
  let value: T;
  return (body, range) => {
    if (range[0] !== start || range[1] !== end) {
      [start, end] = range;
      value = decode(body.subarray(start, end));
    }
    return value;
  };
}
