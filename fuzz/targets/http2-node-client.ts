// Our client beside that of node:http2: the same frames of a server, the same answers.

import { type ClientSessionOptions, connect } from 'node:http2';
import { Flag, FrameType } from '../../src/http2/frames.js';
import { ClientSession, encodeHeaders } from '../../src/http2/index.js';
import { bytesOf, mutateFrames, settings } from '../mutators/http2.js';
import { faultlessAnswers } from '../mutators/http2-sessions.js';
import type { Target } from '../target.js';
import {
  type ConnectionOutcome,
  comparable,
  compareOutcomes,
  fieldsText,
  outcomeOf,
  type StreamOutcome,
} from './http2-outcome.js';
import { end, settled, turn } from './node-session.js';
import { Wire } from './wire.js';

const HEAD = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
] as const;
const REQUEST = { ':method': 'POST', ':scheme': 'http', ':path': '/a', ':authority': 'localhost' };
const HEAD_BLOCK = encodeHeaders(Object.entries(REQUEST));
const REQUESTS = [1, 3, 5];
const PREFACE_BYTES = 24;
/** Left out of the types: the bound on frames that are wrong. */
const OPTIONS = { settings: { enablePush: false }, maxSessionInvalidFrames: 1_000_000 } as ClientSessionOptions;

async function ours(input: Uint8Array): Promise<ConnectionOutcome> {
  const wire = new Wire();
  const streams = new Map<number, StreamOutcome>();
  const session = new ClientSession(wire, { settled: () => {}, goaway: () => {}, closed: () => {} });
  for (const id of REQUESTS) {
    let one: StreamOutcome | undefined;
    session.request(
      { head: HEAD_BLOCK, body: [] },
      {
        headers: (fields) => {
          one = { complete: false, fields: fieldsText(fields), body: Buffer.alloc(0) };
          streams.set(id, one);
        },
        data: (chunk) => {
          one!.body = Buffer.concat([one!.body, chunk]);
        },
        trailers: () => {},
        closed: (broken) => {
          if (one) one.complete = broken === undefined;
        },
      },
    );
  }
  await wire.hear(input, []);
  const outcome = outcomeOf(Buffer.concat(wire.written).subarray(PREFACE_BYTES), streams);
  const complete = new Map([...streams].map(([id, one]) => [id, { ...one }]));
  session.destroy();
  return { ...outcome, streams: complete };
}

async function theirs(input: Uint8Array): Promise<ConnectionOutcome> {
  const wire = new Wire();
  const streams = new Map<number, StreamOutcome>();
  const session = connect('http://localhost', { createConnection: () => wire, ...OPTIONS });
  let ended = false;
  session.on('error', () => {
    ended = true;
  });
  for (const id of REQUESTS) {
    const stream = session.request(REQUEST, { endStream: true });
    stream.on('response', (headers) => {
      const one = { complete: false, fields: fieldsText(headers), body: Buffer.alloc(0) };
      streams.set(id, one);
      stream.on('data', (chunk: Buffer) => {
        one.body = Buffer.concat([one.body, chunk]);
      });
      stream.on('end', () => {
        one.complete = !stream.aborted;
      });
    });
    stream.on('error', () => {});
  }
  await turn();
  await turn();
  wire.push(Buffer.from(input));
  await settled(wire);
  // Node does not always say its GOAWAY before it hangs up.
  const outcome = outcomeOf(Buffer.concat(wire.written).subarray(PREFACE_BYTES), streams, ended);
  const complete = new Map([...streams].map(([id, one]) => [id, { ...one }]));
  await end(session);
  return { ...outcome, streams: complete };
}

export const target: Target = {
  name: 'http2-node-client',
  proves:
    'the client takes the answers that node:http2 (nghttp2) takes, with the same fields and bodies, and ends what it ends',
  maxBytes: 1024,
  seeds: () => [
    bytesOf([
      settings(),
      { type: FrameType.HEADERS, flags: Flag.END_HEADERS, stream: 1, payload: encodeHeaders(HEAD) },
      { type: FrameType.DATA, flags: 0, stream: 1, payload: Buffer.alloc(20, 1) },
      { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders([['grpc-status', '0']]) },
      { type: FrameType.HEADERS, flags: 5, stream: 3, payload: encodeHeaders(HEAD) },
    ]),
  ],
  mutate: mutateFrames(HEAD),
  run: async (input) => {
    const frames = comparable(input);
    compareOutcomes({ ours: await ours(frames), theirs: await theirs(frames), said: frames });
    const said = faultlessAnswers(input);
    compareOutcomes({ ours: await ours(said), theirs: await theirs(said), said, isFaultless: true });
  },
};
