// The one-pass decoder of OTLP/JSON against JSON.parse and a walk of its value: equal verdicts, equal bytes, equal
// paths.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonToProtobuf, jsonToProtobufInSlices, protobufToJson, TooLongError } from '../../src/otlp/json.js';
import { REQUESTS } from '../../src/otlp/messages.js';
import { PermanentError, type Signal } from '../../src/pipeline/index.js';
import { anyRequest } from '../support/arbitrary-otlp.js';
import { OracleFault, jsonToProtobuf as oracle } from '../support/json-oracle.js';
import fc from '../support/property.js';

const SIGNALS = ['metrics', 'traces', 'logs'] as const;

/** What became of a body: its bytes, or which kind of fault at which path. */
type Verdict = { readonly body: string } | { readonly fault: 'json' | 'otlp'; readonly at?: string };

function verdict(convert: () => Uint8Array): Verdict {
  try {
    return { body: Buffer.from(convert()).toString('hex') };
  } catch (error) {
    if (error instanceof OracleFault) return { fault: 'otlp', at: pathOf(error.message) };
    if (error instanceof SyntaxError) return { fault: 'json' };
    assert.ok(error instanceof PermanentError, String(error));
    assert.equal(error.code, 'invalid_argument');
    if (error.message.startsWith('the body is not JSON: ')) return { fault: 'json' };
    return { fault: 'otlp', at: pathOf(error.message.replace('malformed OTLP/JSON at ', '')) };
  }
}

const pathOf = (message: string): string => message.slice(0, message.indexOf(': '));

/** Both read the body alike. Where there are several faults, they may name different ones. */
function assertAlike(signal: Signal, json: string, several = false): Verdict {
  const ours = verdict(() => jsonToProtobuf(signal, Buffer.from(json)));
  const theirs = verdict(() => oracle(signal, Buffer.from(json)));
  if (several && 'fault' in ours && 'fault' in theirs) return ours;
  assert.deepEqual(ours, theirs, json);
  return ours;
}

/** JSON of a request with its names in any order, blanks between its tokens and escapes in its strings. */
function anyJson(signal: Signal): fc.Arbitrary<string> {
  return fc.tuple(anyRequest(signal), fc.infiniteStream(fc.nat(999))).map(([request, choices]) => {
    const next = (): number => choices.next().value as number;
    return written(JSON.parse(protobufToJson(signal, REQUESTS[signal].encode(request).finish())), next);
  });
}

