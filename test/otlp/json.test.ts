// OTLP/JSON against protobufjs, the recorded pairs of Pixie, and the sentences of the OTLP specification (J1 to J6).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jsonToProtobuf, jsonToProtobufInSlices, protobufToJson, protobufToObject } from '../../src/otlp/json.js';
import { REQUESTS } from '../../src/otlp/messages.js';
import { PermanentError, type Signal } from '../../src/pipeline/index.js';
import { anyRequest, type PlainMessage } from '../support/arbitrary-otlp.js';
import fc from '../support/property.js';

const fixtures = new URL('../../../../test/fixtures/pixie/', import.meta.url);

function refusal(signal: Signal, json: string | Uint8Array): string {
  try {
    jsonToProtobuf(signal, json);
  } catch (error) {
    assert.ok(error instanceof PermanentError, String(error));
    assert.equal(error.code, 'invalid_argument');
    return error.message;
  }
  return assert.fail(`${json} was accepted`);
}

/** A request as protobufjs reads it. */
function decode(signal: Signal, body: Uint8Array, options: object): PlainMessage {
  return REQUESTS[signal].toObject(REQUESTS[signal].decode(body), options);
}

/** The member at the end of a path of names, going into the first element of lists. */
function first(message: PlainMessage, ...names: string[]): PlainMessage {
  return names.reduce((at, name) => {
    const member = at[name];
    return (Array.isArray(member) ? member[0] : member) as PlainMessage;
  }, message);
}

/** The one data point of a request around `point`, decoded by protobufjs. */
function decodedPoint(point: string): PlainMessage {
  const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[${point}]}}]}]}]}`;
  const request = decode('metrics', jsonToProtobuf('metrics', json), { longs: String });
  return first(request, 'resourceMetrics', 'scopeMetrics', 'metrics', 'gauge', 'dataPoints');
}

/** The one span of a request around `span`, decoded by protobufjs. */
function decodedSpan(span: string): PlainMessage {
  const body = jsonToProtobuf('traces', `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`);
  return first(decode('traces', body, { longs: String }), 'resourceSpans', 'scopeSpans', 'spans');
}

const pairs = readdirSync(fixtures).filter((name) => name.endsWith('.json'));
test('the recorded pairs of Pixie are there', () => assert.equal(pairs.length, 5));
for (const name of pairs) {
  const signal: Signal = name.includes('spans') ? 'traces' : 'metrics';
  const body = readFileSync(new URL(name.replace('.json', '.binpb'), fixtures));
  const json = readFileSync(new URL(name, fixtures), 'utf8');

  test(`${name}: JSON becomes what protobufjs reads from the protobuf form`, () => {
    const options = { longs: String, bytes: String };
    assert.deepEqual(decode(signal, jsonToProtobuf(signal, json), options), decode(signal, body, options));
  });

  test(`${name}: protobuf becomes the recorded JSON, and that the same bytes again`, () => {
    const text = protobufToJson(signal, body);
    assert.deepEqual(JSON.parse(text), JSON.parse(json));
    assert.deepEqual(Buffer.from(jsonToProtobuf(signal, text)), body);
  });
}

for (const signal of ['metrics', 'traces', 'logs'] as const) {
  test(`${signal}: protobuf to JSON to protobuf is the identity on arbitrary requests`, () => {
    fc.assert(
      fc.property(anyRequest(signal), (request) => {
        const body = Buffer.from(REQUESTS[signal].encode(request).finish());
        assert.deepEqual(Buffer.from(jsonToProtobuf(signal, protobufToJson(signal, body))), body);
      }),
      { numRuns: 300 },
    );
  });

  test(`${signal}: mutated bytes are refused or read, never anything else`, () => {
    let read = 0;
    let refused = 0;
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyRequest(signal), mutation, (request, changes) => {
        const body = REQUESTS[signal].encode(request).finish();
        for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
        try {
          jsonToProtobuf(signal, protobufToJson(signal, body));
          read++;
        } catch (error) {
          assert.ok(error instanceof PermanentError, String(error));
          refused++;
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(read > 0 && refused > 0, `${read} read, ${refused} refused`);
  });
}

test('J1: ids are hex in any case, other bytes base64', () => {
  const span = decodedSpan(
    `{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":"",
      "attributes":[{"key":"b","value":{"bytesValue":"AQL/"}}]}`,
  );
  assert.equal(Buffer.from(span.traceId as Uint8Array).toString('hex'), '5b8efff798038103d269b633813fc60c');
  assert.equal(Buffer.from(span.spanId as Uint8Array).toString('hex'), 'eee19b7ec3c1b174');
  assert.equal('parentSpanId' in span, false);
  const [attribute] = span.attributes as { value: { bytesValue: Uint8Array } }[];
  assert.deepEqual([...attribute!.value.bytesValue], [1, 2, 255]);
});

test('J1: an id of another length or with other letters is refused by its path', () => {
  assert.equal(
    refusal('traces', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"ok"},{"traceId":"abcd"}]}]}]}'),
    'malformed OTLP/JSON at resourceSpans[0].scopeSpans[0].spans[1].traceId: expected 32 hexadecimal digits, got "abcd"',
  );
  assert.match(
    refusal('traces', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"zzzzzzzzzzzzzzzz"}]}]}]}'),
    /spanId/,
  );
});

test('J2: enums go out as numbers; names are taken too', () => {
  assert.equal(decodedSpan('{"kind":"SPAN_KIND_SERVER"}').kind, 2);
  assert.equal(decodedSpan('{"kind":3}').kind, 3);
  const body = jsonToProtobuf('traces', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}');
  assert.match(protobufToJson('traces', body), /"kind":2/);
  assert.match(
    refusal('traces', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}'),
    /spans\[0\]\.kind: expected/,
  );
});

test('J3: unknown fields are ignored, at every level, whatever they hold', () => {
  const point = decodedPoint('{"asInt":"7","future":{"a":[1,{"b":null}]},"__proto__":{"x":1},"constructor":1}');
  assert.deepEqual(point, { asInt: '7' });
});

test('J3: unknown fields of the wire form do not appear in JSON', () => {
  assert.deepEqual(protobufToObject('metrics', Buffer.from([0xfa, 0x3f, 2, 0, 0])), {});
});

test('J4: names are lowerCamelCase; snake_case is taken too', () => {
  assert.deepEqual(decodedPoint('{"time_unix_nano":"5","as_double":1.5}'), { timeUnixNano: '5', asDouble: 1.5 });
});

test('J5: 64-bit integers are taken as string or number without loss', () => {
  assert.equal(decodedPoint('{"timeUnixNano":"1784551200000000001"}').timeUnixNano, '1784551200000000001');
  assert.equal(decodedPoint('{"timeUnixNano":1784551200000000001}').timeUnixNano, '1784551200000000001');
  assert.equal(decodedPoint('{"timeUnixNano": 18446744073709551615}').timeUnixNano, '18446744073709551615');
  assert.equal(decodedPoint('{"asInt":-9223372036854775808}').asInt, '-9223372036854775808');
  assert.equal(decodedPoint('{"asInt":-7}').asInt, '-7');
  assert.equal(decodedPoint('{"asInt":1e3}').asInt, '1000');
  for (const wrong of ['"1.5"', '1.5', '"abc"', '"18446744073709551616"', 'true', '{}', '-1'])
    assert.match(refusal('metrics', pointWithTime(wrong)), /dataPoints\[0\]\.timeUnixNano: expected a 64-bit integer/);
});

const pointWithTime = (time: string): string =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"timeUnixNano":${time}}]}}]}]}]}`;

