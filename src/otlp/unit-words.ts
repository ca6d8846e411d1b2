// Words that stand for units: what Prometheus puts behind the name of a metric, and what clients abbreviate.

// -- names

/** What a name ends in, and the unit that it stands for: Prometheus' words first, then what clients abbreviate. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['nanoseconds', 'ns'],
  ['microseconds', 'us'],
  ['milliseconds', 'ms'],
  ['seconds', 's'],
  ['minutes', 'min'],
  ['hours', 'h'],
  ['days', 'd'],
  ['bytes', 'By'],
  ['kilobytes', 'kBy'],
  ['megabytes', 'MBy'],
  ['gigabytes', 'GBy'],
  ['kibibytes', 'KiBy'],
  ['mebibytes', 'MiBy'],
  ['gibibytes', 'GiBy'],
  ['bits', 'bit'],
  ['ratio', '1'],
  ['percent', '%'],
  ['ns', 'ns'],
  ['nanos', 'ns'],
  ['us', 'us'],
  ['micros', 'us'],
  ['ms', 'ms'],
  ['msec', 'ms'],
  ['millis', 'ms'],
  ['secs', 's'],
  ['sec', 's'],
]);

/** Further words, of metrics that no translation for Prometheus has made. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['nanosecond', 'ns'],
  ['nanosec', 'ns'],
  ['nsec', 'ns'],
  ['microsecond', 'us'],
  ['microsec', 'us'],
  ['usec', 'us'],
  ['usecs', 'us'],
  ['micro', 'us'],
  ['millisecond', 'ms'],
  ['millisec', 'ms'],
  ['millisecs', 'ms'],
  ['msecs', 'ms'],
  ['milli', 'ms'],
  ['second', 's'],
  ['minute', 'min'],
  ['mins', 'min'],
  ['hour', 'h'],
  ['day', 'd'],
  ['byte', 'By'],
  ['octet', 'By'],
  ['octets', 'By'],
  ['kilobyte', 'kBy'],
  ['megabyte', 'MBy'],
  ['gigabyte', 'GBy'],
  ['kb', 'kBy'],
  ['mb', 'MBy'],
  ['gb', 'GBy'],
  ['kibibyte', 'KiBy'],
  ['mebibyte', 'MiBy'],
  ['gibibyte', 'GiBy'],
  ['kib', 'KiBy'],
  ['mib', 'MiBy'],
  ['gib', 'GiBy'],
  ['percentage', '%'],
  ['pct', '%'],
  ['rps', '1/s'],
  ['qps', '1/s'],
  ['rpm', '1/min'],
]);

/** The unit that a word stands for, in any case of its letters; '' where it stands for none. */
export function unitOfWord(word: string): string {
  const lower = word.toLowerCase();
  return WORDS.get(lower) ?? OTHER_WORDS.get(lower) ?? '';
}

/** The words that a Prometheus name may carry for its unit, for patterns. */
export const UNIT_WORDS: readonly string[] = [...WORDS.keys()];

/** The word that Prometheus puts behind a name for a unit; '' where it puts none. */
export function wordOfUnit(unit: string): string {
  for (const [word, known] of WORDS) if (known === unit && unit !== '1') return word;
  return '';
}
