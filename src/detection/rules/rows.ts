// Decodes what a scanned row consists of, by the byte ranges that the kernel reports: once a series, never on the hot
// path.
import type { RowRanges } from '../../kernel/api.js';
import {
  type Attributes,
  bounded,
  holdsReplacement,
  MAX_STRING,
  REPLACEMENT,
  readAttributes,
  replacedIn,
} from './attributes.js';
import type { DataKind, MetricMeta } from './feature-rule.js';
import { type AttributedTags, readAttributed } from './wire-attributes.js';

type ByteRange = readonly [number, number];

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
  /** A text in which U+FFFD stands for what is no UTF-8. */
  readonly replaced: string | undefined;
}

/** Field numbers of Metric.data. */
const DATA: Readonly<Record<number, DataKind>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential_histogram',
  11: 'summary',
};

const RESOURCE: AttributedTags = { attributes: 0x0a, name: 0, start: 0 };
const SCOPE: AttributedTags = { attributes: 0x1a, name: 0x0a, start: 0 };
const NUMBER_POINT: AttributedTags = { attributes: 0x3a, name: 0, start: 0x11 };
const POINT: Readonly<Record<DataKind, AttributedTags>> = {
  gauge: NUMBER_POINT,
  sum: NUMBER_POINT,
  histogram: { ...NUMBER_POINT, attributes: 0x4a },
  exponential_histogram: { ...NUMBER_POINT, attributes: 0x0a },
  summary: NUMBER_POINT,
};

const text = new TextDecoder();

interface Read {
  readonly attributes: Attributes;
  readonly replaced: string | undefined;
}

function read(list: Parameters<typeof readAttributes>[0], bytes: Uint8Array): Read {
  const attributes = readAttributes(list);
  return { attributes, replaced: replacedIn(attributes, bytes) };
}

/** Reads rows of one request body. Neighbours share their resource and scope, so the last ones are kept. */
export class RowReader {
  readonly body: Uint8Array;
  readonly #resource = remembered((bytes) => read(readAttributed(bytes, RESOURCE).attributes, bytes));
  readonly #scope = remembered((bytes) => {
    const { name, attributes } = readAttributed(bytes, SCOPE);
    return { name: bounded(name), ...read(attributes, bytes) };
  });

  constructor(body: Uint8Array) {
    this.body = body;
  }

  read(ranges: RowRanges): Row {
    const ofResource = this.#resource(this.body, ranges.resource);
    const scope = this.#scope(this.body, ranges.scope);
    const data = DATA[ranges.data] ?? 'gauge';
    const bytes = this.#slice(ranges.point);
    const { attributes, hasStart } = readAttributed(bytes, POINT[data]);
    const point = read(attributes, bytes);
    const name = this.#text(ranges.name);
    return {
      metric: {
        name,
        unit: this.#text(ranges.unit),
        scope: scope.name,
        data,
        temporality: ranges.temporality,
        monotonic: ranges.isMonotonic,
      },
      resource: ofResource.attributes,
      scope: scope.attributes,
      point: point.attributes,
      hasStart,
      copies: ranges.duplicates.map((range) => readAttributes(readAttributed(this.#slice(range), RESOURCE).attributes)),
      replaced: point.replaced ?? ofResource.replaced ?? scope.replaced ?? this.#replacedName(name, ranges.name),
    };
  }

  /** No more of it is looked at than can be kept. */
  #text([start, end]: ByteRange): string {
    return bounded(text.decode(this.body.subarray(start, Math.min(end, start + MAX_STRING + 4))));
  }

  #replacedName(name: string, range: ByteRange): string | undefined {
    return name.includes(REPLACEMENT) && !holdsReplacement(this.#slice(range)) ? name : undefined;
  }

  #slice([start, end]: ByteRange): Uint8Array {
    return this.body.subarray(start, end);
  }
}

/** `decode` of a range, kept until another range is asked for. */
function remembered<T>(decode: (bytes: Uint8Array) => T): (body: Uint8Array, range: ByteRange) => T {
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