test('J5: digits inside strings stay what they are', () => {
  const body = jsonToProtobuf(
    'logs',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"n: 12345678901234567890, \\"x\\": 12345678901234567890"}}]}]}]}',
  );
  const text = '"n: 12345678901234567890, \\"x\\": 12345678901234567890"';
  assert.ok(protobufToJson('logs', body).includes(text));
});

test('J6: NaN and the infinities are strings', () => {
  assert.ok(Number.isNaN(decodedPoint('{"asDouble":"NaN"}').asDouble));
  assert.equal(decodedPoint('{"asDouble":"Infinity"}').asDouble, Infinity);
  assert.equal(decodedPoint('{"asDouble":"-Infinity"}').asDouble, -Infinity);
  assert.equal(decodedPoint('{"asDouble":12345678901234567890}').asDouble, 1.2345678901234567e19);
  assert.match(
    refusal('metrics', pointWithTime('1').replace('"timeUnixNano":1', '"asDouble":"many"')),
    /asDouble: expected a number/,
  );
});

test('O5: attribute values may be empty, bytes, key-value lists, mixed arrays', () => {
  const values =
    '{"arrayValue":{"values":[{"stringValue":""},{"intValue":"0"},{},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}}]}}]}}';
  const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${values}},{"key":"none"}]}}]}`;
  assert.equal(protobufToJson('traces', jsonToProtobuf('traces', json)), json);
});

test('a default of a field without presence is absent on the wire; of a oneof it is present', () => {
  assert.deepEqual(decodedPoint('{"asDouble":0,"flags":0,"timeUnixNano":"0","attributes":[]}'), { asDouble: 0 });
  assert.match(refusal('metrics', pointWithTime('false')), /expected a number, got false/);
});

test('equal data in another order of names is equal bytes', () => {
  const one = jsonToProtobuf(
    'traces',
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"n","kind":1,"flags":1}]}]}]}',
  );
  const other = jsonToProtobuf(
    'traces',
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"flags":1,"kind":1,"name":"n"}]}]}]}',
  );
  assert.deepEqual(one, other);
});

test('what is no JSON object is refused with a clear sentence', () => {
  assert.match(refusal('metrics', '{"resourceMetrics":'), /^the body is not JSON: /);
  assert.equal(refusal('metrics', '[]'), 'malformed OTLP/JSON at the top: expected an object, got []');
  assert.equal(
    refusal('metrics', '{"resourceMetrics":{}}'),
    'malformed OTLP/JSON at resourceMetrics: expected a list, got {}',
  );
  assert.match(refusal('metrics', Buffer.from([0x7b, 0xff, 0x7d])), /^the body is not JSON: /);
});

test('endless nesting is refused, not run into', () => {
  const json = `{"resourceLogs":[{"resource":{"attributes":[{"value":${'{"arrayValue":{"values":['.repeat(5000)}${']}}'.repeat(5000)}}]}}]}`;
  assert.match(refusal('logs', json), /is nested too deeply/);
});

test('a token that would hold the event loop is refused, one just below the bound is read', () => {
  const mebibytes = 16 * 1024 * 1024;
  const long = (sign: string, more: number): string => sign.repeat((mebibytes + more) / sign.length);
  const asString = (text: string): string => `{"resourceMetrics":[{"schemaUrl":"${text}"}]}`;
  const shapes: Readonly<Record<string, (text: string) => string>> = {
    known: asString,
    unknown: (text) => `{"z":"${text}"}`,
    'within what is unknown': (text) => `{"z":[{"a":"${text}"}]}`,
    name: (text) => `{"${text}":1}`,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    for (const sign of ['y', '\\n'])
      assert.match(refusal('metrics', shape(long(sign, 16))), /string of more than 16 MiB/, name);
    assert.doesNotThrow(() => jsonToProtobuf('metrics', shape(long('y', 0))), name);
  }
  const digits = 64 * 1024;
  const point = (number: string): string =>
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asDouble":${number}}]}}]}]}]}`;
  for (const number of ['1'.repeat(digits), `0.${'1'.repeat(digits)}`, `1e${'1'.repeat(digits)}`]) {
    assert.match(refusal('metrics', point(number)), /number of more than 65536 digits/);
    assert.match(refusal('metrics', `{"z":${number}}`), /number of more than 65536 digits/);
    assert.doesNotThrow(() => jsonToProtobuf('metrics', point(number.slice(0, digits - 4))));
  }
});

