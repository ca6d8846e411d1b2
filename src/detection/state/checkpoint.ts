// The detectors' state as one file: written whole, checked before it is believed.
//
//   8 bytes "PXASTATE" │ u32 version │ u32 CRC-32 of what follows │ 3 sections: header, model state, kernel
//   section: u32 pieces │ pieces × (u32 stored, u32 raw, bytes)
// The header is plain JSON, so that `head` shows what a file is; the model state (v8) and kernel are deflated, piece by
// piece: however much is known, the event loop gets its turn after each megabyte, and what is written already need not
// be kept.

import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { constants, crc32, deflate, inflate } from 'node:zlib';
import type { KernelOptions } from '../../kernel/api.js';
import { CheckpointError } from '../../kernel/errors.js';
import type { SavedDetector } from '../detector-parts.js';
import type { SavedLoop } from '../learning/learn.js';
import type { SavedSpans } from '../learning/spans/span-calls.js';

/** What a reader must know before it touches the rest. */
export interface CheckpointHeader {
  /** Version of the program that wrote it, and when (ISO 8601). */
  readonly program: string;
  readonly created: string;
  /** How its kernel lays out records and hashes series (`stateLayout`). */
  readonly layout: string;
  readonly hash: string;
  /** Capacities and seeds; the hash seed as text, since JSON has no 64-bit numbers. */
  readonly kernel: Omit<KernelOptions, 'hashSeed'> & { readonly hashSeed: string };
  /** Presets, feature rules and mutes that series were bound by; and the whole of what decides. */
  readonly rules: string;
  readonly config: string;
  readonly edges: number;
  /** Newest closed window of each group, event time. */
  readonly watermarks: readonly { readonly cluster: string; readonly window: string; readonly time: string }[];
}

/** What is known besides the kernel's memory. */
export interface ModelState {
  readonly detector: SavedDetector;
  readonly loop: SavedLoop;
  readonly spans: SavedSpans;
  readonly requests: number;
  readonly truncated: number;
}

export interface Checkpoint {
  readonly header: CheckpointHeader;
  readonly modelState: ModelState;
  /** Snapshot of the kernel, in pieces. Emptied while it is written. */
  readonly kernel: Uint8Array[];
}

const MAGIC = 'PXASTATE';
const VERSION = 4;
const PREFIX = 16;
const COUNT = 4;
const LENGTHS = 8;
/** Bytes that are compressed at a time. */
const PIECE = 1 << 20;
/** Fast: it runs beside the traffic, and most of it is numbers that compress badly. */
const LEVEL = { level: constants.Z_BEST_SPEED };

const pack: (bytes: Uint8Array, options: object) => Promise<Buffer> = promisify(deflate);
const unpack: (bytes: Uint8Array, options: object) => Promise<Buffer> = promisify(inflate);

/**
 * The file in parts. What is passed in is not read any more once the promise is there, but for the kernel's snapshot,
 * which is used up.
 */
export async function encodeCheckpoint({ header, modelState, kernel }: Checkpoint): Promise<Uint8Array[]> {
  const head = Buffer.from(JSON.stringify(header));
  const parts = [counted(1), ...piece(head, head.length)];
  await deflateInto(parts, cut(serialize(modelState)));
  await deflateInto(parts, kernel);
  const prefix = Buffer.alloc(PREFIX);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(await checksum(parts), 12);
  return [prefix, ...parts];
}

function cut(bytes: Buffer): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) => bytes.subarray(i * PIECE, (i + 1) * PIECE));
}

/** Adds a section; each piece is let go when it is compressed. */
async function deflateInto(parts: Uint8Array[], pieces: Uint8Array[]): Promise<void> {
  parts.push(counted(pieces.length));
  for (let raw = pieces.shift(); raw; raw = pieces.shift()) parts.push(...piece(await pack(raw, LEVEL), raw.length));
}

function counted(pieces: number): Buffer {
  const count = Buffer.alloc(COUNT);
  count.writeUInt32LE(pieces);
  return count;
}

function piece(bytes: Buffer, raw: number): Buffer[] {
  const lengths = Buffer.alloc(LENGTHS);
  lengths.writeUInt32LE(bytes.length, 0);
  lengths.writeUInt32LE(raw, 4);
  return [lengths, bytes];
}

/**
 * A turn of the event loop after every few parts: the sum of a hundred megabytes takes longer than anybody may be held.
 */
async function checksum(parts: readonly Uint8Array[]): Promise<number> {
  let sum = 0;
  for (const [i, part] of parts.entries()) {
    sum = crc32(part, sum);
    if (i % 8 === 7) await turn();
  }
  return sum;
}

interface Piece {
  readonly bytes: Buffer;
  readonly raw: number;
}

/** The file's sections. Throws `CheckpointError`, in words for people, for anything that this version did not write. */
function sectionsOf(bytes: Uint8Array): [Piece[], Piece[], Piece[]] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX || buffer.toString('latin1', 0, 8) !== MAGIC)
    throw new CheckpointError('it is no checkpoint');
  const version = buffer.readUInt32LE(8);
  if (version !== VERSION)
    throw new CheckpointError(`it has format ${version}, and this program reads format ${VERSION}`);
  if (crc32(buffer.subarray(PREFIX)) !== buffer.readUInt32LE(12))
    throw new CheckpointError('it is damaged or cut short: its checksum is wrong');
  let at = PREFIX;
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw new CheckpointError('it is cut short');
    at += length;
    return buffer.subarray(at - length, at);
  };
  const next = (): Piece[] =>
    Array.from({ length: take(COUNT).readUInt32LE() }, () => {
      const lengths = take(LENGTHS);
      return { bytes: take(lengths.readUInt32LE(0)), raw: lengths.readUInt32LE(4) };
    });
  return [next(), next(), next()];
}

/**
 * Throws `CheckpointError`, in words for people, for anything that `encodeCheckpoint` of this version did not write.
 */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const [head, body, memory] = sectionsOf(bytes);
  try {
    const header = JSON.parse(String(head[0]?.bytes)) as CheckpointHeader;
    const [raw, kernel] = await Promise.all([body, memory].map((pieces) => Promise.all(pieces.map(expand))));
    return { header, modelState: deserialize(Buffer.concat(raw!)) as ModelState, kernel: kernel! };
  } catch (error) {
    throw new CheckpointError(`it cannot be read: ${(error as Error).message}`);
  }
}

async function expand({ bytes, raw }: Piece): Promise<Buffer> {
  const expanded = await unpack(bytes, { maxOutputLength: Math.max(raw, 1) });
  if (expanded.length !== raw) throw new Error('a piece has another length than it says');
  return expanded;
}
