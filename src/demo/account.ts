// What was injected and what was found: decides of each event whether it belongs to a fault, and keeps the account for
// the summary.
import type { AnomalyEvent } from '../detection/results/read-events.js';
import type { Fault } from '../simulation/faults.js';

export interface Injection {
  readonly fault: Fault;
  /** Event time, Unix seconds. */
  readonly started: number;
  ended: number | undefined;
  /** Seconds from the fault's start to the event that named it. */
  foundAfter: number | undefined;
  /** An incident was opened for it: somebody is paged. */
  paged: boolean;
}

/** What an event of an anomaly that started means: the fault's own, a consequence of it, or a false alarm. */
export type Verdict = 'found' | 'also' | 'false';

/** Alerts this long after a fault still come from it, seconds. */
const COOL_SECONDS = 120;

export class DemoAccount {
  readonly injections: Injection[] = [];
  falseAlarms = 0;
  /** Open incidents, with the fault that was on when each opened. */
  readonly #incidents = new Map<string, Injection | undefined>();

  begin(fault: Fault, started: number): void {
    this.injections.push({ fault, started, ended: undefined, foundAfter: undefined, paged: false });
  }

  end(now: number): Injection | undefined {
    const injection = this.injections.at(-1);
    if (injection) injection.ended = now;
    return injection;
  }

  get incidentsOpen(): number {
    return this.#incidents.size;
  }

  /**
   * Takes in what became of an incident; one that opens pages for the fault of the time, if that is among its services
   * or named as its likely source, which need not alert itself yet. What the page says is corrected by updates of the
   * same incident, when the services in front are noticed before the one behind.
   */
  incident({ state, incident_id: id, time, services = [], ranking = [] }: AnomalyEvent): void {
    if (state === 'opened') this.#incidents.set(id, this.injections.filter((one) => covers(one, time)).at(-1));
    const injection = this.#incidents.get(id);
    if (state === 'closed') this.#incidents.delete(id);
    const destination = injection?.fault.expected?.destination;
    const named = [...services, ...ranking.slice(0, 1)];
    if (injection && named.some((name) => name.split('/').at(-1) === destination)) injection.paged = true;
  }

  /** Judges an anomaly that started. `now`: event time at which it was told. */
  judge(event: AnomalyEvent, now: number): Verdict {
    // What comes shortly after one fault and during the next belongs to the next.
    const injection = this.injections.filter((one) => covers(one, event.time)).at(-1);
    if (!injection?.fault.expected) {
      this.falseAlarms++;
      return 'false';
    }
    const { destination, kinds } = injection.fault.expected;
    const isNamed = event.dst_service === destination && kinds.some((kind) => kind === event.kind);
    if (!isNamed || injection.foundAfter !== undefined) return 'also';
    injection.foundAfter = now - injection.started;
    return 'found';
  }
}

function covers({ started, ended }: Injection, time: number): boolean {
  return time >= started && time <= (ended ?? Number.POSITIVE_INFINITY) + COOL_SECONDS;
}
