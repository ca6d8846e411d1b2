// The bytes of a segment: its header, and the records behind it.
//
//   segment  "PXQUEUE1" | u64 id of the first record | u32 mark | u32 CRC of the 20 bytes before
//   record   u32 mark | u32 length of the payload | u32 CRC of this header | u32 CRC of the payload
//            | u8 kind | u8 flags | u16 0 | u32 length of the metadata | u64 id | payload
//   payload  kind 1, a request: metadata, then the body; kind 2: ids of requests that are done, u64 each
//
// All little-endian, CRC-32 as in zip. A header has a checksum of its own, so that a damaged payload is skipped alone;
// where a header is damaged, the next place that has the segment's mark and a right checksum goes on. The mark is
// random, so that no request can hold bytes that pass for a record.
import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const MAGIC: Buffer = Buffer.from('PXQUEUE1');
export const SEGMENT_HEADER_BYTES = 24;
export const RECORD_HEADER_BYTES = 32;

export const RecordKind = { request: 1, done: 2 } as const;

const ID_BYTES = 8;
/** Where the header's own checksum is: it covers what is before and behind it. */
const CRC_AT = 8;

export interface SegmentHeader {
  readonly firstId: number;
  readonly mark: number;
}

export interface RecordHeader {
  readonly kind: number;
  readonly flags: number;
  /** Of the payload; bytes. */
  readonly length: number;
  readonly payloadCrc: number;
  readonly metaBytes: number;
  readonly id: number;
}

/** A mark for a new segment: four bytes that nobody can guess, none of them all alike. */
export function newMark(): number {
  return randomInt(0x0100_0000, 0xffff_ffff);
}

export function encodeSegmentHeader({ firstId, mark }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeBigUInt64LE(BigInt(firstId), 8);
  bytes.writeUInt32LE(mark, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** Undefined: no header, or a damaged one. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(bytes.subarray(0, 20)) !== bytes.readUInt32LE(20)) return undefined;
  return { firstId: Number(bytes.readBigUInt64LE(8)), mark: bytes.readUInt32LE(16) };
}

function headerCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(CRC_AT + 4, RECORD_HEADER_BYTES), crc32(bytes.subarray(0, CRC_AT)));
}

export function encodeRecordHeader(mark: number, header: RecordHeader): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
  bytes.writeUInt32LE(mark, 0);
  bytes.writeUInt32LE(header.length, 4);
  bytes.writeUInt32LE(header.payloadCrc, 12);
  bytes[16] = header.kind;
  bytes[17] = header.flags;
  bytes.writeUInt32LE(header.metaBytes, 20);
  bytes.writeBigUInt64LE(BigInt(header.id), 24);
  bytes.writeUInt32LE(headerCrc(bytes), CRC_AT);
  return bytes;
}

/** Undefined: no header of a segment with this mark (undefined: any). */
export function decodeRecordHeader(bytes: Buffer, mark: number | undefined): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  if (mark !== undefined && bytes.readUInt32LE(0) !== mark) return undefined;
  if (headerCrc(bytes) !== bytes.readUInt32LE(CRC_AT)) return undefined;
  const [length, metaBytes] = [bytes.readUInt32LE(4), bytes.readUInt32LE(20)];
  if (metaBytes > length) return undefined;
  return {
    kind: bytes.readUInt8(16),
    flags: bytes.readUInt8(17),
    length,
    payloadCrc: bytes.readUInt32LE(12),
    metaBytes,
    id: Number(bytes.readBigUInt64LE(24)),
  };
}

/** One record that says that these requests are done. */
export function encodeDone(mark: number, ids: readonly number[]): Buffer {
  const payload = Buffer.alloc(ID_BYTES * ids.length);
  for (const [i, id] of ids.entries()) payload.writeBigUInt64LE(BigInt(id), ID_BYTES * i);
  const header = { kind: RecordKind.done, flags: 0, length: payload.length, metaBytes: 0, id: 0 };
  return Buffer.concat([encodeRecordHeader(mark, { ...header, payloadCrc: crc32(payload) }), payload]);
}

export function decodeDone(payload: Buffer): number[] {
  const ids: number[] = [];
  for (let at = 0; at + ID_BYTES <= payload.length; at += ID_BYTES) ids.push(Number(payload.readBigUInt64LE(at)));
  return ids;
}
