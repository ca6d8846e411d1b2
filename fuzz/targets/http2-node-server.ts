// Our server beside that of node:http2: the same frames of a client, the same requests.

import { performServerHandshake, type ServerOptions } from 'node:http2';
import { Flag, FrameType } from '../../src/http2/frames.js';
import { encodeHeaders, ServerSession } from '../../src/http2/index.js';
import { PREFACE } from '../../test/support/http2-frames.js';
import { bytesOf, mutateFrames, settings } from '../mutators/http2.js';
import { faultlessRequests } from '../mutators/http2-sessions.js';
import type { Target } from '../target.js';
import {
  type ConnectionOutcome,
  comparable,
  compareOutcomes,
  fieldsText,
  outcomeOf,
  type StreamOutcome,
} from './http2-outcome.js';
import { end, settled } from './node-session.js';
import { Wire } from './wire.js';

const HEAD = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'localhost'],
] as const;

const begun = (fields: Readonly<Record<string, unknown>>): StreamOutcome => ({
  complete: false,
  fields: fieldsText(fields),
  body: Buffer.alloc(0),
});

async function ours(input: Uint8Array): Promise<ConnectionOutcome> {
  const wire = new Wire();
  const streams = new Map<number, StreamOutcome>();
  const session = new ServerSession(wire, {
    windows: { stream: 65_535, connection: 65_535, frame: 1 << 14 },
    maxConcurrentStreams: 100,
    called: (stream) => {
      const one = begun(stream.headers);
      streams.set(stream.id, one);
      return {
        data: (chunk) => {
          one.body = Buffer.concat([one.body, chunk]);
        },
        end: () => {
          one.complete = true;
        },
      };
    },
    streamClosed: () => {},
    settled: () => {},
    pinged: () => {},
    closed: () => {},
  });
  await wire.hear(Buffer.concat([PREFACE, input]), []);
  const outcome = outcomeOf(Buffer.concat(wire.written), streams);
  session.destroy();
  return outcome;
}

/** Left out of the types: the bound on frames that are wrong. */
const OPTIONS = { settings: { maxConcurrentStreams: 100 }, maxSessionInvalidFrames: 1_000_000 } as ServerOptions;

async function theirs(input: Uint8Array): Promise<ConnectionOutcome> {
  const wire = new Wire();
  const streams = new Map<number, StreamOutcome>();
  const session = performServerHandshake(wire, OPTIONS);
  let ended = false;
  session.on('error', () => {
    ended = true;
  });
  session.on('stream', (stream, headers) => {
    const one = begun(headers);
    streams.set(stream.id!, one);
    stream.on('data', (chunk: Buffer) => {
      one.body = Buffer.concat([one.body, chunk]);
    });
    stream.on('end', () => {
      one.complete = !stream.aborted;
    });
    stream.on('error', () => {});
  });
  wire.push(Buffer.concat([PREFACE, input]));
  await settled(wire);
  // Node does not always say its GOAWAY before it hangs up.
  const outcome = outcomeOf(Buffer.concat(wire.written), streams, ended);
  await end(session);
  return outcome;
}

export const target: Target = {
  name: 'http2-node-server',
  proves:
    'the server takes the requests that node:http2 (nghttp2) takes, with the same fields and bodies, and ends what it ends',
  maxBytes: 1024,
  seeds: () => [
    bytesOf([settings(), { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders(HEAD) }]),
    bytesOf([
      settings([4, 100]),
      { type: FrameType.HEADERS, flags: Flag.END_HEADERS, stream: 1, payload: encodeHeaders(HEAD) },
      {
        type: FrameType.HEADERS,
        flags: Flag.END_HEADERS,
        stream: 3,
        payload: encodeHeaders([...HEAD, ['te', 'trailers']]),
      },
      { type: FrameType.DATA, flags: 0, stream: 1, payload: Buffer.alloc(30, 1) },
      { type: FrameType.DATA, flags: 1, stream: 3, payload: Buffer.alloc(5, 2) },
      { type: FrameType.HEADERS, flags: 5, stream: 1, payload: encodeHeaders([['x-a', '1']]) },
    ]),
  ],
  mutate: mutateFrames(HEAD),
  run: async (input) => {
    const frames = comparable(input);
    compareOutcomes({ ours: await ours(frames), theirs: await theirs(frames), said: frames, isStrict: true });
    const said = faultlessRequests(input);
    compareOutcomes({ ours: await ours(said), theirs: await theirs(said), said, isFaultless: true });
  },
};
