// The smaller parts of a session: settings, windows, blocks of fields, fields, streams that are over.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { EndedStreams } from '../../src/http2/ended-streams.js';
import { FieldCollector, type Section } from '../../src/http2/fields.js';
import { ConnectionError, ErrorCode, Flag, headerFrames, Setting, settingsFrame } from '../../src/http2/frames.js';
import { HeaderBlocks, MAX_HEADER_LIST_BYTES } from '../../src/http2/header-block.js';
import { encodeHeaders } from '../../src/http2/hpack/encoder.js';
import { PeerSettings } from '../../src/http2/peer-settings.js';
import { ReceiveWindow } from '../../src/http2/receive-window.js';
import { Cost, WorkBudget } from '../../src/http2/work-budget.js';
import fc from '../support/property.js';

/** The code that `run` ends the connection with. */
function codeOf(run: () => void): number | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ConnectionError, String(error));
    return error.code;
  }
}

describe('PeerSettings', () => {
  const read = (...pairs: [number, number][]): PeerSettings => {
    const settings = new PeerSettings();
    settings.read(settingsFrame(pairs).subarray(9));
    return settings;
  };

  it('the last of several values counts, unknown ones do not', () => {
    const settings = read(
      [Setting.INITIAL_WINDOW_SIZE, 5],
      [Setting.INITIAL_WINDOW_SIZE, 7],
      [Setting.MAX_CONCURRENT_STREAMS, 0],
      [Setting.MAX_FRAME_SIZE, (1 << 24) - 1],
      [Setting.HEADER_TABLE_SIZE, 0],
      [Setting.MAX_HEADER_LIST_SIZE, 1],
      [0xff, 9],
    );
    const { initialWindow, maxConcurrentStreams, maxFrameBytes } = settings;
    assert.deepEqual([initialWindow, maxConcurrentStreams, maxFrameBytes], [7, 0, (1 << 24) - 1]);
  });

  it('refuses what no setting can be', () => {
    const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM } = ErrorCode;
    assert.equal(
      codeOf(() => read([Setting.ENABLE_PUSH, 2])),
      PROTOCOL_ERROR,
    );
    assert.equal(
      codeOf(() => read([Setting.INITIAL_WINDOW_SIZE, 2 ** 31])),
      FLOW_CONTROL_ERROR,
    );
    assert.equal(
      codeOf(() => read([Setting.MAX_FRAME_SIZE, (1 << 14) - 1])),
      PROTOCOL_ERROR,
    );
    assert.equal(
      codeOf(() => read([Setting.MAX_FRAME_SIZE, 1 << 24])),
      PROTOCOL_ERROR,
    );
    assert.equal(
      codeOf(() => new PeerSettings().read(Buffer.alloc(7))),
      FRAME_SIZE_ERROR,
    );
    assert.equal(
      codeOf(() => read(...Array.from({ length: 65 }, () => [9, 0] as [number, number]))),
      ENHANCE_YOUR_CALM,
    );
  });

  it('any payload is read or refused', () => {
    const readAll = (bytes: Uint8Array): void => new PeerSettings().read(Buffer.from(bytes));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void codeOf(() => readAll(bytes))));
  });
});

test('a receive window never lets a well-behaved sender wait, nor a greedy one through', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(1000)), (bytes, wishes) => {
      const window = new ReceiveWindow(bytes);
      let granted = bytes;
      for (const wish of wishes) {
        const sends = Math.min(wish, granted);
        granted -= sends;
        assert.equal(window.receive(sends), true);
        granted += window.opening();
        assert.ok(granted > bytes / 2 && granted <= bytes);
      }
      assert.equal(window.receive(granted + 1), false);
    }),
  );
});

describe('WorkBudget', () => {
  /** Frames of so much use that are borne before the connection ends; at most `most`. */
  const borne = (one: () => void, most: number): number => {
    for (let i = 0; i < most; i++) if (codeOf(one) !== undefined) return i;
    return most;
  };

  it('has a burst for work that leads to nothing, and then as much as the clock gives', () => {
    let now = 0;
    const budget = new WorkBudget(() => now);
    const waste = (): void => budget.spend(Cost.waste);
    assert.equal(borne(waste, 5_000), 1_000);
    now += 100;
    assert.ok(borne(waste, 5_000) <= 10);
    now += 1e9;
    assert.equal(borne(waste, 5_000), 1_001);
  });

  it('frames of a body pay for themselves, those of one octet do not', () => {
    const data = (budget: WorkBudget, octets: number) => () => {
      budget.spend(Cost.frame);
      budget.body(octets);
    };
    for (const [octets, most] of [[64, 100_000] as const, [1, 10_200] as const]) {
      const budget = new WorkBudget(() => 0);
      assert.ok(Math.abs(borne(data(budget, octets), 100_000) - most) < 200, `${octets}`);
    }
  });

  it('small requests that are not wrong go on for ever', () => {
    const budget = new WorkBudget(() => 0);
    const request = (): void => {
      for (let frames = 0; frames < 4; frames++) budget.spend(Cost.frame);
      budget.spend(20);
      budget.body(10);
      budget.request(20);
    };
    assert.equal(borne(request, 100_000), 100_000);
  });
});

