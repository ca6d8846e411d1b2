// What a benchmark of ours says: one line of the JSON and of the printed table.
import { type Spread, spread } from './spread.js';

export interface Result {
  readonly suite: string;
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  /** Highest median that meets the target of the performance goals. */
  readonly atMost?: number;
}

const NANOS_A_MICRO = 1e3;

/** Wall time of a call, µs: how long it held the event loop. */
export function timed(work: () => void): number {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin) / NANOS_A_MICRO;
}

/** CPU time of a call over all threads, µs: what else the machine does counts little. */
export function cpuOf(work: () => void): number {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return user + system;
}

/**
 * Median and spread of the CPU time, µs, of `rounds` calls of `work`, each divided by `units`; one more call warms up.
 */
export function repeated(rounds: number, units: number, work: () => void): Spread {
  return inTurns(rounds, [{ units, work }])[0]!;
}

/** Work to be measured in turn with others; `units`: what its time is divided by. */
export interface Turn {
  readonly units: number;
  readonly work: () => void;
}

/** `repeated` of several works, in turns: what slows the machine for a while slows all of them. */
export function inTurns(rounds: number, turns: readonly Turn[]): Spread[] {
  for (const { work } of turns) work();
  const taken = turns.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { units, work }] of turns.entries()) taken[i]!.push(cpuOf(work) / units);
  }
  return taken.map(spread);
}