function written(value: unknown, next: () => number): string {
  const blank = (): string => ['', '', '', ' ', '\n', '\t\r'][next() % 6]!;
  const items = (all: string[]): string => blank() + all.join(`${blank()},${blank()}`) + blank();
  if (Array.isArray(value)) return `[${items(value.map((each) => written(each, next)))}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => {
      const key = next() % 5 === 0 ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
      return `${text(key, next)}${blank()}:${blank()}${written(member, next)}`;
    });
    if (next() % 3 === 0) members.reverse();
    if (next() % 4 === 0) members.push(`"unknown":${blank()}[{"a":[1,-0.5e+3,"\\n",null,true,{}]},[],""]`);
    return `{${items(members)}}`;
  }
  if (typeof value === 'string') return /^-?\d+$/.test(value) && next() % 2 === 0 ? value : text(value, next);
  return JSON.stringify(value);
}

/** Every twentieth character as an escape. */
function text(value: string, next: () => number): string {
  const characters = Array.from(value, (character) => {
    if (next() % 20 > 0) return JSON.stringify(character).slice(1, -1);
    return [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join('');
  });
  return `"${characters.join('')}"`;
}

for (const signal of SIGNALS) {
  test(`${signal}: any way to write a request in JSON gives the bytes that the oracle gives`, () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyJson(signal), (json) => {
        // A string of digits is written as a number sometimes, which fields of text refuse: then both do.
        if ('body' in assertAlike(signal, json, true)) accepted++;
      }),
      { numRuns: 400 },
    );
    assert.ok(accepted > 200, `${accepted} accepted`);
  });

  test(`${signal}: a body with one byte changed, or cut off, is judged as the oracle judges it`, () => {
    let refused = 0;
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:0123456789-+.eE \\ntfu/x'));
    fc.assert(
      fc.property(anyJson(signal), change, fc.boolean(), (json, [at, by], cut) => {
        const place = at % json.length;
        const changed = cut ? json.slice(0, place) : json.slice(0, place) + by + json.slice(place + 1);
        if (/[\ud800-\udfff]|\\ud[89a-f]/i.test(changed) || hasTwice(changed)) return;
        if ('fault' in assertAlike(signal, changed, true)) refused++;
      }),
      { numRuns: 800 },
    );
    assert.ok(refused > 100, `${refused} refused`);
  });

  test(`${signal}: a value that is anything else is judged as the oracle judges it, at the same path`, () => {
    const values = [
      'null', 'true', 'false', '0', '-0', '0.0', '1', '-1', '1.5', '1e3', '1e-3', '1E400', '-1e400', '2147483648', '-2147483649', '4294967295',
      '4294967296', '9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809',
      '18446744073709551615', '18446744073709551616', '99999999999999999999', '1e19', '1e20', '123456789012345678901234567890', '""', '"0"',
      '"00"', '"-0"', '"-1"', '"1.5"', '"1e3"', '" 1"', '"0x10"', '"NaN"', '"Infinity"', '"-Infinity"', '"nan"', '"9223372036854775808"',
      '"18446744073709551615"', '"000000000000000000000000000018446744073709551615"', '"-9223372036854775808"', '"-9223372036854775809"', '"a"',
      '"AQI="', '"AQ-_"', '"A=Q="', '"5b8efff798038103d269b633813fc60c"', '"EEE19B7EC3C1B174"', '"eee19b7ec3c1b17g"', '"SPAN_KIND_SERVER"',
      '"SPAN_KIND_UNSPECIFIED"', '"constructor"', '[]', '{}', '[1]', '["1",2]', '[null]', '[[]]', '[{}]', '{"a":1}', '0.1', '123456.789e-3',
      '5e-324', '1.7976931348623157e308', '9007199254740992.5', '0.30000000000000004', '4.35', '1e22', '1e23',
    ]; // biome-ignore format: a table
    let accepted = 0;
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), fc.constantFrom(...values), (request, at, value) => {
        const json = protobufToJson(signal, REQUESTS[signal].encode(request).finish());
        const places = [...json.matchAll(/(?<=":)(?:"(?:[^"\\]|\\.)*"|[-\d.e+]+|true|false)/g)];
        if (places.length === 0) return;
        const place = places[at % places.length]!;
        const changed = json.slice(0, place.index) + value + json.slice(place.index + place[0].length);
        if ('body' in assertAlike(signal, changed)) accepted++;
      }),
      { numRuns: 1500 },
    );
    assert.ok(accepted > 100, `${accepted} accepted`);
  });
}

/** A name twice in one object: the oracle does not look at the first. */
function hasTwice(json: string): boolean {
  let twice = false;
  const seen: Set<string>[] = [];
  for (const [token] of json.matchAll(/[{}]|"(?:[^"\\]|\\.)*"(?=\s*:)/g)) {
    if (token === '{') seen.push(new Set());
    else if (token === '}') seen.pop();
    else if (seen.at(-1)?.has(token)) twice = true;
    else seen.at(-1)?.add(token);
  }
  return twice;
}

test('of equal names the last one holds, also where it is null', () => {
  for (const json of [
    '{"resourceMetrics":[{"schemaUrl":"a"}],"resourceMetrics":[{"schemaUrl":"b"}]}',
    '{"resourceMetrics":[{"schemaUrl":"a"}],"resourceMetrics":null}',
    '{"resourceMetrics":[{"schemaUrl":"a","scopeMetrics":[],"resource":{},"schemaUrl":"bb","schemaUrl":"","resource":{"droppedAttributesCount":7}}]}',
  ])
    assertAlike('metrics', json);
});

test('the name of something that every object has is no name of an enum value', () => {
  const json = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"constructor"}]}]}]}';
  const message =
    'malformed OTLP/JSON at resourceLogs[0].scopeLogs[0].logRecords[0].severityNumber: expected the number of an enum value, got "constructor"';
  assert.throws(() => jsonToProtobuf('logs', json), { message });
});

test('half of a surrogate pair becomes U+FFFD: what goes on is UTF-8', () => {
  const json = String.raw`{"resourceMetrics":[{"schemaUrl":"a\ud83db\ude00c\ud83d\ude00\ud83d\ud83d\ude00"}]}`;
  assert.equal(
    protobufToJson('metrics', jsonToProtobuf('metrics', json)),
    '{"resourceMetrics":[{"schemaUrl":"a\ufffdb\ufffdc😀\ufffd😀"}]}',
  );
});

test('a name, a unit or a key may be "0"', () => {
  const json =
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"0","unit":"0","metadata":[{"key":"0","value":{"stringValue":"0"}}]}]}]}]}';
  assert.equal(protobufToJson('metrics', jsonToProtobuf('metrics', json)), json);
});

test('a long body in slices: the same bytes, a slice at a time, unknown values included', () => {
  const points =
    '{"attributes":[{"key":"k","value":{"stringValue":"v"}}],"asInt":"7","unknown":[[{"a":[1,2]}],{}]},'.repeat(20_000);
  const json = Buffer.from(
    `{"z":[${'[{"a":[]}],'.repeat(20_000)}1],"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[${points}{}]}}]}]}]}`,
  );
  let slices = 0;
  const steps = jsonToProtobufInSlices('metrics', json, Infinity);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) {
      assert.deepEqual(step.value, jsonToProtobuf('metrics', json));
      break;
    }
    slices++;
  }
  assert.ok(slices >= Math.floor(json.length / (128 * 1024)) - 1, `${slices} slices of ${json.length} bytes`);
});

test('a body that would be longer as protobuf than it may be is refused while it is read', () => {
  const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"explicitBounds":[${'1,'.repeat(200_000)}1]}]}}]}]}]}`;
  assert.throws(() => jsonToProtobuf('metrics', json, 1_000_000), TooLongError);
  assert.equal(jsonToProtobuf('metrics', json, 1_700_000).length > 1_600_000, true);
});

test('bounds: depth of what is passed over, values', () => {
  const message = (json: string): string => {
    const ours = () => jsonToProtobuf('metrics', json);
    try {
      ours();
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };
  assert.equal(message(`{"z":${'['.repeat(512)}${']'.repeat(512)}}`), 'accepted');
  assert.equal(
    message(`{"z":${'['.repeat(513)}${']'.repeat(513)}}`),
    'malformed OTLP/JSON at the top: is nested too deeply',
  );
  assert.match(
    message(`{"resourceMetrics":[{"z":[${'1,'.repeat(8 * 1024 * 1024)}1]}]}`),
    /^malformed OTLP\/JSON at resourceMetrics\[0\]: is beyond the 8388608 values/,
  );
});
