// Commands that components declare: served under their names beside our own metrics, to every running instance of the
// type.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { COMPONENTS } from '../../src/components.js';
import type { ComponentFactory } from '../../src/config/settings.js';
import { PermanentError, type Processor } from '../../src/pipeline/index.js';
import { createGateway, type Gateway } from '../../src/service/gateway.js';
import { fakeSchema } from '../support/fakes.js';

class Counter implements Processor {
  count = 0;
  start = async () => {};
  shutdown = async () => {};
  stage: Processor['stage'] = (_pipeline, _signal, next) => next;
}

const counter: ComponentFactory<'processor', typeof fakeSchema> = {
  kind: 'processor',
  type: 'counter',
  stability: 'development',
  signals: ['metrics'],
  schema: fakeSchema,
  create: () => new Counter(),
  commands: {
    count: async ({ by }, instances) => {
      if (typeof by !== 'number') throw new PermanentError('by is a number');
      for (const { component } of instances) (component as Counter).count += by;
      return { counts: Object.fromEntries(instances.map(({ key, component }) => [key, (component as Counter).count])) };
    },
  },
};

const gateways: Gateway[] = [];
after(() => Promise.all(gateways.map((gateway) => gateway.shutdown())));

async function started(
  processors: Readonly<Record<string, object>>,
): Promise<(path: string, body: unknown) => Promise<Response>> {
  const gateway = createGateway(
    {
      receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' } } } },
      processors,
      exporters: { debug: {} },
      service: {
        telemetry: { metrics: { address: '127.0.0.1:0' }, logs: { level: 'error' } },
        pipelines: { metrics: { receivers: ['otlp'], processors: Object.keys(processors), exporters: ['debug'] } },
      },
    },
    { components: [...COMPONENTS, counter], env: {} },
  );
  gateways.push(gateway);
  await gateway.start();
  const address = gateway.addresses()['service::telemetry::metrics']?.http;
  return (path, body) =>
    fetch(`http://${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
}

test('a command reaches every instance of its type, and those alone', async () => {
  const post = await started({ 'counter/a': {}, 'counter/b': {}, batch: {} });
  assert.deepEqual(await (await post('/count', { by: 2 })).json(), { counts: { 'counter/a': 2, 'counter/b': 2 } });
  assert.deepEqual(await (await post('/count', { by: 1 })).json(), { counts: { 'counter/a': 3, 'counter/b': 3 } });
});

test('what is wrong with a request is said', async () => {
  const post = await started({ counter: {} });
  for (const [body, error] of [
    [{ by: 'one' }, 'by is a number'],
    [[1], 'the body is not an object'],
  ] as const) {
    const response = await post('/count', body);
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), { error });
  }
});

test('the command of a type that does not run is there, and so are the anomaly processor’s', async () => {
  const post = await started({ batch: {} });
  assert.deepEqual(await (await post('/count', { by: 1 })).json(), { counts: {} });
  assert.equal((await post('/inject', { edge: 'a -> b', kind: 'latency_spike' })).status, 400);
  assert.equal((await post('/state', { action: 'list' })).status, 400);
  assert.equal((await post('/nothing', {})).status, 404);
});