test('ended streams are remembered for as many as can end together, and not for ever', () => {
  for (const concurrent of [1, 5000, 2 ** 32 - 1]) {
    const ended = new EndedStreams(concurrent);
    const most = 1024 + Math.min(concurrent, 65_536);
    for (let id = 1; id <= 2 * most + 1; id += 2) ended.add(id, id % 4 === 1 ? 'complete' : 'abandoned');
    assert.equal(ended.of(1), undefined);
    assert.equal(ended.of(3), 'abandoned');
    assert.equal(ended.of(5), 'complete');
    assert.equal(ended.of(7777777), undefined);
  }
});

describe('HeaderBlocks', () => {
  const fields: [string, string][] = [
    [':status', '200'],
    ['a', 'x'.repeat(300)],
    ['b', 'y'],
  ];
  const block = encodeHeaders(fields);

  it('puts a block together from any number of frames', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 400 }), (size) => {
        const blocks = new HeaderBlocks();
        const bytes = headerFrames(1, block, true, size);
        let whole: Buffer | undefined;
        for (let at = 0; at < bytes.length; ) {
          const length = bytes.readUIntBE(at, 3);
          const payload = Buffer.from(bytes.subarray(at + 9, at + 9 + length));
          assert.equal(whole, undefined, 'nothing follows the end');
          const flags = bytes[at + 4]!;
          const got = at === 0 ? blocks.headers(flags, 1, payload) : blocks.continuation(flags, payload);
          // A block in one frame is only lent; pieces were copied.
          if (got) {
            assert.equal(got.endStream, true);
            whole = Buffer.from(got.block);
          } else payload.fill(0xee);
          assert.equal(blocks.awaited, got ? undefined : 1);
          at += 9 + length;
        }
        assert.deepEqual(whole, block);
      }),
    );
  });

  it('takes padding and priority away', () => {
    const blocks = new HeaderBlocks();
    const priority = Buffer.from([0x80, 0, 0, 3, 16]);
    const payload = Buffer.concat([Buffer.from([4]), priority, block, Buffer.alloc(4)]);
    const got = blocks.headers(Flag.PADDED | Flag.PRIORITY | Flag.END_HEADERS, 3, payload);
    assert.deepEqual(got?.block, block);
    assert.equal(got?.selfDependent, true);
    assert.equal(
      codeOf(() => blocks.headers(Flag.PRIORITY | Flag.END_HEADERS, 3, Buffer.alloc(4))),
      ErrorCode.FRAME_SIZE_ERROR,
    );
  });

  it('bounds how many pieces and how many bytes', () => {
    const flood = (piece: Buffer): number => {
      const blocks = new HeaderBlocks();
      blocks.headers(0, 1, piece);
      for (let frames = 1; ; frames++)
        if (codeOf(() => blocks.continuation(0, piece)) === ErrorCode.ENHANCE_YOUR_CALM) return frames;
    };
    assert.equal(flood(Buffer.alloc(0)), 65);
    assert.equal(flood(Buffer.alloc(1 << 14)), 8);
  });

  it('says when a list is too large, and stays in step', () => {
    const blocks = new HeaderBlocks();
    const large = encodeHeaders([
      [':status', '200'],
      ['large', 'z'.repeat(MAX_HEADER_LIST_BYTES)],
    ]);
    assert.equal(blocks.decode(large, 'response').tooLarge, true);
    assert.deepEqual({ ...blocks.decode(block, 'response').fields }, Object.fromEntries(fields));
  });

  it('random blocks are fields, or a compression error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const code = codeOf(() => void new HeaderBlocks().decode(Buffer.from(bytes), 'request'));
        assert.ok(code === undefined || code === ErrorCode.COMPRESSION_ERROR);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('FieldCollector', () => {
  const collect = (section: Section, ...fields: [string, string][]): FieldCollector => {
    const collector = new FieldCollector(section);
    for (const [name, value] of fields) collector.add(name, value);
    return collector;
  };
  const request: [string, string][] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/x'],
  ];

  it('joins what comes more than once', () => {
    const { fields, malformed } = collect(
      'request',
      ...request,
      ['a', '1'],
      ['cookie', 'x=1'],
      ['a', ''],
      ['cookie', 'y=2'],
    );
    assert.equal(malformed, undefined);
    assert.deepEqual([fields.a, fields.cookie], ['1, ', 'x=1; y=2']);
  });

  it('names of object members are only names', () => {
    const { fields } = collect('request', ...request, ['__proto__', 'x'], ['constructor', 'y']);
    assert.deepEqual(Object.entries(fields).slice(3), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    assert.equal(collect('request', ...request).fields.toString, undefined);
  });

  const wrong: Record<string, [Section, [string, string][]]> = {
    'no path': ['request', request.slice(0, 2)],
    'an empty path': ['request', [...request.slice(0, 2), [':path', '']]],
    'two methods': ['request', [...request, [':method', 'GET']]],
    'a response’s pseudo header': ['request', [...request, [':status', '200']]],
    'an unknown pseudo header': ['request', [...request, [':x', 'y']]],
    'a pseudo header behind others': ['request', [request[0]!, ['a', 'b'], request[1]!, request[2]!]],
    'pseudo headers in trailers': ['trailers', [[':status', '200']]],
    'no status': ['response', [['a', 'b']]],
    'a name in upper case': ['request', [...request, ['A', 'b']]],
    'a name with a space': ['request', [...request, ['a b', 'c']]],
    'an empty name': ['request', [...request, ['', 'c']]],
    'a line break in a value': ['request', [...request, ['a', 'b\r\nc: d']]],
    'a NUL in a value': ['request', [...request, ['a', '\0']]],
    connection: ['request', [...request, ['connection', 'close']]],
    'transfer-encoding': ['request', [...request, ['transfer-encoding', 'chunked']]],
    'te other than trailers': ['request', [...request, ['te', 'gzip']]],
    'a blank in front of a value': ['request', [...request, ['a', ' b']]],
    'a tab behind a value': ['request', [...request, ['a', 'b\t']]],
    'a blank behind a path': ['request', [...request.slice(0, 2), [':path', '/x ']]],
    'a value that is blank': ['trailers', [['a', ' ']]],
    'content-length that is no number': ['request', [...request, ['content-length', '5x']]],
    'content-length with a sign': ['request', [...request, ['content-length', '+5']]],
    'content-length in hexadecimal': ['request', [...request, ['content-length', '0x5']]],
    'an empty content-length': ['request', [...request, ['content-length', '']]],
    'a list of content-lengths': [
      'response',
      [
        [':status', '200'],
        ['content-length', '5, 5'],
      ],
    ],
    'two content-lengths': ['request', [...request, ['content-length', '5'], ['content-length', '5']]],
    'a content-length beyond all numbers': ['request', [...request, ['content-length', '9'.repeat(30)]]],
    ':protocol that nobody offered': ['request', [[':protocol', 'websocket'], ...request]],
    'an authority with a user': ['request', [...request, [':authority', 'user@host']]],
    'an empty authority': ['request', [...request, [':authority', '']]],
    'host beside another authority': ['request', [...request, [':authority', 'a:1'], ['host', 'a:2']]],
    'two hosts': ['request', [...request, ['host', 'a'], ['host', 'a']]],
    'a host that is a list': ['request', [...request, ['host', 'a b']]],
    'a path without a slash': ['request', [...request.slice(0, 2), [':path', 'x']]],
    'a path with a blank': ['request', [...request.slice(0, 2), [':path', '/a b']]],
    'a path with a fragment': ['request', [...request.slice(0, 2), [':path', '/a#b']]],
    'a star that is not OPTIONS': ['request', [...request.slice(0, 2), [':path', '*']]],
    'a method that is no token': ['request', [[':method', 'PO ST'], ...request.slice(1)]],
    'a scheme that is none': ['request', [request[0]!, [':scheme', '1:'], request[2]!]],
    'CONNECT with a path': [
      'request',
      [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
        [':path', '/'],
      ],
    ],
    'CONNECT to nowhere': ['request', [[':method', 'CONNECT']]],
    'a status of two digits': ['response', [[':status', '20']]],
    'a status that is no number': ['response', [[':status', '2x0']]],
  };
  const right: Record<string, [string, string][]> = {
    'the same server twice': [...request, [':authority', 'A.example:80'], ['host', 'a.EXAMPLE']],
    'host alone': [...request, ['host', 'a:1']],
    'an address as authority': [...request, [':authority', '[::1]:4317']],
    'a path with a query': [...request.slice(0, 2), [':path', '/a?b=c%20d']],
    'OPTIONS of everything': [
      [':method', 'OPTIONS'],
      [':scheme', 'https'],
      [':path', '*'],
    ],
    CONNECT: [
      [':method', 'CONNECT'],
      [':authority', 'a:1'],
    ],
    'blanks within a value': [...request, ['a', 'b \t c']],
    'an empty value': [...request, ['a', '']],
    'a content-length': [...request, ['content-length', '0005']],
  };
  for (const [name, fields] of Object.entries(right))
    it(`takes ${name}`, () => assert.equal(collect('request', ...fields).malformed, undefined));

  for (const [name, [section, fields]] of Object.entries(wrong))
    it(`refuses ${name}`, () => assert.notEqual(collect(section, ...fields).malformed, undefined));
});
