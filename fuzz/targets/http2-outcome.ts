// What became of a connection, in words that fit our sessions and those of node:http2 (nghttp2).

import assert from 'node:assert/strict';
import { FrameType } from '../../src/http2/frames.js';
import { bytesOf, type Frame, framesOf, wholeFrames } from '../mutators/http2.js';

/** Settings that RFC 9113 has; nghttp2 checks those of RFC 8441 and RFC 9218 too, which nobody here knows. */
const LAST_SETTING = 6;

/** What both can be asked about: what is wrong with a frame is found at its beginning there, and at its end here. */
export function comparable(input: Uint8Array): Uint8Array {
  const frames = framesOf(wholeFrames(input)).filter(mayGoOn).map(withoutExtensions);
  return bytesOf(frames.slice(0, endOfBlocks(frames)));
}

/**
 * Answers to pings that nobody sent, and GOAWAY: node ends the connection for them at once, which RFC 9113 does not ask
 * for.
 */
function mayGoOn({ type, flags }: Frame): boolean {
  return type !== FrameType.GOAWAY && (type !== FrameType.PING || (flags & 1) === 0);
}

/** Behind the last block of fields that is whole; all frames where none is open at the end. */
function endOfBlocks(frames: readonly Frame[]): number {
  const last = frames.findLastIndex(({ type }) => type !== FrameType.CONTINUATION);
  const parts = frames.slice(Math.max(0, last));
  const isBlock = last >= 0 && frames[last]!.type === FrameType.HEADERS;
  return isBlock && !parts.some(({ flags }) => flags & 4) ? last : frames.length;
}

function withoutExtensions(found: Frame): Frame {
  const { type, payload } = found;
  if (type !== FrameType.SETTINGS || payload.length % 6 !== 0) return found;
  const view = Buffer.from(payload);
  const entries = Array.from({ length: view.length / 6 }, (_, i) => view.subarray(6 * i, 6 * i + 6));
  return { ...found, payload: Buffer.concat(entries.filter((entry) => entry.readUInt16BE(0) <= LAST_SETTING)) };
}

export interface StreamOutcome {
  /** The message came whole. */
  complete: boolean;
  fields: string;
  body: Buffer;
}

export interface ConnectionOutcome {
  /** The error that the peer was sent away for; 0: none, -1: one that was not told. */
  readonly goaway: number;
  /** Streams that were reset, with the error. */
  readonly resets: ReadonlyMap<number, number>;
  readonly streams: ReadonlyMap<number, StreamOutcome>;
}

/**
 * `said`: what the judge wrote, without a preface; `ended`: it ended the connection for a fault, with or without a
 * word.
 */
export function outcomeOf(said: Buffer, streams: ReadonlyMap<number, StreamOutcome>, ended = false): ConnectionOutcome {
  const resets = new Map<number, number>();
  let goaway = ended ? -1 : 0;
  for (const { type, stream, payload } of framesOf(said)) {
    const view = Buffer.from(payload);
    if (type === FrameType.RST_STREAM) resets.set(stream, view.readUInt32BE(0));
    if (type === FrameType.GOAWAY) goaway = view.readUInt32BE(4) || goaway;
  }
  return { goaway, resets, streams };
}

export interface Comparison {
  readonly ours: ConnectionOutcome;
  readonly theirs: ConnectionOutcome;
  /** What both have heard. */
  readonly said: Uint8Array;
  readonly isFaultless?: boolean;
  /**
   * Connections that are ended there are ended here. Our client bears more of a server: frames of streams that are
   * over.
   */
  readonly isStrict?: boolean;
}

/**
 * Both take the same messages, and what they refuse there is refused here. Who is stricter here than there is no
 * danger; that we are not too strict, sessions without a fault must show (`isFaultless`).
 */
export function compareOutcomes({ ours, theirs, said, isFaultless = false, isStrict = false }: Comparison): void {
  if (isFaultless) {
    assert.equal(ours.goaway, 0, 'a connection without fault is ended here');
    assert.deepEqual([...ours.resets], [], 'a stream without fault is reset here');
  }
  if (ours.goaway !== 0) return;
  // Faults of a stream end the connection there, where RFC 9113, 5.1, asks for a stream error.
  if (isFaultless || (isStrict && ours.resets.size === 0))
    assert.equal(theirs.goaway, 0, 'they end the connection, and here it goes on');
  if (theirs.goaway !== 0) return;
  const givenUp = new Set(
    framesOf(said).flatMap(({ type, stream }) => (type === FrameType.RST_STREAM ? [stream & 0x7fff_ffff] : [])),
  );
  for (const [id, one] of ours.streams) {
    // A message that was whole may be told or not when its stream is given up behind it.
    if (ours.resets.has(id) || givenUp.has(id)) continue;
    if (theirs.resets.get(id)) assert.ok(!one.complete, `stream ${id} is whole here, and reset there`);
    else compareMessages(id, one, theirs.streams.get(id));
  }
}

function compareMessages(id: number, ours: StreamOutcome, theirs: StreamOutcome | undefined): void {
  const told = ({ complete, fields, body }: StreamOutcome) => [complete, fields, body.toString('hex')];
  assert.deepEqual(told(ours), theirs && told(theirs), `stream ${id} is another message there`);
}

/** RFC 9113, 8.2.1, forbids three of them; nghttp2 leaves out fields with any. */
const hasControl = (value: string): boolean =>
  [...value].some((character) => (character < ' ' && character !== '\t') || character === '\x7f');

/**
 * Fields as both can tell them: names in order, values as one text, connection-specific bookkeeping of node left out.
 */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.keys(fields)
    .toSorted()
    .filter((name) => !hasControl(String(fields[name])))
    .map((name) => [name, Array.isArray(fields[name]) ? fields[name].join(', ') : String(fields[name])]);
  return JSON.stringify(pairs);
}
