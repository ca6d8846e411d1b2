// Byte ranges of the data points of a metrics request, found with protobufjs: stands in for the kernel's scan in tests of what
// happens to a row afterwards.
import protobuf from 'protobufjs/minimal.js';
import type { RowRanges } from '../../src/kernel/face.js';

type Range = readonly [number, number];

/** Sub-messages of a message by field number, as ranges of the whole body. */
function fields(body: Uint8Array, [start, end]: Range): { field: number; range: Range }[] {
  const reader = protobuf.Reader.create(body);
  reader.pos = start;
  const found: { field: number; range: Range }[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if ((tag & 7) !== 2) {
      reader.skipType(tag & 7);
      continue;
    }
    const length = reader.uint32();
    found.push({ field: tag >>> 3, range: [reader.pos, reader.pos + length] });
    reader.pos += length;
  }
  return found;
}

const of = (body: Uint8Array, range: Range, field: number): Range[] =>
  fields(body, range)
    .filter((f) => f.field === field)
    .map((f) => f.range);

const text = (body: Uint8Array, [start, end]: Range): string =>
  Buffer.from(body.subarray(start, end)).toString('latin1');

interface Block {
  readonly resource: Range;
  readonly rows: RowRanges[];
  readonly metrics: string;
}

/** What tells a metric apart that has neither temporality nor monotonicity, as Pixie's. */
const head = (body: Uint8Array, metric: Range) => ({
  metric,
  name: of(body, metric, 1)[0] ?? ([metric[0], metric[0]] as const),
  unit: of(body, metric, 3)[0] ?? ([metric[0], metric[0]] as const),
  temporality: 0,
  isMonotonic: false,
});

function readBlock(body: Uint8Array, range: Range): Block {
  const resource = of(body, range, 1)[0] ?? [range[0], range[0]];
  const scopes = of(body, range, 2);
  const rows = scopes.flatMap((scopeMetrics) => {
    const scope = of(body, scopeMetrics, 1)[0] ?? ([scopeMetrics[0], scopeMetrics[0]] as const);
    return of(body, scopeMetrics, 2).flatMap((metric) =>
      fields(body, metric)
        .filter(({ field }) => [5, 7, 9, 10, 11].includes(field))
        .flatMap(({ field, range: data }) =>
          of(body, data, 1).map(
            (point): RowRanges => ({ resource, scope, ...head(body, metric), point, data: field, copies: [] }),
          ),
        ),
    );
  });
  return { resource, rows, metrics: scopes.map((scope) => text(body, scope)).join('|') };
}

/** Attributes before the service names, up to and including the address of Pixie's cloud; undefined where there is none. */
function pixieHead(body: Uint8Array, resource: Range): string | undefined {
  const attributes = of(body, resource, 1).map((range) => text(body, range));
  const last = attributes.findIndex((attribute) => attribute.includes('px.cloud.address'));
  return last < 0 ? undefined : attributes.slice(0, last + 1).join('|');
}

/** One entry a data point, copies of a row folded into the first. */
export function requestRows(body: Uint8Array): RowRanges[] {
  const rows: RowRanges[] = [];
  let first: (Block & { copies: Range[] }) | undefined;
  for (const range of of(body, [0, body.length], 1)) {
    const block = readBlock(body, range);
    const head = pixieHead(body, block.resource);
    if (first && head !== undefined && head === pixieHead(body, first.resource) && block.metrics === first.metrics) {
      first.copies.push(block.resource);
      continue;
    }
    const copies: Range[] = [];
    first = { ...block, copies };
    rows.push(...block.rows.map((row) => ({ ...row, copies })));
  }
  return rows;
}
