// The kernel's state as bytes: the pages of its state regions that hold anything, and a fingerprint of the layout.
//
//   u32 magic, version │ u64 fingerprint │ pages × (u32 region, u32 page, 4096 bytes) │ u32 ~0, u32 pages
// It is taken in pieces, each made of whole records, so that a large state does not hold the event loop: nothing may be
// learnt meanwhile.
import { CheckpointError } from './errors.js';
import { Region as StateRegion } from './generated/regions.js';
import type { KernelExports } from './load.js';
import type { Views } from './views.js';

const MAGIC = 0x4b_58_50_41;
const VERSION = 3;
const HEAD = 16;
const PAGE = 4096;
const RECORD_HEAD = 8;
const END = 0xffff_ffff;
/** Pages copied, and pages looked at, for one piece: about a millisecond. */
const PIECE_PAGES = 256;
const PIECE_LOOKS = 4096;

export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** State regions by their number. */
export function stateRegions(wasm: KernelExports): Map<number, Region> {
  const regions = new Map<number, Region>();
  for (let i = 0; i < wasm.regionCount(); i++) {
    const number = wasm.regionNumber(i);
    if (number === StateRegion.SCRATCH) continue;
    regions.set(number, { address: wasm.regionAddress(i) >>> 0, bytes: wasm.regionBytes(i) >>> 0 });
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

/** A page of a region, the last of which may be shorter. */
export interface Page {
  readonly region: number;
  readonly page: number;
  readonly address: number;
  readonly length: number;
}

/** Pages that hold anything; undefined where enough was looked at for one piece. */
export function* usedPages(regions: Map<number, Region>, views: Views): Generator<Page | undefined> {
  let looks = 0;
  let memory = Buffer.from(views.buffer);
  for (const [region, { address, bytes }] of regions) {
    for (let at = 0; at < bytes; at += PAGE) {
      const length = Math.min(PAGE, bytes - at);
      const start = address + at;
      // A scan between two pieces may have grown the memory.
      if (memory.buffer !== views.buffer) memory = Buffer.from(views.buffer);
      if (memory.compare(ZEROS, 0, length, start, start + length) !== 0)
        yield { region, page: at / PAGE, address: start, length };
      if (++looks % PIECE_LOOKS === 0) yield undefined;
    }
  }
}

/** The snapshot in pieces; other work that learns nothing may run in between. */
export function* snapshotPieces(wasm: KernelExports, views: Views, salt: readonly bigint[]): Generator<Uint8Array> {
  const regions = stateRegions(wasm);
  yield headOf(regions, salt);
  let pages: Page[] = [];
  let count = 0;
  for (const page of usedPages(regions, views)) {
    if (page) {
      pages.push(page);
      count++;
    }
    if (page && pages.length < PIECE_PAGES) continue;
    yield pieceOf(pages, views);
    pages = [];
  }
  yield pieceOf(pages, views);
  yield endOf(count);
}

function headOf(regions: Map<number, Region>, salt: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(HEAD);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setBigUint64(8, fingerprint(regions, salt), true);
  return bytes;
}

function endOf(pages: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, END, true);
  view.setUint32(4, pages, true);
  return bytes;
}

function pieceOf(pages: readonly Page[], views: Views): Uint8Array {
  const bytes = new Uint8Array(pages.reduce((sum, { length }) => sum + RECORD_HEAD + length, 0));
  const view = new DataView(bytes.buffer);
  let cursor = 0;
  for (const { region, page, address, length } of pages) {
    view.setUint32(cursor, region, true);
    view.setUint32(cursor + 4, page, true);
    bytes.set(views.u8.subarray(address, address + length), cursor + RECORD_HEAD);
    cursor += RECORD_HEAD + length;
  }
  return bytes;
}

/** The snapshot whole. */
export function takeSnapshot(wasm: KernelExports, views: Views, salt: readonly bigint[]): Uint8Array {
  const whole = Buffer.concat([...snapshotPieces(wasm, views, salt)]);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}

/** A record's bytes and where they belong. */
type Found = readonly [bytes: Uint8Array, address: number];

/** Every page of the snapshot. Throws `CheckpointError` before anything is changed. */
function readPages(pieces: readonly Uint8Array[], regions: Map<number, Region>, expected: bigint): Found[] {
  const [first] = pieces;
  if (!first) throw new CheckpointError('not a snapshot of the kernel');
  checkHead(first, expected);
  const pages: Found[] = [];
  let isWhole = false;
  for (const [i, piece] of pieces.entries()) {
    if (isWhole && piece.length > 0) throw new CheckpointError('a damaged snapshot');
    isWhole = readPiece(piece, i === 0 ? HEAD : 0, regions, pages);
  }
  if (!isWhole) throw new CheckpointError('a snapshot that was cut short');
  return pages;
}

function checkHead(first: Uint8Array, expected: bigint): void {
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  if (first.length < HEAD || view.getUint32(0, true) !== MAGIC)
    throw new CheckpointError('not a snapshot of the kernel');
  if (view.getUint32(4, true) !== VERSION) throw new CheckpointError('a snapshot of another version');
  if (view.getBigUint64(8, true) !== expected) throw new CheckpointError('a snapshot of other capacities or seeds');
}

/** Adds the pages of a piece; true when it says that it is the last one. */
function readPiece(piece: Uint8Array, from: number, regions: Map<number, Region>, pages: Found[]): boolean {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
  for (let cursor = from; cursor < piece.length; ) {
    if (cursor + RECORD_HEAD > piece.length) throw new CheckpointError('a snapshot that was cut short');
    const [number, page] = [view.getUint32(cursor, true), view.getUint32(cursor + 4, true)];
    cursor += RECORD_HEAD;
    if (number === END) {
      if (page !== pages.length || cursor !== piece.length) throw new CheckpointError('a damaged snapshot');
      return true;
    }
    const region = regions.get(number);
    const at = page * PAGE;
    if (!region || at >= region.bytes) throw new CheckpointError('a damaged snapshot');
    const length = Math.min(PAGE, region.bytes - at);
    if (cursor + length > piece.length) throw new CheckpointError('a snapshot that was cut short');
    pages.push([piece.subarray(cursor, cursor + length), region.address + at]);
    cursor += length;
  }
  return false;
}

/** Zeroes what is used. Writing zeros to pages that were never written would make all of the capacity resident. */
export function clear(regions: Map<number, Region>, views: Views): void {
  for (const page of usedPages(regions, views)) if (page) views.u8.fill(0, page.address, page.address + page.length);
}

/** Takes a snapshot up, whole or in pieces. Throws `CheckpointError` before anything is changed. */
export function restoreSnapshot(
  wasm: KernelExports,
  views: Views,
  salt: readonly bigint[],
  snapshot: Uint8Array | readonly Uint8Array[],
): void {
  const regions = stateRegions(wasm);
  const pieces = snapshot instanceof Uint8Array ? [snapshot] : snapshot;
  const pages = readPages(pieces, regions, fingerprint(regions, salt));
  // Only what is used: writing zeros to pages that were never written would make all of the capacity resident.
  for (const page of usedPages(regions, views)) if (page) views.u8.fill(0, page.address, page.address + page.length);
  for (const [bytes, address] of pages) views.u8.set(bytes, address);
  wasm.reindexSeries();
  wasm.forgetForests();
  // Its program may have had other levels.
  for (let group = 0; group < wasm.groupsHigh(); group++) wasm.renewLevels(group);
}
