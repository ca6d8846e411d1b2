// A gateway inside a program, with the real components.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ConfigError, createGateway, type Gateway, type GatewayInput } from '../../src/index.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import { metricsBatch } from '../support/batches.js';

const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-gateway-'));
after(() => rmSync(directory, { recursive: true }));

function config(threshold: number, file: string): GatewayInput {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
    processors: { anomaly: { threshold } },
    exporters: { file: { path: join(directory, file), flush_interval: 0 } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['file'] } },
    },
  };
}

const options = { log: createTelemetry().log };

async function post(gateway: Gateway, body: Uint8Array): Promise<number> {
  const { http } = gateway.addresses()['receivers::otlp'] ?? {};
  const headers = { 'content-type': 'application/x-protobuf' };
  const response = await fetch(`http://${http}/v1/metrics`, {
    method: 'POST',
    headers,
    body: body as Uint8Array<ArrayBuffer>,
  });
  await response.arrayBuffer();
  return response.status;
}

describe('createGateway', () => {
  it('starts, forwards, and ends without anything left', async () => {
    const gateway = createGateway(config(0.9, 'a.jsonl'), options);
    await gateway.start();
    assert.equal(await post(gateway, metricsBatch(2).body), 200);
    assert.deepEqual(await gateway.shutdown(), []);
    assert.match(readFileSync(join(directory, 'a.jsonl'), 'utf8'), /"requests\.1"/);
  });

  it('takes another configuration while it runs, on the same port', async () => {
    const gateway = createGateway(config(0.9, 'b.jsonl'), options);
    await gateway.start();
    const before = gateway.addresses()['receivers::otlp'];
    await post(gateway, metricsBatch(1, 'before').body);
    await gateway.reload(config(0.95, 'c.jsonl'));
    assert.deepEqual(gateway.addresses()['receivers::otlp'], before);
    assert.equal(await post(gateway, metricsBatch(1, 'after').body), 200);
    await assert.rejects(gateway.reload(config(7, 'c.jsonl')), ConfigError);
    assert.equal(await post(gateway, metricsBatch(1, 'later').body), 200);
    assert.deepEqual(await gateway.shutdown(), []);
    assert.match(readFileSync(join(directory, 'b.jsonl'), 'utf8'), /"before\.0"/);
    const written = readFileSync(join(directory, 'c.jsonl'), 'utf8');
    assert.match(written, /"after\.0"[\s\S]*"later\.0"/);
  });

  for (const metrics of [undefined, {}, { level: 'detailed' }])
    it(`opens no address that nobody asked for: service.telemetry.metrics ${JSON.stringify(metrics)}`, async () => {
      const { service, ...rest } = config(0.9, 'e.jsonl');
      const telemetry = metrics === undefined ? undefined : { metrics };
      const gateway = createGateway({ ...rest, service: { ...service, telemetry } }, options);
      await gateway.start();
      assert.deepEqual(Object.keys(gateway.addresses()), ['receivers::otlp']);
      await gateway.reload({ ...rest, service: { ...service, telemetry } });
      assert.deepEqual(Object.keys(gateway.addresses()), ['receivers::otlp']);
      await gateway.shutdown();
    });

  it('serves its own metrics where it is asked to', async () => {
    const { service, ...rest } = config(0.9, 'f.jsonl');
    const readers = [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: 0 } } } }];
    for (const metrics of [{ readers }, { address: '127.0.0.1:0' }]) {
      const gateway = createGateway({ ...rest, service: { ...service, telemetry: { metrics } } }, options);
      await gateway.start();
      const { http } = gateway.addresses()['service::telemetry::metrics'] ?? {};
      assert.equal((await fetch(`http://${http}/metrics`)).status, 200);
      await gateway.shutdown();
    }
  });

  it('throws what is wrong with a configuration', () => {
    assert.throws(
      () => createGateway({ ...config(0.9, 'd'), exporters: { file: { pth: 'x' } } }, options),
      (error: unknown) =>
        error instanceof ConfigError && /exporters::file::pth: unknown key; did you mean "path"\?/.test(error.message),
    );
  });
});
