// The kernel's state as bytes: the pages of its state regions that hold anything, and a fingerprint of the layout.
//
//   u32 magic, version │ u64 fingerprint │ u32 pages │ pages × (u32 region, u32 page, 4096 bytes)
import { CheckpointError } from './errors.js';
import type { KernelExports } from './load.js';
import type { Views } from './views.js';

const MAGIC = 0x4b_58_50_41;
const VERSION = 1;
const HEAD = 20;
const PAGE = 4096;

export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** State regions by their number. */
export function stateRegions(wasm: KernelExports): Map<number, Region> {
  const regions = new Map<number, Region>();
  for (let i = 0; i < wasm.regionCount(); i++) {
    if (!wasm.regionIsState(i)) continue;
    regions.set(i, { address: wasm.regionAddress(i) >>> 0, bytes: wasm.regionBytes(i) >>> 0 });
  }
  return regions;
}

/** FNV-1a over sizes of the state regions and what the state depends on besides (`salt`). */
function fingerprint(regions: Map<number, Region>, salt: readonly bigint[]): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  const mix = (value: bigint): void => {
    hash = BigInt.asUintN(64, (hash ^ value) * 0x100_0000_01b3n);
  };
  for (const [number, { bytes }] of regions) {
    mix(BigInt(number));
    mix(BigInt(bytes));
  }
  for (const value of salt) mix(value);
  return hash;
}

const ZEROS = Buffer.alloc(PAGE);

/** Pages that hold anything, as [region, page, address, length]. */
function* usedPages(regions: Map<number, Region>, views: Views): Generator<readonly [number, number, number, number]> {
  const memory = Buffer.from(views.buffer);
  for (const [number, { address, bytes }] of regions) {
    for (let at = 0; at < bytes; at += PAGE) {
      const length = Math.min(PAGE, bytes - at);
      const start = address + at;
      const isZero = memory.compare(ZEROS, 0, length, start, start + length) === 0;
      if (!isZero) yield [number, at / PAGE, start, length];
    }
  }
}

export function takeSnapshot(wasm: KernelExports, views: Views, salt: readonly bigint[]): Uint8Array {
  const regions = stateRegions(wasm);
  const pages = [...usedPages(regions, views)];
  const bytes = new Uint8Array(HEAD + pages.reduce((sum, [, , , length]) => sum + 8 + length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setBigUint64(8, fingerprint(regions, salt), true);
  view.setUint32(16, pages.length, true);
  let cursor = HEAD;
  for (const [region, page, address, length] of pages) {
    view.setUint32(cursor, region, true);
    view.setUint32(cursor + 4, page, true);
    bytes.set(views.u8.subarray(address, address + length), cursor + 8);
    cursor += 8 + length;
  }
  return bytes;
}

/** Address and length of every page in the snapshot. Throws `CheckpointError` before anything is changed. */
function readPages(bytes: Uint8Array, regions: Map<number, Region>, expected: bigint): [number, number, number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD || view.getUint32(0, true) !== MAGIC)
    throw new CheckpointError('not a snapshot of the kernel');
  if (view.getUint32(4, true) !== VERSION) throw new CheckpointError('a snapshot of another version');
  if (view.getBigUint64(8, true) !== expected) throw new CheckpointError('a snapshot of other capacities or seeds');
  const pages: [number, number, number][] = [];
  let cursor = HEAD;
  for (let i = view.getUint32(16, true); i > 0; i--) {
    if (cursor + 8 > bytes.length) throw new CheckpointError('a snapshot that was cut short');
    const region = regions.get(view.getUint32(cursor, true));
    const at = view.getUint32(cursor + 4, true) * PAGE;
    if (!region || at >= region.bytes) throw new CheckpointError('a damaged snapshot');
    const length = Math.min(PAGE, region.bytes - at);
    pages.push([cursor + 8, region.address + at, length]);
    cursor += 8 + length;
  }
  if (cursor !== bytes.length) throw new CheckpointError('a snapshot that was cut short');
  return pages;
}

export function restoreSnapshot(wasm: KernelExports, views: Views, salt: readonly bigint[], bytes: Uint8Array): void {
  const regions = stateRegions(wasm);
  const pages = readPages(bytes, regions, fingerprint(regions, salt));
  for (const { address, bytes: length } of regions.values()) views.u8.fill(0, address, address + length);
  for (const [from, address, length] of pages) views.u8.set(bytes.subarray(from, from + length), address);
  wasm.forgetForests();
}
