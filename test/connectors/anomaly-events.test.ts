// The connector: events out of metrics pipelines, into logs pipelines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anomalyEvents } from '../../src/connectors/anomaly-events/factory.js';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { Sink } from '../support/anomaly.js';
import { testSettings } from '../support/settings.js';

const events = (): Batch => ownBatch('logs', new Uint8Array([1]), 1);
const metrics = (riding?: Batch): Batch => ownBatch('metrics', new Uint8Array([2]), 3, riding);
const connector = () => anomalyEvents.create(testSettings('anomaly_events'), {});

test('every logs pipeline gets the very batch of events', () => {
  const one = connector();
  const sinks = [new Sink(), new Sink()];
  for (const sink of sinks) one.deliver('logs', sink);
  const riding = events();
  assert.equal(one.consumer('metrics').consume(metrics(riding)), undefined);
  for (const sink of sinks) assert.deepEqual(sink.batches, [riding]);
});

test('metrics without events end here', () => {
  const one = connector();
  const sink = new Sink();
  one.deliver('logs', sink);
  one.consumer('metrics').consume(metrics());
  assert.deepEqual(sink.batches, []);
});

test('events that arrive over two pipelines are fed once', () => {
  const one = connector();
  const sink = new Sink();
  one.deliver('logs', sink);
  const riding = events();
  for (const consumer of [one.consumer('metrics'), one.consumer('metrics')]) consumer.consume(metrics(riding));
  assert.equal(sink.batches.length, 1);
});

test('a logs pipeline that is full does not refuse the metrics of a sender, and events may be offered again', () => {
  const one = connector();
  const sink = new Sink();
  one.deliver('logs', sink);
  sink.full = true;
  const consumer = one.consumer('metrics');
  assert.equal(consumer.refusal(1), undefined);
  assert.equal(consumer.consume(metrics()), undefined);
  const riding = events();
  assert.throws(() => consumer.consume(metrics(riding)), /full/);
  sink.full = false;
  consumer.consume(metrics(riding));
  assert.deepEqual(sink.batches, [riding]);
});

test('signals that it cannot stand in are refused when the graph is built', () => {
  assert.throws(() => connector().consumer('traces'), /takes metrics pipelines/);
  assert.throws(() => connector().deliver('metrics', new Sink()), /feeds logs pipelines/);
});

test('a key in its configuration is an error', () => {
  assert.equal(anomalyEvents.schema.safeParse({ interval: 1 }).success, false);
});
