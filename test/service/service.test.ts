import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { opaqueBatch } from '../support/batches.js';
import { FakeConnector, FakeExporter, FakeExtension, FakeProcessor, FakeReceiver } from '../support/fakes.js';
import { fakeService } from '../support/service.js';

const SHOP = `
receivers: { fake: , fake/2: }
processors: { fake/a: , fake/b: , fake/c: }
connectors: { bridge: }
exporters: { fake: , fake/2: }
extensions: { fake: , fake/2: }
service:
  extensions: [fake/2, fake]
  pipelines:
    metrics: { receivers: [fake], processors: [fake/a, fake/b], exporters: [fake, bridge] }
    metrics/2: { receivers: [fake, fake/2], exporters: [fake/2] }
    traces: { receivers: [fake], processors: [fake/a], exporters: [fake] }
    logs: { receivers: [bridge], processors: [fake/c], exporters: [fake/2] }
`;

const position = (diary: readonly string[], entry: string): number => {
  const at = diary.indexOf(entry);
  assert.notEqual(at, -1, `${entry} is not in ${diary.join(', ')}`);
  return at;
};

describe('a service', () => {
  it('starts downstream first and stops receivers first', async () => {
    const { service, fakes } = fakeService(SHOP);
    await service.start();
    assert.deepEqual(await service.shutdown(), []);
    const { diary } = fakes;
    const before = (...entries: string[]): void => {
      const at = entries.map((entry) => position(diary, entry));
      assert.deepEqual(
        at,
        at.toSorted((a, b) => a - b),
        diary.join(', '),
      );
    };
    before(
      'start extension fake/2',
      'start extension fake',
      'start exporter fake',
      'start processor fake/b',
      'start processor fake/a',
      'start receiver fake',
    );
    before(
      'start exporter fake/2',
      'start processor fake/c',
      'start connector bridge',
      'start processor fake/b',
      'start processor fake/a',
      'start receiver fake/2',
      'ready extension fake',
    );
    before(
      'not ready extension fake',
      'shutdown receiver fake',
      'shutdown processor fake/a',
      'shutdown processor fake/b',
      'shutdown connector bridge',
      'shutdown processor fake/c',
      'shutdown exporter fake/2',
    );
    before(
      'shutdown receiver fake/2',
      'shutdown processor fake/a',
      'shutdown exporter fake',
      'shutdown extension fake',
      'shutdown extension fake/2',
    );
    for (const fake of fakes.made) {
      assert.equal(diary.filter((entry) => entry === `start ${fake.name}`).length, 1, 'one instance an id');
      assert.equal(diary.filter((entry) => entry === `shutdown ${fake.name}`).length, 1);
    }
  });

  it('makes one instance an id with a stage for each pipeline', async () => {
    const { service, fakes } = fakeService(SHOP);
    await service.start();
    assert.deepEqual(fakes.find(FakeProcessor, 'fake/a').stages.toSorted(), ['metrics', 'traces']);
    assert.deepEqual(fakes.find(FakeProcessor, 'fake/b').stages, ['metrics']);
    await service.shutdown();
  });

  it('hands batches through, to every branch and through connectors, in one turn', async () => {
    const { service, fakes } = fakeService(SHOP);
    await service.start();
    const batch = opaqueBatch(3);
    const receiver = fakes.find(FakeReceiver);
    assert.deepEqual([...receiver.consumers.keys()], ['metrics', 'traces']);
    assert.equal(receiver.consumers.get('metrics')?.consume(batch), undefined);
    assert.deepEqual(fakes.find(FakeExporter).batches, [batch]);
    assert.deepEqual(fakes.find(FakeExporter, 'fake/2').batches, [batch, batch]);
    for (const id of ['fake/a', 'fake/b', 'fake/c']) assert.equal(fakes.find(FakeProcessor, id).known, 1, id);
    assert.deepEqual([...fakes.find(FakeConnector, 'bridge').consumers.keys()], ['logs']);
    await service.shutdown();
  });

  it('asks every branch whether there is room', async () => {
    const { service, fakes } = fakeService(SHOP);
    await service.start();
    const consumer = fakes.find(FakeReceiver).consumers.get('metrics');
    assert.equal(consumer?.refusal(1), undefined);
    fakes.find(FakeExporter, 'fake/2').full = true;
    assert.equal(consumer?.refusal(1)?.retryAfterMs, 1_000);
    await service.shutdown();
  });

  it('counts items between components by outcome', async () => {
    const { service, fakes } = fakeService(SHOP, {}, [
      'service.telemetry.metrics.level=detailed',
      'service.telemetry.metrics.address=127.0.0.1:0',
    ]);
    await service.start();
    const exporter = fakes.find(FakeExporter);
    const consumer = fakes.find(FakeReceiver).consumers.get('traces');
    consumer?.consume(opaqueBatch(3, 8, 'traces'));
    exporter.answer = () => Promise.reject(new Error('no'));
    await assert.rejects(consumer?.consume(opaqueBatch(4, 8, 'traces')) ?? Promise.resolve());
    const address = service.addresses()['service::telemetry::metrics']?.http;
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const value = (name: string, labels: string[]): string | undefined => {
      return text
        .split('\n')
        .find((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
        ?.split(' ')
        .at(-1);
    };
    for (const name of [
      'otelcol_receiver_produced_items',
      'otelcol_processor_consumed_items',
      'otelcol_processor_produced_items',
      'otelcol_exporter_consumed_items',
    ]) {
      assert.equal(value(name, ['otelcol_signal="traces"', 'outcome="success"']), '3', name);
      assert.equal(value(name, ['otelcol_signal="traces"', 'outcome="failure"']), '4', name);
    }
    assert.match(text, /^otelcol_process_memory_rss \d+$/m);
    assert.match(text, /^target_info\{service_name="pxanomaly",service_version="1\.2\.3"/m);
    assert.equal((await fetch(`http://${address}/`)).status, 404);
    assert.equal((await fetch(`http://${address}/metrics`, { method: 'POST' })).status, 405);
    await service.shutdown();
    await assert.rejects(fetch(`http://${address}/metrics`));
  });

  it('shuts down what has started when something cannot start, and names it', async () => {
    const { service, fakes } = fakeService(SHOP.replace('fake/b:', 'fake/b: { fail_start: true }'));
    await assert.rejects(service.start(), /^Error: processor fake\/b cannot start: cannot start$/);
    const started = fakes.diary.filter((entry) => entry.startsWith('start ')).map((entry) => entry.slice(6));
    for (const name of started) position(fakes.diary, `shutdown ${name}`);
    assert.ok(started.includes('exporter fake') && !started.includes('receiver fake'));
    assert.deepEqual(await service.shutdown(), []);
  });

  it('names what does not stop in its time, and stops the rest', async () => {
    const { service, fakes } = fakeService(
      SHOP.replace('exporters: { fake: ,', 'exporters: { fake: { shutdown_takes: 1h },').replace(
        'fake/a:',
        'fake/a: { shutdown_takes: 1h }',
      ),
      { shutdownMs: 2_000 },
    );
    await service.start();
    const left = await service.shutdown();
    assert.deepEqual(left.map((one) => one.name).toSorted(), ['exporter fake', 'processor fake/a']);
    position(fakes.diary, 'shutdown extension fake/2');
  });

  it('can be shut down without start and twice', async () => {
    const { service } = fakeService(SHOP);
    assert.deepEqual(await service.shutdown(), []);
    await assert.rejects(service.start(), /started before/);
    const other = fakeService(SHOP);
    await other.service.start();
    await Promise.all([other.service.shutdown(), other.service.shutdown()]);
    assert.equal(other.fakes.diary.filter((entry) => entry === 'shutdown receiver fake').length, 1);
  });
});

describe('a reload', () => {
  it('keeps what stays the same, and processors hand over what they know', async () => {
    const { service, fakes, config } = fakeService(SHOP);
    await service.start();
    const receiver = fakes.find(FakeReceiver);
    const exporter = fakes.find(FakeExporter);
    receiver.consumers.get('metrics')?.consume(opaqueBatch(1));
    fakes.diary.length = 0;
    await service.reload(config(SHOP.replace('fake/2: }\nextensions', 'fake/2: { label: new } }\nextensions')));
    assert.equal(fakes.find(FakeReceiver), receiver);
    assert.equal(fakes.find(FakeExporter), exporter);
    assert.equal(fakes.find(FakeProcessor, 'fake/a').known, 1);
    assert.ok(position(fakes.diary, 'adopt processor fake/a') < position(fakes.diary, 'shutdown processor fake/a'));
    assert.ok(position(fakes.diary, 'shutdown exporter fake/2') < position(fakes.diary, 'start exporter fake/2'));
    assert.ok(!fakes.diary.some((entry) => /receiver|extension|exporter fake$/.test(entry)), fakes.diary.join(', '));
    receiver.consumers.get('metrics')?.consume(opaqueBatch(1));
    assert.equal(exporter.batches.length, 2);
    assert.equal(fakes.find(FakeExporter, 'fake/2').config.label, 'new');
    assert.equal(fakes.find(FakeExporter, 'fake/2').batches.length, 2);
    await service.shutdown();
  });

  it('lets batches wait meanwhile, and loses none', async () => {
    const { service, fakes, config } = fakeService(SHOP.replace('fake/b:', 'fake/b: { shutdown_takes: 20ms }'));
    await service.start();
    const consumer = fakes.find(FakeReceiver).consumers.get('metrics');
    const reloading = service.reload(config(SHOP.replace('fake/b:', 'fake/b: { label: new }')));
    await turn();
    assert.equal(consumer?.refusal(10), undefined);
    const answer = consumer?.consume(opaqueBatch(1));
    assert.ok(answer instanceof Promise);
    assert.ok(consumer?.refusal(64 * 1024 * 1024), 'what waits is bounded');
    assert.deepEqual(fakes.find(FakeExporter).batches, []);
    await Promise.all([reloading, answer]);
    assert.equal(fakes.find(FakeExporter).batches.length, 1);
    assert.equal(fakes.find(FakeProcessor, 'fake/b').config.label, 'new');
    await service.shutdown();
  });

  it('makes a receiver anew when its signals change', async () => {
    const { service, fakes, config } = fakeService(SHOP);
    await service.start();
    const receiver = fakes.find(FakeReceiver);
    await service.reload(config(SHOP.replace('traces: { receivers: [fake]', 'traces: { receivers: [fake, fake/2]')));
    assert.equal(fakes.find(FakeReceiver), receiver);
    assert.deepEqual([...fakes.find(FakeReceiver, 'fake/2').consumers.keys()], ['metrics', 'traces']);
    await service.shutdown();
  });

  it('makes everything anew when an extension changes', async () => {
    const { service, fakes, config } = fakeService(SHOP);
    await service.start();
    const receiver = fakes.find(FakeReceiver);
    await service.reload(config(SHOP.replace('extensions: { fake:', 'extensions: { fake: { label: x }')));
    assert.notEqual(fakes.find(FakeReceiver), receiver);
    assert.deepEqual(fakes.find(FakeExtension).readiness, [true]);
    assert.deepEqual(await service.shutdown(), []);
  });

  it('goes back to the configuration before when the new one cannot start', async () => {
    const { service, fakes, config } = fakeService(SHOP);
    await service.start();
    const consumer = fakes.find(FakeReceiver).consumers.get('metrics');
    consumer?.consume(opaqueBatch(1));
    for (const broken of ['fake/b: { fail_start: true }', 'fake/b: }\nexporters: { fake/3: { fail_start: true }']) {
      const kind = broken.includes('exporters')
        ? SHOP.replace('exporters: { fake:', 'exporters: { fake/3: { fail_start: true }, fake:').replace(
            'exporters: [fake/2]',
            'exporters: [fake/2, fake/3]',
          )
        : SHOP.replace('fake/b:', broken);
      await assert.rejects(service.reload(config(kind)), /cannot start/);
      assert.ok(service.running);
    }
    await assert.rejects(
      service.reload(config(SHOP.replace('receivers: { fake: ,', 'receivers: { fake: { fail_start: true },'))),
      /receiver fake cannot start/,
    );
    assert.ok(service.running);
    assert.equal(fakes.find(FakeProcessor, 'fake/a').known, 1, 'state came back too');
    const again = fakes.find(FakeReceiver).consumers.get('metrics');
    await again?.consume(opaqueBatch(1));
    assert.equal(fakes.find(FakeProcessor, 'fake/a').known, 2);
    assert.deepEqual(await service.shutdown(), []);
  });

  it('is refused while nothing runs', async () => {
    const { service, config } = fakeService(SHOP);
    await assert.rejects(service.reload(config(SHOP)), /not running/);
  });
});
