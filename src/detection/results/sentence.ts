// One English sentence about a finding.
import type { FeatureName } from '../../kernel/api.js';
import { FEATURES } from '../../kernel/api.js';
import { unitFactor } from '../../otlp/units.js';
import { formatService } from '../rules/names.js';
import type { EdgeState } from '../topology/graph.js';
import { type EvidenceBand, isBeyond, risesOf } from './evidence-band.js';
import type { Finding } from './findings.js';
import { durationText, scoreText, valueText } from './values.js';

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

/** Most significant digits that are shown to tell a value from what it is compared with. */
const MOST_DIGITS = 6;

/** "expected 4.5 ms, 3.9 ms to 5.1 ms". */
function expectation({ feature, unit, expected, lower, upper }: EvidenceBand, precision: number): string {
  if (!Number.isFinite(expected)) return '';
  const say = (value: number) => valueText(feature, unit, value, precision);
  const bounds = [
    Number.isFinite(lower) && Number.isFinite(upper) ? `${say(lower)} to ${say(upper)}` : '',
    Number.isFinite(lower) && !Number.isFinite(upper) ? `at least ${say(lower)}` : '',
    !Number.isFinite(lower) && Number.isFinite(upper) ? `at most ${say(upper)}` : '',
  ].join('');
  return ` (expected ${say(expected)}${bounds === '' ? '' : `, ${bounds}`})`;
}

/**
 * Digits with which a reader sees the value beyond what it is compared with; undefined: it is not, or by too little.
 */
function precisionOf(band: EvidenceBand, rises: boolean): number | undefined {
  if (!isBeyond(band, rises)) return undefined;
  const { feature, unit, observed, expected, lower, upper } = band;
  const limits = [expected, rises ? upper : lower].filter(Number.isFinite);
  for (let precision = 3; precision <= MOST_DIGITS; precision++) {
    const say = (value: number) => valueText(feature, unit, value, precision);
    if (limits.every((limit) => say(limit) !== say(observed))) return precision;
  }
  return undefined;
}

/** What an amount belongs to: " in 60 s", " of the requests"; and the span that a mean is of. */
function measureOf(finding: Finding, { feature, unit, windows }: EvidenceBand): string {
  const { windowMs } = finding.edge.group;
  const rate = feature === 'requests' && (unitFactor(unit, 'count')?.perSecond ?? false);
  const amount = feature === 'requests' || (feature === 'bytes' && !unitFactor(unit, 'size')?.perSecond);
  const per = amount && !rate ? ` in ${durationText(windowMs / 1000)}` : '';
  const whole = feature === 'errors' ? ' of the requests' : per;
  return windows === 1 ? whole : `${whole} on average over ${durationText((windows * windowMs) / 1000)}`;
}

/**
 * What the value did: "rose to 300 ms (expected 100 ms, at most 140 ms)". An anomaly that goes on may show nothing in
 * its last window.
 */
function movement(finding: Finding, band: EvidenceBand): string {
  const rises = risesOf(finding.kind) ?? true;
  const precision = precisionOf(band, rises);
  if (precision !== undefined || !Number.isFinite(band.expected)) {
    const value = valueText(band.feature, band.unit, band.observed, precision);
    const told = `${value}${measureOf(finding, band)}${expectation(band, precision ?? 3)}`;
    return `${rises ? 'rose' : 'fell'} to ${told}`;
  }
  return `${rises ? 'rose' : 'fell'} before, and ${verbBe(subjectOf(finding))} near what is expected by now`;
}

/** The body of an edge's event. */
export function findingSentence(finding: Finding): string {
  const where = whereText(finding.edge);
  const score = `score ${scoreText(finding.score)}`;
  if (finding.state === 'resolved') return endSentence(finding);
  if (finding.state === 'returned') return returnSentence(finding);
  if (finding.state === 'gone') return goneSentence(finding);
  if (finding.silent) return `${silentText(finding.edge)}${expectedRequests(finding)}; ${score}.`;
  if (finding.kind === 'traffic_pattern' || !finding.band) {
    const kinds = finding.contributions.slice(0, 2).map(({ kind }) => kind.replaceAll('_', ' '));
    const joint = kinds.length > 0 ? ` (${kinds.join(', ')})` : '';
    return `Traffic ${where} is unusual as a whole${joint}, no single value is; ${score}.`;
  }
  return `${SUBJECT[finding.band.feature]} ${where} ${movement(finding, finding.band)}; ${score}.`;
}

/** The `anomaly.reason` of what is over while edges are as silent as before. */
export const STILL_SILENT = 'still_silent';

/** How an anomaly ended: only what was seen to be normal is back to normal. */
function endSentence(finding: Finding): string {
  const { edge, reason, stillSilent, silent } = finding;
  const subject = subjectOf(finding);
  const subjectIs = `${subject} ${whereText(edge)} ${verbBe(subject)}`;
  const age = durationText(finding.durationS);
  const top = `highest score ${scoreText(finding.topScore)}`;
  if (reason) return `${subjectIs} no longer watched after ${age}: ${reason}; ${top}.`;
  if (stillSilent) return `${stillText(edge)}: still silent after ${age}; ${top}.`;
  if (silent) return `${subjectIs} no longer told of after ${age}: no requests, as often before; ${top}.`;
  return `${subjectIs} back to normal after ${age}; ${top}.`;
}

function stillText({ source, destination }: EdgeState): string {
  return source
    ? `${formatService(source)} sends nothing to ${formatService(destination)}`
    : `${formatService(destination)} receives nothing`;
}

function returnSentence({ edge: { source, destination }, durationS }: Finding): string {
  const who = source
    ? `${formatService(source)} sends to ${formatService(destination)} again`
    : `${formatService(destination)} receives requests again`;
  return `${who}, ${durationText(durationS)} after its anomaly began; it had been silent at the end.`;
}

function goneSentence({ edge, durationS, reason }: Finding): string {
  const { source, destination } = edge;
  const what = source
    ? `The edge from ${formatService(source)} to ${formatService(destination)}`
    : formatService(destination);
  const why = reason ? `: ${reason}` : '';
  return `${what} is gone: it never came back in ${durationText(durationS)}, and is no longer watched${why}.`;
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
