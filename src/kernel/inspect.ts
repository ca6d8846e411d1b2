// Lets receivers check a body's structure and count its items, in the scratch of the process's first detector: its
// later scan is then free.
import type { Signal } from '../pipeline/index.js';
import type { KernelOptions, Scan } from './api.js';
import { Kernel } from './kernel.js';

/** What can walk a body. */
export interface BodyScanner {
  scan(signal: Signal, body: Uint8Array): Inspected;
}

/** What a receiver wants to know of a body. */
export type Inspected = Pick<Scan, 'items' | 'badTexts'>;

/** Largest body of a bare kernel, bytes: receivers have smaller limits of their own. */
const BARE_LIMIT = 1 << 30;

/** No detector: room for decoding only. */
const BARE: KernelOptions = {
  maxSeries: 1,
  maxEdges: 1,
  maxServices: 1,
  maxGroups: 1,
  maxFeeds: 1,
  inputLimitBytes: BARE_LIMIT,
  hashSeed: 0n,
  seed: 0,
  forest: { enabled: false, trees: 1, subsample: 2, reservoir: 2, period: 2, first: 2, refresh: 2 },
};

const registered: BodyScanner[] = [];
let bare: BodyScanner | undefined;

/** A detector's kernel from its start on; the first of the process serves `inspect`. */
export function registerKernel(kernel: BodyScanner): void {
  if (!registered.includes(kernel)) registered.push(kernel);
}

export function unregisterKernel(kernel: BodyScanner): void {
  const place = registered.indexOf(kernel);
  if (place >= 0) registered.splice(place, 1);
}

/**
 * Checks that the body is a well-formed request of the signal and counts its data points, spans or log records. Strings
 * that are not UTF-8 refuse nothing (Pixie sends span names unchecked): those of logs are counted here, those of
 * metrics and spans where they are read as names. Throws `MalformedError`; `CapacityError` for a body over the kernel's
 * limit.
 */
export function inspect(signal: Signal, body: Uint8Array): Inspected {
  const scanner = registered[0];
  if (scanner) return scanner.scan(signal, body);
  bare ??= Kernel.create(BARE);
  return bare.scan(signal, body);
}
