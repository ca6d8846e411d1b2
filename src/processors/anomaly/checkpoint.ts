// The detectors' state as one file: written whole, checked before it is believed.
//
//   u32 magic, version │ u32 bytes of the head │ head (v8) │ kernel │ SHA-256 of all that
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { CheckpointError } from '../../kernel/errors.js';
import type { SavedIncidents } from './incidents.js';
import type { SavedSlow } from './quantiles.js';
import type { ReportedCounts } from './report.js';
import type { SavedDictionary } from './saved-state.js';

/** What is known besides the kernel. */
export interface CheckpointHead {
  /** Seed of the hash of series: part of the kernel's state. */
  readonly hashSeed: bigint;
  /** Sizes that the kernel's memory is laid out by. */
  readonly layout: string;
  /** Presets, feature rules and mutes that series were bound by. */
  readonly rules: string;
  readonly dictionary: SavedDictionary;
  readonly incidents: SavedIncidents;
  readonly reported: ReportedCounts;
  /** Edge slot of each series by its kernel slot; -1: none. */
  readonly owners: Int32Array;
  readonly slow: readonly SavedSlow[];
  /** Number of the last request. */
  readonly request: number;
}

export interface Checkpoint {
  readonly head: CheckpointHead;
  readonly kernel: Uint8Array;
}

const MAGIC = 0x50_43_58_50;
const VERSION = 1;
const PREFIX = 12;
const DIGEST = 32;

export function encodeCheckpoint({ head, kernel }: Checkpoint): Uint8Array {
  const headBytes = serialize(head);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32LE(MAGIC, 0);
  prefix.writeUInt32LE(VERSION, 4);
  prefix.writeUInt32LE(headBytes.length, 8);
  const parts = [prefix, headBytes, kernel];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Buffer.concat([...parts, hash.digest()]);
}

/** Throws `CheckpointError`, in words for people, for anything that was not written by `encodeCheckpoint` of this version. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX + DIGEST || buffer.readUInt32LE(0) !== MAGIC)
    throw new CheckpointError('it is no checkpoint');
  const version = buffer.readUInt32LE(4);
  if (version !== VERSION) throw new CheckpointError(`it has version ${version}, not ${VERSION}`);
  const end = buffer.length - DIGEST;
  const digest = createHash('sha256').update(buffer.subarray(0, end)).digest();
  if (!digest.equals(buffer.subarray(end))) throw new CheckpointError('it is damaged');
  const headEnd = PREFIX + buffer.readUInt32LE(8);
  return {
    head: deserialize(buffer.subarray(PREFIX, headEnd)) as CheckpointHead,
    kernel: buffer.subarray(headEnd, end),
  };
}
