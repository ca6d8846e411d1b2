// kill -9 while an alert is open: receivers that drop repeats by `anomaly.event.id` are told of it once, and of one
// incident.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { Gateway, type GatewayConfig, SMALL_ANOMALY, scratchFolder } from '../support/chaos/gateway.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { frame } from '../support/grpc-server.js';
import { type Traffic, trafficRequest } from '../support/peers/edge-traffic.js';
import { attributesOf, type Json, readRequests } from '../support/peers/otlp-files.js';
import { endAll, eventually } from '../support/peers/processes.js';

const [FAULT, KILLED, OVER, END] = [400, 406, 420, 450];
const TRAFFIC: Traffic = {
  edges: 6,
  cluster: 'told',
  startSeconds: 1_767_261_600,
  windowSeconds: 10,
  latencyFactor: (edge, window) => (edge === 1 && window >= FAULT && window < OVER ? 8 : 1),
};

async function send(gateway: Gateway, from: number, to: number): Promise<void> {
  const session = rawSession(gateway.grpcPort);
  for (let window = from; window < to; window++) {
    const answer = await rawCall(session, { chunks: [frame(trafficRequest(TRAFFIC, window))] });
    assert.equal(answer.status, 0, answer.message);
  }
  session.destroy();
}

/** Attributes of the events in the files of both lives, each id once. */
function eventsIn(paths: readonly string[]): Map<string, Json>[] {
  const records = paths
    .flatMap(readRequests)
    .flatMap(({ resourceLogs = [] }) =>
      resourceLogs.flatMap(({ scopeLogs = [] }: Json) => scopeLogs.flatMap(({ logRecords = [] }: Json) => logRecords)),
    );
  const all = records.map((record: Json) => attributesOf(record));
  return [...new Map(all.map((event) => [event.get('anomaly.event.id'), event])).values()];
}

describe('an open alert', () => {
  afterEach(endAll);

  it('is told once although the process was killed, and so is its incident', async () => {
    const folder = scratchFolder();
    const paths = [join(folder, 'first.jsonl'), join(folder, 'second.jsonl')] as const;
    const config = (path: string): GatewayConfig => ({
      processors: {
        anomaly: { ...SMALL_ANOMALY, presets: ['edge'], max_future: '0s', checkpoint_interval: '500ms' },
      },
      connectors: { anomaly_events: {} },
      exporters: { file: { path } },
      extensions: { file_storage: { directory: join(folder, 'state') } },
      pipelines: {
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['anomaly_events'] },
        logs: { receivers: ['anomaly_events'], exporters: ['file'] },
      },
    });
    const first = await Gateway.start(config(paths[0]));
    await send(first, 0, FAULT);
    const learnt = first.lines('Checkpoint written').length;
    await eventually(() => first.lines('Checkpoint written').length > learnt + 1, 60_000, 'a checkpoint');
    await send(first, FAULT, KILLED);
    const has = (state: string) => eventsIn(paths).some((event) => event.get('anomaly.state') === state);
    await eventually(() => has('started') && has('opened'), 60_000, 'the alert and the incident');
    assert.equal(await first.end('SIGKILL'), 'SIGKILL');
    const second = await Gateway.start(config(paths[1]));
    await send(second, KILLED, END);
    await eventually(() => has('resolved') && has('closed'), 60_000, 'the end of both');
    assert.equal(await second.end('SIGTERM'), 0);
    const events = eventsIn(paths);
    const of = (state: string) => events.filter((event) => event.get('anomaly.state') === state);
    const subjects = (state: string) =>
      of(state).map((event) => (event.get('incident.edges') ? event.get('incident.id') : event.get('dst_service')));
    for (const state of ['started', 'resolved', 'opened', 'closed'])
      assert.equal(new Set(subjects(state)).size, subjects(state).length, `${state}: ${subjects(state).join(', ')}`);
    assert.deepEqual(subjects('closed'), subjects('opened'));
    assert.equal(subjects('opened').length, 1);
  });
});
