// A gateway on the state that a replay left finds at once what a cold one cannot.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { createGateway } from '../../src/index.js';
import { SLOW_PAYMENT } from '../../src/simulation/faults.js';
import { prefixed, ReplayBench, shopRequests } from '../support/recordings.js';

const bench = new ReplayBench();
after(() => bench.remove());

/** Windows that are recorded, the first window of the fault, windows in all. */
const [RECORDED, FAULT, WINDOWS] = [150, 153, 162];
const REQUESTS_A_WINDOW = 3;
const requests = shopRequests(WINDOWS, [{ fault: SLOW_PAYMENT, at: FAULT }]);

/** Events of a gateway that gets the windows after the recorded ones. */
async function eventsOf(name: string, directory: string): Promise<string> {
  const path = bench.path(`${name}.jsonl`);
  const gateway = createGateway(
    {
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
      processors: { anomaly: { storage: 'file_storage' } },
      connectors: { anomaly_events: {} },
      exporters: { file: { path } },
      extensions: { file_storage: { directory } },
      service: {
        extensions: ['file_storage'],
        telemetry: { metrics: { level: 'none' } },
        pipelines: {
          metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['anomaly_events'] },
          logs: { receivers: ['anomaly_events'], exporters: ['file'] },
        },
      },
    },
    { env: {}, log: pino({ level: 'silent' }) },
  );
  await gateway.start();
  const address = gateway.addresses()['receivers::otlp']?.http;
  for (const body of requests.slice(REQUESTS_A_WINDOW * RECORDED)) {
    const headers = { 'content-type': 'application/x-protobuf' };
    const { status } = await fetch(`http://${address}/v1/metrics`, { method: 'POST', headers, body });
    assert.equal(status, 200);
  }
  assert.deepEqual(await gateway.shutdown(), []);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

test('a fault in the third window of its life', async () => {
  const file = bench.file('recorded', prefixed(requests.slice(0, REQUESTS_A_WINDOW * RECORDED)));
  const { code, stderr } = await bench.run(file, '--checkpoint', bench.path('state'));
  assert.equal(code, 0, stderr);
  assert.match(await eventsOf('warm', bench.path('state')), /px\.anomaly\.network\.latency_spike/);
  assert.equal(await eventsOf('cold', bench.path('none')), '');
});
