// One thing that the doctor looked at, and what came of it.

export type CheckOutcome = 'ok' | 'warn' | 'fail';

export interface Check {
  /** What was looked at: `receiver otlp (grpc)`. */
  readonly hop: string;
  readonly outcome: CheckOutcome;
  readonly found: string;
  /** What to do about it; '' where nothing. */
  readonly advice: string;
}

export const ok = (hop: string, found: string): Check => ({ hop, outcome: 'ok', found, advice: '' });
export const warn = (hop: string, found: string, advice: string): Check => ({ hop, outcome: 'warn', found, advice });
export const fail = (hop: string, found: string, advice: string): Check => ({ hop, outcome: 'fail', found, advice });
