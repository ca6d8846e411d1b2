// Requests in the words of before version 0.15 of the protocol.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonToProtobuf, protobufToJson, withScopes } from '../../src/otlp/index.js';
import { SIGNALS } from '../../src/pipeline/index.js';
import { SAMPLES } from '../support/peers/sample-requests.js';

const OLD = { metrics: 'Metrics', traces: 'Spans', logs: 'Logs' } as const;

for (const signal of SIGNALS) {
  const kind = OLD[signal];
  const json = protobufToJson(signal, Uint8Array.from(SAMPLES[signal]));
  const legacy = json
    .replaceAll(`"scope${kind}"`, `"instrumentationLibrary${kind}"`)
    .replaceAll('"scope"', '"instrumentationLibrary"');

  test(`${signal} of an instrumentation library are ${signal} of a scope`, () => {
    const snake = legacy
      .replaceAll('instrumentationLibrary', 'instrumentation_library_')
      .replaceAll(`_${kind}"`, `_${kind.toLowerCase()}"`)
      .replaceAll('library_"', 'library"');
    for (const text of [legacy, snake]) {
      const old = jsonToProtobuf(signal, text);
      assert.ok(old.includes(Buffer.from([0xc2, 0x3e])), 'field 1000');
      assert.equal(protobufToJson(signal, withScopes(old)!), json);
    }
  });

  test(`${signal}: where both are set, the old ones are ignored`, () => {
    const [, resource] = /^\{"[^"]+":\[(.*)\]\}$/s.exec(json)!;
    assert.ok(resource);
    const both = json.replaceAll(
      `"scope${kind}":[`,
      `"instrumentationLibrary${kind}":[{"schemaUrl":"old"}],"scope${kind}":[`,
    );
    assert.equal(protobufToJson(signal, withScopes(jsonToProtobuf(signal, both))!), json);
  });

  test(`${signal} of today stay as they are`, () =>
    assert.equal(withScopes(Uint8Array.from(SAMPLES[signal])), undefined));
}
