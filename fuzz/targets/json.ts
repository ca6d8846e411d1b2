// OTLP/JSON beside JSON.parse and a walk of its value.
import assert from 'node:assert/strict';
import { jsonToProtobuf, jsonToProtobufInSlices, protobufToJson } from '../../src/otlp/json.js';
import { PermanentError, type Signal } from '../../src/pipeline/index.js';
import { OracleFault, jsonToProtobuf as oracle } from '../../test/support/json-oracle.js';
import { mutateJson } from '../mutators/json.js';
import { requestSeeds } from '../seeds.js';
import type { Target } from '../target.js';

/** The bytes, or what kind of fault. */
function verdict(convert: () => Uint8Array): string {
  try {
    return Buffer.from(convert()).toString('hex');
  } catch (error) {
    if (error instanceof SyntaxError) return 'not JSON';
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return 'not JSON';
    if (error instanceof OracleFault) return 'not OTLP';
    assert.ok(error instanceof PermanentError, String(error));
    return error.message.startsWith('the body is not JSON: ') ? 'not JSON' : 'not OTLP';
  }
}

const NAME = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;

/** Whether any object has a name twice: there are more names in the text than in the value. */
function repeatsNames(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString();
  const written = [...text.matchAll(NAME)].filter(([, colon]) => colon !== undefined).length;
  let kept = 0;
  JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) kept += Object.keys(value).length;
    return value;
  });
  return written > kept;
}

function inSlices(signal: Signal, input: Uint8Array): Uint8Array {
  const steps = jsonToProtobufInSlices(signal, input, 1 << 20);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function jsonTarget(signal: Signal): Target {
  return {
    name: `json-${signal}`,
    proves: `OTLP/JSON of ${signal} becomes the bytes that JSON.parse and protobufjs give, or is refused where they refuse`,
    seeds: () => requestSeeds(signal).map((body) => Buffer.from(protobufToJson(signal, body))),
    mutate: mutateJson,
    run: (input) => {
      const ours = verdict(() => jsonToProtobuf(signal, input));
      const theirs = verdict(() => oracle(signal, input));
      // Of a name that comes twice JSON.parse shows the last value alone.
      if (ours === 'not OTLP' && theirs !== ours && theirs !== 'not JSON' && repeatsNames(input)) return;
      // Of a body with both kinds of fault, who reads in one pass names the first.
      if (ours !== 'not OTLP' || theirs !== 'not JSON') assert.equal(ours, theirs);
      assert.equal(
        verdict(() => inSlices(signal, input)),
        ours,
        'read in slices, it is another request',
      );
    },
  };
}

export const targets: readonly Target[] = (['metrics', 'traces', 'logs'] as const).map(jsonTarget);