test('more blanks in a row than would be passed over in one turn are refused, wherever they stand', () => {
  const blanks = (more: number): string => ' \n\t\r'.repeat((1024 * 1024) / 4) + ' '.repeat(more);
  const places: readonly ((gap: string) => string)[] = [
    (gap) => `${gap}{}`,
    (gap) => `{${gap}}`,
    (gap) => `{}${gap}`,
    (gap) => `{"resourceMetrics"${gap}:[]}`,
    (gap) => `{"resourceMetrics":${gap}[]}`,
    (gap) => `{"resourceMetrics":[${gap}]}`,
    (gap) => `{"resourceMetrics":[{}${gap},{}]}`,
    (gap) => `{"resourceMetrics":[{},${gap}{}]}`,
    (gap) => `{"resourceMetrics":[],${gap}"z":1}`,
    (gap) => `{"z":[[${gap}[1]],{"a":${gap}1}]}`,
  ];
  for (const place of places) {
    assert.match(refusal('metrics', place(blanks(1))), /has more than 1 MiB of blanks in a row/, place('…'));
    assert.doesNotThrow(() => jsonToProtobuf('metrics', place(blanks(0))), place('…'));
  }
});

test('what is passed over is read a piece a turn, however deep it begins', () => {
  const blanks = ' '.repeat(256 * 1024);
  const json = Buffer.from(`{"z":${`[${blanks}`.repeat(40)}1${']'.repeat(40)}}`);
  let pieces = 0;
  for (const _ of jsonToProtobufInSlices('metrics', json, Infinity)) pieces++;
  assert.ok(pieces >= 39, String(pieces));
});

test('an empty request is empty in both forms', () => {
  assert.equal(jsonToProtobuf('metrics', '{}').length, 0);
  assert.equal(protobufToJson('metrics', new Uint8Array()), '{}');
});
