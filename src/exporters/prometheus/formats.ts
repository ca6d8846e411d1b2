// Which form of the page a scraper asks for (RFC 9110, section 12.5.1).

/** As it is sent in Content-Type. */
export type Format = typeof TEXT | typeof OPEN_METRICS;

export const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const OPEN_TYPE = 'application/openmetrics-text';
/** Version 0.0.1 is the draft that became 1.0.0. */
const OPEN_VERSIONS: readonly (string | undefined)[] = [undefined, '1.0.0', '0.0.1'];

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function rangesOf(accept: string): Range[] {
  return accept.split(',').map((range) => {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim());
    const parameters = new Map(rest.map((pair) => pair.split('=', 2)).map(([key, value]) => parameter(key, value)));
    const quality = Number(parameters.get('q') ?? 1);
    return { type: type.toLowerCase(), parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}

const parameter = (key = '', value = ''): [string, string] => [
  key.trim().toLowerCase(),
  value.trim().replace(/^"(.*)"$/, '$1'),
];

const bestOf = (ranges: readonly Range[], fits: (range: Range) => boolean): number =>
  Math.max(0, ...ranges.filter(fits).map(({ quality }) => quality));

/**
 * OpenMetrics for a scraper that names it and does not like the text format more; the text format for everybody else:
 * no answer is worse than one in a form that was not asked for.
 */
export function formatFor(accept: string | undefined): Format {
  const ranges = rangesOf(accept ?? '');
  const open = bestOf(
    ranges,
    ({ type, parameters }) => type === OPEN_TYPE && OPEN_VERSIONS.includes(parameters.get('version')),
  );
  const text = bestOf(ranges, ({ type }) => type === 'text/plain');
  return open > 0 && open >= text ? OPEN_METRICS : TEXT;
}

/** Whether a coding may be used. */
export function takesEncoding(accept: string | undefined, coding: string): boolean {
  return bestOf(rangesOf(accept ?? ''), ({ type }) => type === coding) > 0;
}
