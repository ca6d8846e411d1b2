// A small shop's traffic for end-to-end tests: steady, with seeded noise, in the shape of our Pixie script.
import { metricsRequest, pixieRow, type Window } from './anomaly.js';
import type { Attributes } from './otlp.js';

/** Unix seconds of the first window, and a window's length. */
export const START = 1_767_261_600;
export const WINDOW = 10;

export const SHOP = [
  ['shop/frontend', 'shop/checkout'],
  ['shop/frontend', 'shop/catalog'],
  ['shop/checkout', 'shop/payment'],
  ['shop/checkout', 'shop/cart'],
] as const;

/** The edge shop/checkout → shop/payment. */
export const PAYMENT = 2;

function noise(i: number, edge: number, salt: number): number {
  return (Math.sin(i * 12.9898 + edge * 78.233 + salt * 37.719) * 43758.5453) % 0.5;
}

/** 300 requests of 20 ms a window, about 2 errors, 1.5 kB each. */
export function steady(i: number, edge: number): Window {
  const requests = Math.round(300 + 30 * noise(i, edge, 1));
  return {
    requests,
    latency: 0.02 * (1 + 0.1 * noise(i, edge, 2)),
    errors: Math.max(0, Math.round(2 + 2 * noise(i, edge, 3))),
    bytes: Math.round(requests * 1500 * (1 + 0.1 * noise(i, edge, 4))),
  };
}

/** What happens to an edge in a window; undefined: it sends nothing. */
export type Change = (i: number, edge: number, window: Window) => Window | undefined;

/** The request of window `i`. */
export function shopRequest(
  i: number,
  change: Change = (_i, _edge, window) => window,
  resource: Attributes = {},
): Uint8Array {
  const time = START + i * WINDOW;
  const blocks = SHOP.flatMap(([source, destination], edge) => {
    const window = change(i, edge, steady(i, edge));
    return window ? [pixieRow(source, destination, time, window, resource)] : [];
  });
  return metricsRequest(...blocks);
}

/** A change of one edge in the windows [from, to). */
export function fault(from: number, to: number, edge: number, change: (window: Window) => Window | undefined): Change {
  return (i, e, window) => (i >= from && i < to && e === edge ? change(window) : window);
}
