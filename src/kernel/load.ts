// Instantiates the kernel's WebAssembly module, compiled once a process, and names what it exports.
import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';
import { MOST_CLOCKS } from './generated/constants.js';
import type { KernelFunctions } from './generated/exports.js';
import type { Memory } from './views.js';

/** `build/kernel.wasm`, seen from `build/js/src/kernel/`. */
const WASM = new URL('../../../kernel.wasm', import.meta.url);

/**
 * The part of the WebAssembly API that is used here; the compiler's library has it only together with the browser's.
 */
declare const WebAssembly: { Module: new (bytes: Uint8Array) => CompiledModule };
type CompiledModule = { readonly brand: 'WebAssembly.Module' };
/** What an instance has: its memory and the functions of `assembly/index.ts`. */
export interface KernelExports extends KernelFunctions {
  readonly memory: Memory;
}

const CLOCKS_PER_GROUP = 64;

/** Clocks of senders that there is room for, of all groups together. */
export function maxClocks(maxGroups: number): number {
  return Math.min(CLOCKS_PER_GROUP * maxGroups, MOST_CLOCKS);
}

let compiled: CompiledModule | undefined;

/** A fresh instance with a memory of its own. Throws where the build is missing. */
export function loadKernel(): KernelExports {
  compiled ??= new WebAssembly.Module(readFileSync(WASM));
  // The module's own functions: those of the loader's `exports` set an argument count first, for optional arguments
  // that the kernel has not.
  return instantiateSync(compiled as never, {}).instance.exports as unknown as KernelExports;
}
