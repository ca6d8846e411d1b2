// How the processor runs outside tests: on the WebAssembly kernel, live or in a replay.
import type { KernelApi } from '../../kernel/api.js';
import { type BodyScanner, registerKernel, unregisterKernel } from '../../kernel/inspect.js';
import { Kernel } from '../../kernel/kernel.js';
import type { AnomalyOptions } from './processor.js';

function register(kernel: KernelApi & BodyScanner, serves: boolean): void {
  if (serves) registerKernel(kernel);
  else unregisterKernel(kernel);
}

/** In a running gateway. */
export const LIVE: AnomalyOptions = { live: true, createKernel: Kernel.create, register };

/** On recorded data: event time alone, straight through; the same input gives the same bytes. */
export const REPLAY: AnomalyOptions = { live: false, createKernel: Kernel.create, register, hashSeed: 0n };
