// The processor in a running gateway: answers first, learns in turns, keeps results for a stage that is full, notices
// silence.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Detector } from '../../../src/detection/detector.js';
import { LearningBacklog } from '../../../src/detection/learning/backlog.js';
import { LearnLoop } from '../../../src/detection/learning/learn.js';
import type { PendingRequest } from '../../../src/detection/pending-request.js';
import { ResultSender } from '../../../src/detection/results/result-sender.js';
import { type Batch, ownBatch, PermanentError, RetryableError } from '../../../src/pipeline/index.js';
import { detectionSettings } from '../../../src/processors/anomaly/settings.js';
import { Timers } from '../../../src/processors/anomaly/timers.js';
import { anomalyEvents } from '../../../src/telemetry/anomaly-telemetry.js';
import { createTelemetry } from '../../../src/telemetry/index.js';
import { anomalyConfig, Bench, eventsOf, pointsOf, Sink } from '../../support/anomaly.js';
import { smallKernel } from '../../support/kernels.js';
import { testLedger } from '../../support/ledger.js';
import { shopRequest } from '../../support/shop.js';

const batchOf = (body: Uint8Array): Batch => ({ ...ownBatch('metrics', body, 0), origin: 'received' });
const noDrops = { dropped: (_: number, error: unknown) => assert.fail(String(error)) };

describe('a live processor', () => {
  test('answers before it learns, and learns soon after', async () => {
    const bench = new Bench({}, { live: true });
    await bench.processor.start();
    const answer = bench.stage.consume(batchOf(shopRequest(0)));
    assert.equal(answer, undefined);
    assert.equal(bench.sink.forwarded.length, 1);
    assert.equal(bench.processor.status().edges, 0);
    assert.ok(bench.processor.status().backlogBytes > 0);
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(bench.processor.status().edges, 4);
    assert.equal(bench.processor.status().backlogBytes, 0);
    await bench.processor.shutdown();
  });

  test('what waits is learnt at shutdown', async () => {
    const bench = new Bench({ export_interval: '1s' }, { live: true });
    await bench.processor.start();
    for (let i = 0; i < 100; i++) void bench.stage.consume(batchOf(shopRequest(i)));
    await bench.processor.shutdown();
    const scores = bench.sink.points.filter(({ name }) => name === 'px.anomaly.score');
    assert.ok(new Set(scores.map(({ time }) => time)).size >= 97);
  });

  test('the results are those of a replay', async () => {
    const points = async (live: boolean) => {
      const bench = new Bench({}, { live });
      await bench.processor.start();
      for (let i = 0; i < 200; i++) await bench.stage.consume(batchOf(shopRequest(i)));
      await bench.processor.shutdown();
      return bench.sink.points;
    };
    const [live, replayed] = [await points(true), await points(false)];
    assert.ok(live.length > 100);
    assert.deepEqual(live, replayed);
  });

  test('a full backlog refuses, with a delay, before anything is handed on', async () => {
    const bench = new Bench({ max_learning_backlog_mib: 1 }, { live: true });
    await bench.processor.start();
    assert.equal(bench.stage.refusal(1 << 20), undefined);
    const body = shopRequest(0);
    for (let bytes = 0; bytes < 1 << 20; bytes += body.length) void bench.stage.consume(batchOf(shopRequest(0)));
    const refusal = bench.stage.refusal(body.length);
    assert.ok(refusal instanceof RetryableError);
    assert.equal(refusal.retryAfterMs, 1000);
    await bench.processor.shutdown();
    assert.equal(bench.stage.refusal(1 << 20), undefined);
  });

  test('a next stage that is full is asked for the sender too', async () => {
    const bench = new Bench({}, { live: true });
    await bench.processor.start();
    bench.sink.full = true;
    assert.ok(bench.stage.refusal(1) instanceof RetryableError);
    assert.throws(() => bench.stage.consume(batchOf(shopRequest(0))), /full/);
    assert.equal(bench.processor.status().backlogBytes, 0, 'what was not handed on is not learnt from');
    await bench.processor.shutdown();
  });
});

