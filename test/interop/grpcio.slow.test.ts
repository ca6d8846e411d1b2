// The receiver alone under gRPC's C core as Pixie's Kelvin uses it: what it takes, and that every refusal arrives as it
// was meant.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { RetryableError } from '../../src/pipeline/index.js';
import { fixture } from '../support/paths.js';
import { newFolder } from '../support/peers/otlp-services.js';
import { endAll } from '../support/peers/processes.js';
import { peer, REPOSITORY } from '../support/peers/programs.js';
import { type ReceiverSetup, type RunningReceiver, startReceiver } from '../support/receiver.js';

/** grpcio's interpreter, or why there is none. In CI it has to be there. */
function python(): { path: string; skip: false | string } {
  try {
    return { path: peer('python.sh', 'grpc'), skip: false };
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    return { path: '', skip: `grpcio cannot be installed: ${(error as Error).message.split('\n', 1)[0]}` };
  }
}

interface Answer {
  readonly code: string;
  readonly details: string;
  readonly seconds: number;
  readonly answer: string;
}

const pixie = (name: string): string => fixture(`pixie/pixie-golden-${name}.binpb`);
const EDGES = `metrics=${pixie('gauge-http-edge')}`;
const { path: interpreter, skip } = python();

interface Rig extends RunningReceiver {
  send(files: readonly string[], metadata?: readonly string[]): Promise<Answer[]>;
}

async function rig(setup: ReceiverSetup = { grpc: null }): Promise<Rig> {
  const running = await startReceiver(setup);
  const script = join(REPOSITORY, 'test/peers/kelvin.py');
  const send: Rig['send'] = async (files, metadata = []) => {
    const headers = metadata.flatMap((pair) => ['--metadata', pair]);
    const args = [script, `127.0.0.1:${running.grpcPort}`, ...headers, ...files];
    const { stdout } = await promisify(execFile)(interpreter, args);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  };
  return { ...running, send };
}

/** A file of so many bytes that gzip cannot make smaller. */
function incompressible(bytes: number): string {
  const file = join(newFolder(), 'large.binpb');
  writeFileSync(file, randomBytes(bytes));
  return `metrics=${file}`;
}

describe('the receiver under the C core of gRPC', { skip }, () => {
  after(endAll);

  it('takes every recorded request of Pixie, the empty one included, within the five seconds of Kelvin', async () => {
    const { send, recorder } = await rig();
    const names = ['gauge-http-edge', 'summary-http-edge', 'conn-stats-otel-preset', 'empty'];
    const answers = await send([...names.map((name) => `metrics=${pixie(name)}`), `traces=${pixie('spans-http')}`]);
    assert.deepEqual(
      answers.map(({ code, answer }) => [code, answer]),
      answers.map(() => ['OK', '']),
    );
    for (const { seconds } of answers) assert.ok(seconds < 5);
    const taken = [...names.slice(0, 3), 'spans-http'];
    assert.deepEqual(
      recorder.batches.map(({ body }) => Buffer.from(body)),
      taken.map((name) => readFileSync(pixie(name))),
    );
    for (const { gzip } of recorder.batches) assert.ok(gzip, 'the gzip form is kept');
  });

  it('hears RESOURCE_EXHAUSTED although it is still sending', async () => {
    const { send } = await rig({ grpc: { max_recv_msg_size_mib: 1 } });
    const [answer] = await send([incompressible(20 << 20)]);
    assert.deepEqual(
      [answer?.code, answer?.details],
      ['RESOURCE_EXHAUSTED', 'the request is larger than 1 MiB, the limit that max_recv_msg_size_mib sets'],
    );
  });

  it('hears UNAVAILABLE with the sentence, early and late', async () => {
    const { send, recorder } = await rig();
    recorder.refusals.push(new RetryableError('memory limit'), undefined, new RetryableError('queue full'));
    const answers = await send([incompressible(8 << 20), EDGES]);
    assert.deepEqual(
      answers.map(({ code, details }) => [code, details]),
      [
        ['UNAVAILABLE', 'memory limit'],
        ['UNAVAILABLE', 'queue full'],
      ],
    );
  });

  it('hears that the token is missing or wrong, and comes in with the right one', async () => {
    const { send } = await rig({ grpc: null, token: 'secret' });
    const codes = async (...metadata: string[]): Promise<string> => (await send([EDGES], metadata))[0]!.code;
    assert.deepEqual(
      [await codes(), await codes('x-pxanomaly-token=other'), await codes('x-pxanomaly-token=secret')],
      ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'OK'],
    );
  });

  it('hears DEADLINE_EXCEEDED where the pipeline takes too long, and the next call is served', async () => {
    const { send, recorder } = await rig();
    recorder.behave = () => new Promise(() => {});
    const [late] = await send([EDGES]);
    recorder.behave = () => undefined;
    const [next] = await send([EDGES]);
    assert.deepEqual([late?.code, next?.code], ['DEADLINE_EXCEEDED', 'OK']);
  });
});
