// The detectors' state as one file: written whole, checked before it is believed.
//
//   8 bytes "PXASTATE" │ u32 version │ u32 CRC-32 of what follows │ 3 × (u32 stored, u32 raw, bytes): header, knowledge, kernel
// The header is plain JSON, so that `head` shows what a file is; knowledge (v8) and kernel are deflated.

import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { constants, crc32, deflate, inflate } from 'node:zlib';
import { CheckpointError } from '../../../kernel/errors.js';
import type { KernelOptions } from '../../../kernel/face.js';
import type { SavedDetector } from '../detector.js';
import type { SavedLoop } from '../learning/learn.js';
import type { SavedSpans } from '../learning/spans/lessons.js';

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
export interface Knowledge {
  readonly detector: SavedDetector;
  readonly loop: SavedLoop;
  readonly spans: SavedSpans;
  readonly requests: number;
  readonly truncated: number;
}

export interface Checkpoint {
  readonly header: CheckpointHeader;
  readonly knowledge: Knowledge;
  /** Snapshot of the kernel. */
  readonly kernel: Uint8Array;
}

const MAGIC = 'PXASTATE';
const VERSION = 3;
const PREFIX = 16;
const LENGTHS = 8;
/** Fast: it runs beside the traffic, and most of it is numbers that compress badly. */
const LEVEL = { level: constants.Z_BEST_SPEED };

const pack: (bytes: Uint8Array, options: object) => Promise<Buffer> = promisify(deflate);
const unpack: (bytes: Uint8Array, options: object) => Promise<Buffer> = promisify(inflate);

/** The file's bytes. What is passed in is not read any more once the promise is there, but for the kernel's snapshot. */
export async function encodeCheckpoint({ header, knowledge, kernel }: Checkpoint): Promise<Uint8Array> {
  const head = Buffer.from(JSON.stringify(header));
  const raw = serialize(knowledge);
  const [body, memory] = await Promise.all([pack(raw, LEVEL), pack(kernel, LEVEL)]);
  const sections = [section(head, head.length), section(body, raw.length), section(memory, kernel.length)].flat();
  const prefix = Buffer.alloc(PREFIX);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(checksum(sections), 12);
  return Buffer.concat([prefix, ...sections]);
}

function section(bytes: Buffer, raw: number): Buffer[] {
  const lengths = Buffer.alloc(LENGTHS);
  lengths.writeUInt32LE(bytes.length, 0);
  lengths.writeUInt32LE(raw, 4);
  return [lengths, bytes];
}

function checksum(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => crc32(part, sum), 0);
}

interface Section {
  readonly bytes: Buffer;
  readonly raw: number;
}

/** The file's sections. Throws `CheckpointError`, in words for people, for anything that this version did not write. */
function sectionsOf(bytes: Uint8Array): [Section, Section, Section] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX || buffer.toString('latin1', 0, 8) !== MAGIC)
    throw new CheckpointError('it is no checkpoint');
  const version = buffer.readUInt32LE(8);
  if (version !== VERSION)
    throw new CheckpointError(`it has format ${version}, and this program reads format ${VERSION}`);
  if (checksum([buffer.subarray(PREFIX)]) !== buffer.readUInt32LE(12))
    throw new CheckpointError('it is damaged or cut short: its checksum is wrong');
  let at = PREFIX;
  const next = (): Section => {
    if (at + LENGTHS > buffer.length) throw new CheckpointError('it is cut short');
    const [stored, raw] = [buffer.readUInt32LE(at), buffer.readUInt32LE(at + 4)];
    const start = at + LENGTHS;
    at = start + stored;
    if (at > buffer.length) throw new CheckpointError('it is cut short');
    return { bytes: buffer.subarray(start, at), raw };
  };
  return [next(), next(), next()];
}

/** Throws `CheckpointError`, in words for people, for anything that `encodeCheckpoint` of this version did not write. */
export async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  const [head, body, memory] = sectionsOf(bytes);
  try {
    const header = JSON.parse(head.bytes.toString()) as CheckpointHeader;
    const [raw, kernel] = await Promise.all([body, memory].map((part) => expand(part)));
    return { header, knowledge: deserialize(raw!) as Knowledge, kernel: kernel! };
  } catch (error) {
    throw new CheckpointError(`it cannot be read: ${(error as Error).message}`);
  }
}

async function expand({ bytes, raw }: Section): Promise<Buffer> {
  const expanded = await unpack(bytes, { maxOutputLength: Math.max(raw, 1) });
  if (expanded.length !== raw) throw new Error('a section has another length than it says');
  return expanded;
}