describe('backlog', () => {
  const pending = (bytes: number) => ({ batch: { body: new Uint8Array(bytes) } }) as unknown as PendingRequest;

  test('yields to the event loop within some milliseconds of work', async () => {
    let steps = 0;
    const backlog = new LearningBacklog({
      ledger: testLedger(),
      *learn() {
        for (let i = 0; i < 30; i++) {
          const end = performance.now() + 2;
          while (performance.now() < end);
          steps++;
          yield;
        }
      },
      maxBytes: 1,
      failed: () => assert.fail(),
      took: () => {},
    });
    void backlog.add(pending(1));
    assert.equal(steps, 0);
    let turns = 0;
    while (backlog.bytes > 0) {
      const before = steps;
      await turn();
      turns++;
      assert.ok(steps - before <= 5, `${steps - before} steps of 2 ms in one turn`);
    }
    assert.equal(steps, 30);
    assert.ok(turns >= 6);
  });

  test('senders that are faster wait for a shorter queue, and every one of them goes on', async () => {
    let learnt = 0;
    const backlog = new LearningBacklog({
      ledger: testLedger(),
      *learn() {
        yield;
        learnt++;
      },
      maxBytes: 1,
      failed: () => assert.fail(),
      took: () => {},
    });
    const answers = Array.from({ length: 50 }, () => backlog.add(pending(1)));
    const waiting = answers.filter((answer) => answer !== undefined);
    assert.equal(answers.length - waiting.length, 4);
    let first: number | undefined;
    void waiting[0]?.then(() => {
      first = learnt;
    });
    await Promise.all(waiting);
    assert.ok(first !== undefined && first >= 1);
    assert.equal(backlog.add(pending(1)), undefined, 'a queue that is empty again takes at once');
    await backlog.drained();
    assert.equal(learnt, 51);
  });

  test('a request that fails is told, and the next is learnt', async () => {
    const failed: unknown[] = [];
    const learnt: number[] = [];
    const backlog = new LearningBacklog({
      ledger: testLedger(),
      *learn({ batch }) {
        if (batch.body.length === 1) throw new Error('broken');
        learnt.push(batch.body.length);
        yield;
      },
      maxBytes: 10,
      failed: (_, error) => failed.push(error),
      took: () => {},
    });
    void backlog.add(pending(1));
    void backlog.add(pending(2));
    await backlog.drained();
    assert.deepEqual(learnt, [2]);
    assert.equal(String(failed[0]), 'Error: broken');
    assert.equal(backlog.bytes, 0);
  });
});

describe('delivery', () => {
  const result = (byte: number) => ownBatch('metrics', new Uint8Array([byte]), 1);

  test('waits while the next stage is full, and keeps the order', async () => {
    const sink = new Sink();
    const delivery = new ResultSender(sink, noDrops);
    sink.full = true;
    await delivery.send(result(1));
    await delivery.send(result(2));
    assert.equal(delivery.waiting, 2);
    sink.full = false;
    await delivery.send(result(3));
    assert.deepEqual(
      sink.batches.map(({ body }) => body[0]),
      [1, 2, 3],
    );
    assert.equal(delivery.waiting, 0);
  });

  test('drops the oldest beyond its bound, and says so', async () => {
    const sink = new Sink();
    let dropped = 0;
    const delivery = new ResultSender(sink, { dropped: (items) => (dropped += items) });
    sink.full = true;
    for (let i = 0; i < 1003; i++) await delivery.send(result(i % 256));
    assert.equal(delivery.waiting, 1000);
    assert.equal(dropped, 3);
    sink.full = false;
    await delivery.flush();
    assert.equal(sink.batches[0]!.body[0], 3);
  });

  test('what is refused for good is dropped, and the rest goes on', async () => {
    const sink = new Sink();
    const errors: unknown[] = [];
    const picky = {
      refusal: () => undefined,
      consume: (batch: Batch) => {
        if (batch.body[0] === 1) throw new PermanentError('no');
        return sink.consume(batch);
      },
    };
    const delivery = new ResultSender(picky, { dropped: (_, error) => errors.push(error) });
    await delivery.send(result(1));
    await delivery.send(result(2));
    assert.equal(errors.length, 1);
    assert.deepEqual(
      sink.batches.map(({ body }) => body[0]),
      [2],
    );
  });

  test('an asynchronous next stage gets one at a time', async () => {
    let running = 0;
    let most = 0;
    const slow = {
      refusal: () => undefined,
      async consume() {
        most = Math.max(most, ++running);
        await turn();
        running--;
      },
    };
    const delivery = new ResultSender(slow, noDrops);
    await Promise.all([1, 2, 3].map((byte) => delivery.send(result(byte))));
    assert.equal(most, 1);
    assert.equal(delivery.waiting, 0);
  });
});

