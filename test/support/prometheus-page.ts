// A strict reader of Prometheus' text format 0.0.4 and of OpenMetrics 1.0: throws where Prometheus' own parser would,
// or would lose a sample, and where the specification forbids what that parser lets pass.
import assert from 'node:assert/strict';

export interface PageSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** As written. */
  readonly timestamp: string | undefined;
}

export interface PageFamily {
  readonly name: string;
  type: string;
  help: string | undefined;
  unit: string | undefined;
  readonly samples: PageSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const VALUE = /^(?:NaN|[+-]?Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)(?: (\S+))?$/s;
const TYPES = ['gauge', 'counter', 'histogram', 'summary'];

/** Suffixes of the samples of a type. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};
const OPEN_SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  ...SUFFIXES,
  counter: ['_total'],
  info: ['_info'],
};

/** The families in the order of the page. */
export function parsePage(page: string, { openMetrics = false }: { openMetrics?: boolean } = {}): PageFamily[] {
  assert.ok(!page.includes('\0'), 'a zero byte ends the page for Prometheus');
  if (page === '' && !openMetrics) return [];
  assert.ok(page.endsWith('\n'), 'the last line is cut');
  const lines = page.slice(0, -1).split('\n');
  if (openMetrics) assert.equal(lines.pop(), '# EOF');
  const reader = new PageReader(openMetrics);
  for (const line of lines) reader.line(line);
  return reader.end();
}

export const samplesOf = (families: readonly PageFamily[], name: string): PageSample[] =>
  families.flatMap(({ samples }) => samples).filter((sample) => sample.name === name);

class PageReader {
  readonly #open: boolean;
  readonly #families = new Map<string, PageFamily>();
  readonly #series = new Set<string>();
  #last: PageFamily | undefined;

  constructor(open: boolean) {
    this.#open = open;
  }

  line(line: string): void {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+)(?: (.*))?$/s.exec(line) ?? [];
    if (!word) {
      this.#sample(line);
      return;
    }
    const family = this.#begin(name);
    assert.equal(family.samples.length, 0, `${line}: behind samples`);
    if (word === 'HELP') this.#help(family, rest);
    else if (word === 'UNIT') this.#unit(family, rest);
    else this.#type(family, rest);
  }

  end(): PageFamily[] {
    const all = [...this.#families.values()];
    for (const family of all) if (family.type === 'histogram') checkHistogram(family);
    return all;
  }

  #begin(name: string): PageFamily {
    assert.match(name, NAME);
    if (this.#last?.name === name) return this.#last;
    assert.ok(!this.#families.has(name), `family ${name} twice`);
    const family = { name, type: '', help: undefined, unit: undefined, samples: [] };
    this.#families.set(name, family);
    this.#last = family;
    return family;
  }

  #help(family: PageFamily, text: string): void {
    assert.equal(family.help, undefined, `HELP of ${family.name} twice`);
    assert.match(text, this.#open ? /^(?:[^"\\]|\\[\\"n])*$/ : /^(?:[^\\]|\\[\\n])*$/);
    family.help = text;
  }

  #type(family: PageFamily, type: string): void {
    assert.equal(family.type, '', `TYPE of ${family.name} twice`);
    assert.ok((this.#open ? [...TYPES, 'unknown', 'info'] : [...TYPES, 'untyped']).includes(type), `type ${type}`);
    family.type = type;
  }

  #unit(family: PageFamily, unit: string): void {
    assert.ok(this.#open, 'UNIT is OpenMetrics');
    assert.ok(family.name.endsWith(`_${unit}`), `${family.name} does not end with its unit ${unit}`);
    family.unit = unit;
  }

  #sample(line: string): void {
    const [, name = '', labelText = '', value = '', timestamp] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
    const family = this.#last ?? assert.fail(`a sample without a family: ${line}`);
    const suffixes = (this.#open ? OPEN_SUFFIXES : SUFFIXES)[family.type] ?? [''];
    assert.ok(
      suffixes.some((suffix) => name === family.name + suffix),
      `${name} is no sample of the ${family.type} ${family.name}`,
    );
    assert.match(value, VALUE, line);
    if (timestamp !== undefined) assert.match(timestamp, this.#open ? /^\d+(?:\.\d+)?$/ : /^\d+$/, line);
    const labels = labelsOf(labelText, line);
    const identity = JSON.stringify([name, Object.entries(labels).sort()]);
    assert.ok(!this.#series.has(identity), `series twice: ${line}`);
    this.#series.add(identity);
    family.samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')), timestamp });
  }
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    LABEL.lastIndex = at;
    const [whole, name = '', value = ''] = LABEL.exec(text) ?? assert.fail(`labels of ${line}`);
    assert.ok(!(name in labels) && !name.startsWith('__'), `label ${name} of ${line}`);
    labels[name] = value.replace(/\\./g, (sequence) => UNESCAPED[sequence]!);
    at += whole.length;
  }
  return labels;
}

/** Buckets rise, the infinite one is there and is the count. */
function checkHistogram({ name, samples }: PageFamily): void {
  const groups = new Map<string, PageSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    assert.ok(buckets.every(({ labels }) => labels.le !== undefined));
    const bounds = buckets.map(({ labels }) => Number(labels.le!.replace('Inf', 'Infinity')));
    assert.ok(
      bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!),
      `bounds of ${name}: ${bounds}`,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY);
    const values = buckets.map(({ value }) => value);
    assert.ok(values.every((value, i) => i === 0 || value >= values[i - 1]!));
    assert.equal(values.at(-1), group.find((sample) => sample.name === `${name}_count`)?.value);
  }
}
