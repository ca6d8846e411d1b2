// What the demo says: one readable line for everything that happens, and the summary.
import type { AnomalyEvent } from '../detection/results/read-events.js';
import type { Fault } from '../simulation/faults.js';
import type { Painter } from '../terminal/colour.js';
import { countOf, formatQuantity, formatSeconds } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { DemoAccount, Injection, Verdict } from './account.js';

/** `edge` with the services' bare names: there is only one namespace. */
function edgeOf({ src_service, dst_service }: AnomalyEvent): string {
  return src_service === '' ? dst_service : `${src_service} → ${dst_service}`;
}

const kindOf = ({ kind }: AnomalyEvent): string => kind.replaceAll('_', ' ');

/** `observed 196 ms, expected 58.8 ms, score 0.96`. */
function measured({ observed, expected, unit, score }: AnomalyEvent): string {
  const values =
    observed === undefined || expected === undefined
      ? ''
      : `observed ${formatQuantity(observed, unit)}, expected ${formatQuantity(expected, unit)}, `;
  return `${values}score ${score.toFixed(2)}`;
}

/** Time of day in front, a word for what it is, the text. */
function line(paint: Painter, now: number, word: string, text: string, colour: (text: string) => string): string {
  const clock = new Date(now * 1000).toTimeString().slice(0, 8);
  return `${paint.dim(clock)}  ${colour(word.padEnd(8))}  ${text}`;
}

export class DemoLines {
  constructor(private readonly paint: Painter) {}

  faultBegins(now: number, { name, says }: Fault): string {
    return line(this.paint, now, 'fault', `${this.paint.bold(name)}: ${says}`, this.paint.yellow);
  }

  faultEnds(now: number, { fault, foundAfter }: Injection): string {
    const missed = fault.expected && foundAfter === undefined ? ', and was not found' : '';
    const quiet = fault.expected ? '' : ', below the alert level';
    return line(this.paint, now, 'over', `${this.paint.bold(fault.name)} is over${missed}${quiet}`, this.paint.yellow);
  }

  anomaly(now: number, event: AnomalyEvent, verdict: Verdict, after: number | undefined): string {
    const time = after === undefined ? '' : ` after ${formatSeconds(Math.round(after))}`;
    const text = `${kindOf(event)} ${edgeOf(event)}${time}: ${measured(event)}`;
    const colours = { found: this.paint.green, also: this.paint.green, false: this.paint.red } as const;
    return line(this.paint, now, verdict, text, colours[verdict]);
  }

  resolved(now: number, event: AnomalyEvent): string {
    return line(
      this.paint,
      now,
      'resolved',
      `${kindOf(event)} ${edgeOf(event)} after ${formatSeconds(event.duration ?? 0)}`,
      this.paint.dim,
    );
  }

  incident(now: number, event: AnomalyEvent): string {
    return line(
      this.paint,
      now,
      'incident',
      event.message,
      event.state === 'opened' ? this.paint.bold : this.paint.dim,
    );
  }

  summary({ injections, falseAlarms }: DemoAccount): string[] {
    const rows = injections.map((one) => [one.fault.name, ...outcome(one), pagedText(one)]);
    const wanted = injections.filter((one) => one.fault.expected && !isCutShort(one));
    const found = wanted.map(({ foundAfter }) => foundAfter).filter((after) => after !== undefined);
    const times = [...found].sort((a, b) => a - b);
    const median = times[(times.length - 1) >> 1];
    return [
      ...(rows.length > 0 ? ['', ...formatTable(COLUMNS, rows)] : []),
      '',
      `${countOf(wanted.length, 'fault')} injected that should be found, ${found.length} found` +
        `${median === undefined ? '' : `, half of them within ${formatSeconds(Math.round(median))}`}; ${countOf(falseAlarms, 'false alarm')}.`,
    ];
  }
}

const COLUMNS = [
  { title: 'injected' },
  { title: 'found' },
  { title: 'after', align: 'right' },
  { title: 'paged (an incident)' },
] as const;

/** The demo was ended while the fault lasted, before anything was told of it. */
function isCutShort({ ended, foundAfter }: Injection): boolean {
  return ended === undefined && foundAfter === undefined;
}

function pagedText(injection: Injection): string {
  const { fault, paged } = injection;
  if (!fault.expected || isCutShort(injection)) return paged ? 'yes' : '';
  return paged ? 'yes' : fault.pages ? 'no' : 'an event is enough';
}

function outcome(injection: Injection): [string, string] {
  const { fault, foundAfter } = injection;
  if (!fault.expected) return ['below the alert level', ''];
  if (isCutShort(injection)) return ['ended before', ''];
  return foundAfter === undefined ? ['no', ''] : ['yes', formatSeconds(Math.round(foundAfter))];
}
