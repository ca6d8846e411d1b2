// Bodies that are decoded whole: what is made of next to nothing but messages or numbers is refused instead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExportMetricsServiceRequest } from '../../src/otlp/index.js';
import { protobufToJson } from '../../src/otlp/json.js';
import { withScopes } from '../../src/otlp/legacy.js';
import { wholeReader } from '../../src/otlp/whole-reader.js';
import { PermanentError } from '../../src/pipeline/index.js';
import { gauge, metricsRequest } from '../support/otlp.js';

const tooMany = (error: unknown): boolean =>
  error instanceof PermanentError && /more than 1500000 values/.test(error.message);

test('eight megabytes of empty messages', () => {
  const body = Buffer.alloc(8_000_000);
  for (let i = 0; i < body.length; i += 2) body[i] = 0x0a;
  assert.throws(() => ExportMetricsServiceRequest.decode(wholeReader(body)), tooMany);
  assert.throws(() => protobufToJson('metrics', body), tooMany);
});

test('a request of 20,000 data points is no such body', () => {
  const metrics = Array.from({ length: 20_000 }, (_, i) =>
    gauge('m', i, { attributes: { a: 'one', b: 'two', c: String(i) }, time: 1 }),
  );
  const body = metricsRequest({ resource: { 'service.name': 'x' }, metrics });
  assert.ok(body.length > 1024 * 1024);
  assert.equal(ExportMetricsServiceRequest.decode(wholeReader(body)).resourceMetrics.length, 1);
  assert.ok(protobufToJson('metrics', body).length > body.length);
});

test('what is neither of old nor holds anything is not taken apart', () => {
  const fields = Buffer.alloc(2_000_000, 0);
  for (let i = 0; i < fields.length; i += 2) fields[i] = 0x38;
  assert.equal(withScopes(fields), undefined);
  // The tag of the old field, and very many others.
  assert.equal(withScopes(Buffer.concat([Buffer.from([0x0a, 3, 0xc2, 0x3e, 0]), fields])), undefined);
  assert.notEqual(withScopes(Buffer.from([0x0a, 3, 0xc2, 0x3e, 0])), undefined);
});
