// What can go wrong in the shop, and what of it should be noticed where.
import type { KINDS } from '../kernel/api.js';

export type AnomalyKind = Exclude<(typeof KINDS)[number], ''> | 'unexpected_edge';

/**
 * How a fault changes the traffic while it lasts. Rates and failures reach the services behind, latencies those in
 * front.
 */
export type Effect =
  | { readonly on: 'service'; readonly service: string; readonly latency?: number; readonly errors?: number }
  | {
      readonly on: 'edge';
      readonly source: string;
      readonly destination: string;
      /** Factors on the edge's latency, requests and bytes a request; points (0.2 = 20 %) on its share of errors. */
      readonly latency?: number;
      readonly requests?: number;
      readonly bytes?: number;
      readonly errors?: number;
    }
  | {
      readonly on: 'new_edge';
      readonly source: string;
      readonly destination: string;
      /** Requests a second. */
      readonly perSecond: number;
    };

export interface Fault {
  readonly name: string;
  /** For people: what happens, in a few words. */
  readonly says: string;
  readonly effect: Effect;
  /** Length, windows. */
  readonly windows: number;
  /** Where and as what it should be found first; undefined: it should stay below the alert level. */
  readonly expected: { readonly destination: string; readonly kinds: readonly AnomalyKind[] } | undefined;
  /** Whether somebody should be paged: an incident opens. What is merely new is an event, once. */
  readonly pages: boolean;
}

export const SLOW_PAYMENT: Fault = {
  name: 'slow payment',
  says: 'payment answers five times as slowly',
  effect: { on: 'service', service: 'payment', latency: 5 },
  windows: 9,
  expected: { destination: 'payment', kinds: ['latency_spike'] },
  pages: true,
};

export const LOST_THROUGHPUT: Fault = {
  name: 'lost throughput',
  says: 'nine of ten calls from frontend to recommendation are lost on the way',
  effect: { on: 'edge', source: 'frontend', destination: 'recommendation', requests: 0.1 },
  windows: 9,
  expected: { destination: 'recommendation', kinds: ['throughput_drop'] },
  pages: true,
};

export const ERROR_BURST: Fault = {
  name: 'error burst',
  says: 'every fifth request to cart fails',
  effect: { on: 'service', service: 'cart', errors: 0.2 },
  windows: 9,
  expected: { destination: 'cart', kinds: ['error_rate_spike'] },
  pages: true,
};

export const UNEXPECTED_CALL: Fault = {
  name: 'unexpected call',
  says: 'ad calls payment, which it never did before',
  effect: { on: 'new_edge', source: 'ad', destination: 'payment', perSecond: 3 },
  windows: 9,
  expected: { destination: 'payment', kinds: ['unexpected_edge'] },
  pages: false,
};

export const MILD_SLOWDOWN: Fault = {
  name: 'mild slowdown',
  says: 'shipping answers a tenth more slowly: below the alert level, nobody should be told',
  effect: { on: 'service', service: 'shipping', latency: 1.1 },
  windows: 9,
  expected: undefined,
  pages: false,
};

/** In the order in which the demo injects them. */
export const FAULTS: readonly Fault[] = [SLOW_PAYMENT, LOST_THROUGHPUT, ERROR_BURST, UNEXPECTED_CALL, MILD_SLOWDOWN];
