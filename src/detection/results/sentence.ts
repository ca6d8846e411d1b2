// One English sentence about a finding.
import type { FeatureName } from '../../kernel/api.js';
import { FEATURES } from '../../kernel/api.js';
import { unitFactor } from '../../otlp/units.js';
import { formatService } from '../rules/names.js';
import type { EdgeState } from '../topology/graph.js';
import type { Finding, ReceivedBand } from './findings.js';

const SUBJECT: Readonly<Record<FeatureName, string>> = {
  latency: 'Latency',
  requests: 'Requests',
  errors: 'Errors',
  bytes: 'Bytes',
};

/** "from a to b", or "of b" where no source is known. */
export function whereText({ source, destination }: Pick<EdgeState, 'source' | 'destination'>): string {
  return source ? `from ${formatService(source)} to ${formatService(destination)}` : `of ${formatService(destination)}`;
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** Two digits, three near 1, never rounded up to it. */
export function scoreText(score: number): string {
  return score < 0.995 ? score.toFixed(2) : (Math.floor(Math.min(score, 0.9999) * 1000) / 1000).toFixed(3);
}

/** A duration for people: "40 s", "12 min", "3.5 h". */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${digits(seconds)} s`;
  if (seconds < 7200) return `${digits(seconds / 60)} min`;
  return `${digits(seconds / 3600)} h`;
}

/** A time in seconds in the unit that reads best. */
function timeText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 1 || size === 0) return `${digits(seconds)} s`;
  if (size >= 1e-3) return `${digits(seconds * 1e3)} ms`;
  return size >= 1e-6 ? `${digits(seconds * 1e6)} µs` : `${digits(seconds * 1e9)} ns`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function sizeText(bytes: number): string {
  let index = 0;
  while (Math.abs(bytes) >= 1000 && index < SIZES.length - 1) {
    bytes /= 1000;
    index++;
  }
  return `${digits(bytes)} ${SIZES[index]}`;
}

/** A value as received, for people. */
export function valueText(feature: FeatureName, unit: string, value: number): string {
  switch (feature) {
    case 'latency':
      return timeText(value * (unitFactor(unit, 'time')?.factor ?? 1));
    case 'bytes': {
      const size = unitFactor(unit, 'size');
      return size ? `${sizeText(value * size.factor)}${size.perSecond ? '/s' : ''}` : `${digits(value)} ${unit}`;
    }
    case 'errors':
      return `${digits(value * (unit === '%' ? 1 : 100))} %`;
    case 'requests': {
      const perSecond = unitFactor(unit, 'count')?.perSecond ?? false;
      return perSecond ? `${digits(value * (unitFactor(unit, 'count')?.factor ?? 1))} a second` : digits(value);
    }
  }
}

/** "expected 4.5 ms, 3.9 ms to 5.1 ms". */
function expectation({ feature, unit, expected, lower, upper }: ReceivedBand): string {
  if (!Number.isFinite(expected)) return '';
  const say = (value: number) => valueText(feature, unit, value);
  const bounds = [
    Number.isFinite(lower) && Number.isFinite(upper) ? `${say(lower)} to ${say(upper)}` : '',
    Number.isFinite(lower) && !Number.isFinite(upper) ? `at least ${say(lower)}` : '',
    !Number.isFinite(lower) && Number.isFinite(upper) ? `at most ${say(upper)}` : '',
  ].join('');
  return ` (expected ${say(expected)}${bounds === '' ? '' : `, ${bounds}`})`;
}

/** What the value did, with the window that amounts belong to. */
function movement(finding: Finding, band: ReceivedBand): string {
  const rises = finding.kind.endsWith('spike');
  const window = durationText(finding.edge.group.windowMs / 1000);
  const amount = band.feature === 'requests' || (band.feature === 'bytes' && !unitFactor(band.unit, 'size')?.perSecond);
  const rate = band.feature === 'requests' && (unitFactor(band.unit, 'count')?.perSecond ?? false);
  const per = amount && !rate ? ` in ${window}` : '';
  const whole = band.feature === 'errors' ? ' of the requests' : per;
  const verb = rises ? 'rose to' : 'fell to';
  return `${verb} ${valueText(band.feature, band.unit, band.observed)}${whole}${expectation(band)}`;
}

/** The body of an edge's event. */
export function findingSentence(finding: Finding): string {
  const where = whereText(finding.edge);
  const score = `score ${scoreText(finding.score)}`;
  if (finding.state === 'resolved') {
    const subject = subjectOf(finding);
    if (finding.reason)
      return `${subject} ${where} ${verbBe(subject)} no longer watched after ${durationText(finding.durationS)}: ${finding.reason}; highest score ${scoreText(finding.topScore)}.`;
    return `${subject} ${where} ${verbBe(subject)} back to normal after ${durationText(finding.durationS)}; highest score ${scoreText(finding.topScore)}.`;
  }
  if (finding.silent) return `${silentText(finding.edge)}${expectedRequests(finding)}; ${score}.`;
  if (finding.kind === 'traffic_pattern' || !finding.band) {
    const kinds = finding.contributions.slice(0, 2).map(({ kind }) => kind.replaceAll('_', ' '));
    const joint = kinds.length > 0 ? ` (${kinds.join(', ')})` : '';
    return `Traffic ${where} is unusual as a whole${joint}, no single value is; ${score}.`;
  }
  return `${SUBJECT[finding.band.feature]} ${where} ${movement(finding, finding.band)}; ${score}.`;
}

function subjectOf({ kind, band }: Finding): string {
  return kind === 'traffic_pattern' || !band ? 'Traffic' : SUBJECT[band.feature];
}

function verbBe(subject: string): string {
  return subject.endsWith('s') ? 'are' : 'is';
}

function silentText({ source, destination, group }: EdgeState): string {
  const window = durationText(group.windowMs / 1000);
  const who = source
    ? `${formatService(source)} sent nothing to ${formatService(destination)}`
    : `${formatService(destination)} received nothing`;
  return `${who} in ${window}`;
}

function expectedRequests({ band }: Finding): string {
  if (!band || band.feature !== FEATURES[1] || !Number.isFinite(band.expected)) return '';
  const expected = valueText('requests', band.unit, band.expected);
  return ` (expected ${expected} request${expected === '1' ? '' : 's'})`;
}

/** The body of an unexpected edge's event. */
export function unexpectedSentence({ source, destination }: EdgeState, watchedS: number): string {
  const from = source ? formatService(source) : 'somebody';
  return `${from} called ${formatService(destination)} for the first time in ${durationText(watchedS)} of watching.`;
}
