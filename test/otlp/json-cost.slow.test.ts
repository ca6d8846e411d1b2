// What bodies of OTLP/JSON cost by the byte, against an ordinary one: figures for people, and a bound of twice what is
// promised.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonToProtobuf } from '../../src/otlp/json.js';

const MIB = 1024 * 1024;

/** `begin`, as many `pieces` as make a mebibyte, `end`. */
function filled(begin: string, piece: string, end: string): Buffer {
  return Buffer.from(begin + piece.repeat(Math.floor(MIB / piece.length)) + end);
}

const POINT = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{';
const ORDINARY =
  '{"attributes":[{"key":"src_service","value":{"stringValue":"shop/checkout"}},{"key":"dst_service","value":{"stringValue":"shop/payment"}}],' +
  '"startTimeUnixNano":"1784551200000000001","timeUnixNano":"1784551210000000001","asDouble":12.345},';

const BODIES: Readonly<Record<string, Buffer>> = {
  lists: filled('{"z":[', '[],', '1]}'),
  objects: filled('{"z":[', '{},', '1]}'),
  'unknown keys': filled('{', '"a":1,', '"b":1}'),
  'escaped keys': filled('{', '"\\u0061":1,', '"b":1}'),
  'one key': filled('{"', 'a', '":1}'),
  'the same key': filled('{"resourceMetrics":[{', '"schemaUrl":"a",', '"b":1}]}'),
  'disordered keys': filled(
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[',
    '{"unit":"s","name":"a"},',
    '{}]}]}]}',
  ),
  'disordered keys, deep': Buffer.from(
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${'{"kvlistValue":{"values":[{"value":'.repeat(40)}{"stringValue":"${'a'.repeat(MIB)}"}${',"key":"k"}]}}'.repeat(40)}}]}]}]}`,
  ),
  'unfinished lists': filled('{"z":', '[', ''),
  strings: filled('{"z":[', '"a",', '1]}'),
  numbers: filled('{"z":[', '1,', '1]}'),
  bounds: filled(`${POINT}"explicitBounds":[`, '1,', '1]}]}}]}]}]}'),
  'bounds of 17 digits': filled(`${POINT}"explicitBounds":[`, '0.12345678901234567,', '1]}]}}]}]}]}'),
  'bounds of 800 digits': filled(`${POINT}"explicitBounds":[`, `1.${'1'.repeat(800)},`, '1]}]}}]}]}]}'),
  'a bound of a million digits': filled(`${POINT}"explicitBounds":[1.`, '1', ']}]}}]}]}]}'),
  'bounds in strings': filled(`${POINT}"explicitBounds":["`, '1e-5","', '1"]}]}}]}]}]}'),
  'bounds in escapes': filled(`${POINT}"explicitBounds":["`, '\\u0031","', '1"]}]}}]}]}]}'),
  counts: filled(`${POINT}"bucketCounts":[`, '1,', '1]}]}}]}]}]}'),
  'counts with exponents': filled(`${POINT}"bucketCounts":[`, '1e19,', '1]}]}}]}]}]}'),
  'a count of a million digits': filled(`${POINT}"bucketCounts":[`, '1', ']}]}}]}]}]}'),
  'unfinished escapes': filled('{"a":1234567890123456,"b":"', '\\"', ''),
  'escapes in a name': filled('{"resourceMetrics":[{"schemaUrl":"', '\\"', '"}]}'),
  'surrogate pairs': filled('{"resourceMetrics":[{"schemaUrl":"', '\\ud83d\\ude00', '"}]}'),
  'an unfinished string': filled('{"resourceMetrics":[{"schemaUrl":"', 'a', ''),
  base64: filled('{"resourceMetrics":[{"resource":{"attributes":[{"value":{"bytesValue":"', 'abcd', '"}}]}}]}'),
  blanks: filled('{', ' ', '}'),
  'empty resources': filled('{"resourceMetrics":[', '{},', '{}]}'),
  'empty values': filled(
    '{"resourceMetrics":[{"resource":{"attributes":[{"value":{"arrayValue":{"values":[',
    '{},',
    '{}]}}}]}}]}',
  ),
};

/** Nanoseconds of processor time a byte: the least of some rounds. */
function cost(body: Buffer): number {
  let least = Infinity;
  for (let round = 0; round < 9; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < 3; i++) {
      try {
        jsonToProtobuf(body.includes('resourceLogs') ? 'logs' : 'metrics', body);
      } catch {
        // The cost of refusing counts as well.
      }
    }
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, ((user + system) * 1000) / 3 / body.length);
  }
  return least;
}

test('no body of a mebibyte costs more than ten ordinary ones (five are promised; the rest is the noise of a machine)', (t) => {
  const ordinary = cost(
    filled('{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[', ORDINARY, '{}]}}]}]}]}'),
  );
  t.diagnostic(`ordinary: ${ordinary.toFixed(1)} ns a byte`);
  for (const [name, body] of Object.entries(BODIES)) {
    const ratio = cost(body) / ordinary;
    t.diagnostic(`${name}: ${ratio.toFixed(2)}`);
    assert.ok(ratio < 10, `${name}: ${ratio} times an ordinary body`);
  }
});