describe('what only the wall clock can tell', () => {
  function watched(written: object = {}) {
    const config = anomalyConfig(written);
    const kernel = smallKernel();
    const emitted: Batch[] = [];
    const events = anomalyEvents(createTelemetry(), { type: 'anomaly', name: '' });
    const resource = {
      resource: { attributes: { 'service.name': 'pxanomaly' } },
      scope: { name: 'pxanomaly', version: '0' },
    };
    const emit = (_: unknown, batch: Batch) => emitted.push(batch);
    const detector = new Detector({ kernel, settings: detectionSettings(config), resource, events, live: true, emit });
    const loop = new LearnLoop(kernel, { aheadNanos: 0n, behindNanos: 0n }, testLedger());
    const sender = { key: '', settings: {}, cluster: 'default', salt: 0n };
    const route = new ResultSender(new Sink(), noDrops);
    const timers = new Timers({
      config,
      events,
      detector: () => detector,
      flush: () => [],
      backlogBytes: () => 0,
      checkpoint: async () => {},
      status: () => {},
    });
    const send = (i: number) => {
      for (const _ of loop.learn({ batch: batchOf(shopRequest(i)), sender, route }, detector));
    };
    return { detector, timers, emitted, send };
  }

  test('a group that has sent nothing for three periods is silent, until it is back', () => {
    const { detector, timers, emitted, send } = watched();
    for (let i = 0; i < 20; i++) send(i);
    const [group] = detector.edges.groups;
    const now = Date.now();
    emitted.length = 0;
    timers.look(now + 20_000);
    assert.equal(group!.silent, false);
    timers.look(now + 45_000);
    timers.look(now + 46_000);
    assert.equal(group!.silent, true);
    const silence = emitted.flatMap(({ events }) => eventsOf(events));
    assert.equal(silence.length, 1);
    assert.equal(silence[0]!.name, 'px.anomaly.sender_silent');
    assert.equal(silence[0]!.attributes['anomaly.reason'], 'no_data');
    assert.match(silence[0]!.body, /^Cluster prod has sent nothing for three windows of 10 s/);
    const gauge = () =>
      emitted
        .flatMap(pointsOf)
        .filter(({ name }) => name === 'px.anomaly.sender_silent')
        .map(({ value }) => value);
    assert.deepEqual(gauge(), [1]);
    send(20);
    send(21);
    timers.look(Date.now());
    assert.equal(group!.silent, false);
    assert.equal(gauge().at(-1), 0);
  });

  test('the last scores go out again while nothing comes in', () => {
    const { timers, emitted, send } = watched({ export_interval: '30s' });
    for (let i = 0; i < 20; i++) send(i);
    emitted.length = 0;
    const now = Date.now();
    timers.look(now + 30_000);
    assert.deepEqual(
      emitted.flatMap(pointsOf).filter(({ name }) => name === 'px.anomaly.score'),
      [],
    );
    timers.look(now + 41_000);
    const scores = emitted.flatMap(pointsOf).filter(({ name }) => name === 'px.anomaly.score');
    assert.equal(scores.length, 4);
    assert.ok(Math.abs(scores[0]!.time - (now + 41_000) / 1000) < 1);
    timers.look(now + 50_000);
    assert.equal(emitted.flatMap(pointsOf).filter(({ name }) => name === 'px.anomaly.score').length, 4);
  });
});
