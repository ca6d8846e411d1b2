import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { jsonToProtobuf, protobufToJson } from '../../src/otlp/index.js';
import { SIGNALS } from '../../src/pipeline/index.js';
import { framingOf, RecordReader } from '../../src/replay/readers/frames.js';
import { openRecording, type RecordedRequest, RecordingError } from '../../src/replay/readers/index.js';
import { signalOf } from '../../src/replay/readers/signal.js';
import { fixture } from '../support/paths.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import fc from '../support/property.js';

const folder = mkdtempSync(join(tmpdir(), 'replay-readers-'));
after(() => rmSync(folder, { recursive: true }));

const ALL = SIGNALS.map((signal): RecordedRequest => ({ signal, body: Uint8Array.from(SAMPLES[signal]) }));

const KEYS = { metrics: 'resourceMetrics', traces: 'resourceSpans', logs: 'resourceLogs' } as const;

/** A request of one resource. */
function jsonBody(signal: keyof typeof KEYS, resource: string): Uint8Array {
  return Uint8Array.from(jsonToProtobuf(signal, `{"${KEYS[signal]}":[${resource}]}`));
}

function prefixed(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body];
    }),
  );
}

function delimited(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length: number[] = [];
      for (let left = body.length; ; left >>>= 7) {
        length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
        if (left <= 0x7f) break;
      }
      return [Buffer.from(length), body];
    }),
  );
}

async function read(name: string, content: string | Uint8Array): Promise<Pick<Read, 'format' | 'requests'>> {
  const { format, requests } = await readAll(name, content);
  return { format, requests };
}

interface Read {
  readonly format: string;
  readonly requests: RecordedRequest[];
  readonly notes: string[];
  readonly endsWhole: boolean;
}

async function readAll(name: string, content: string | Uint8Array): Promise<Read> {
  const path = join(folder, name);
  writeFileSync(path, content);
  return readFiles([path]);
}

async function readFiles(paths: string[]): Promise<Read> {
  const recording = await openRecording(paths);
  const requests: RecordedRequest[] = [];
  for await (const { signal, body } of recording.requests()) requests.push({ signal, body: Uint8Array.from(body) });
  assert.equal(recording.read(), recording.total, 'the progress ends at its total');
  const notes = recording.notes.sentences().map((sentence) => sentence.replaceAll(`${folder}/`, ''));
  return { format: recording.format, requests, notes, endsWhole: recording.endsWhole() };
}

describe('recordings of OTLP', () => {
  const lines = ALL.map(({ signal, body }) => protobufToJson(signal, body));

  it('reads JSON lines of all signals', async () => {
    assert.deepEqual(await read('a.json', `${lines.join('\n')}\n`), { format: 'OTLP JSON lines', requests: ALL });
  });

  it('reads lines without an end, with blank lines and with carriage returns', async () => {
    const text = `${lines[0]}\r\n\r\n${lines[1]}\r\n\n${lines[2]}`;
    assert.deepEqual((await read('b.jsonl', text)).requests, ALL);
  });

  it('reads an indented document', async () => {
    const text = JSON.stringify(JSON.parse(lines[1]!), null, 2);
    assert.deepEqual(await read('c.json', text), { format: 'OTLP JSON', requests: [ALL[1]] });
  });

  it('reads length-prefixed, delimited and single messages', async () => {
    const bodies = ALL.map(({ body }) => body);
    assert.deepEqual(await read('d', prefixed(bodies)), { format: 'OTLP protobuf (prefixed)', requests: ALL });
    assert.deepEqual(await read('e', delimited(bodies)), { format: 'OTLP protobuf (delimited)', requests: ALL });
    assert.deepEqual(await read('f', bodies[0]!), { format: 'OTLP protobuf (single)', requests: [ALL[0]] });
  });

  it('skips empty requests and reads an empty file', async () => {
    const bodies = [new Uint8Array(), ALL[2]!.body, new Uint8Array()];
    assert.deepEqual((await read('g', prefixed(bodies))).requests, [ALL[2]]);
    assert.deepEqual((await read('h', '')).requests, []);
  });

  it('reads what gzip has packed', async () => {
    assert.deepEqual((await read('i.json.gz', gzipSync(lines.join('\n')))).requests, ALL);
    assert.deepEqual((await read('j.gz', gzipSync(prefixed(ALL.map(({ body }) => body))))).requests, ALL);
  });

  it('reads several files in the order given', async () => {
    writeFileSync(join(folder, 'k1'), prefixed([ALL[0]!.body]));
    writeFileSync(join(folder, 'k2'), `${lines[2]}\n`);
    const { format, requests } = await readFiles([join(folder, 'k2'), join(folder, 'k1')]);
    assert.deepEqual(requests, [ALL[2], ALL[0]]);
    assert.equal(format, 'OTLP JSON lines, OTLP protobuf (prefixed)');
  });

  for (const name of ['gauge-http-edge', 'summary-http-edge', 'spans-http', 'conn-stats-otel-preset', 'empty']) {
    it(`reads Pixie's ${name} alike from both forms`, async () => {
      const path = fixture(`pixie/pixie-golden-${name}`);
      const [binary, json] = [await readFiles([`${path}.binpb`]), await readFiles([`${path}.json`])];
      const sent = Uint8Array.from(readFileSync(`${path}.binpb`));
      const signal = name.startsWith('spans') ? 'traces' : 'metrics';
      assert.deepEqual(binary.requests, sent.length === 0 ? [] : [{ signal, body: sent }]);
      assert.deepEqual(
        json.requests.filter(({ body }) => body.length > 0),
        binary.requests,
      );
    });
  }

  it('names the file of what is no recording', async () => {
    await assert.rejects(read('broken', 'hello\n'), (error: Error) => {
      assert.ok(error instanceof RecordingError);
      assert.equal(
        error.message,
        `${join(folder, 'broken')}: neither OTLP JSON nor OTLP protobuf; use --csv for a table`,
      );
      return true;
    });
  });

  it('says what to do with what is packed, and with answers of Prometheus of one time, or errors', async () => {
    const answers = '{"status":"success","data":{"resultType":"vector","result":[]}}';
    const cases: [content: string | Uint8Array, message: RegExp][] = [
      [Buffer.from('fd377a585a000004', 'hex'), /packed with xz: unpack it first/],
      [Buffer.from('BZh91AY&SY'), /packed with bzip2/],
      [Buffer.from('PK\x03\x04'), /packed with zip/],
      [gzipSync(gzipSync('{}')), /packed with gzip/],
      [answers, /a vector, of one time only; ask \/api\/v1\/query_range/],
      ['{"status":"error","errorType":"bad_data","error":"x"}', /answer is an error/],
    ];
    for (const [content, message] of cases) await assert.rejects(read('other', content), message);
  });

  it('says that a file is not there', async () => {
    await assert.rejects(openRecording([join(folder, 'nowhere')]), /nowhere: ENOENT/);
  });
});

describe('field cases 14 and 23: what is not as it should be is read, or skipped with a count and a sentence', () => {
  const lines = ALL.map(({ signal, body }) => protobufToJson(signal, body));
  const bodies = ALL.map(({ body }) => body);
  const resources = (signal: keyof typeof SAMPLES): string[] => {
    const [of] = Object.values(JSON.parse(protobufToJson(signal, Uint8Array.from(SAMPLES[signal])))) as object[][];
    return of!.map((resource) => JSON.stringify(resource));
  };
  const bare = SIGNALS.flatMap(resources);
  const singles = SIGNALS.flatMap((signal) =>
    resources(signal).map((resource) => ({
      signal,
      body: jsonBody(signal, resource),
    })),
  );
  const indented = JSON.stringify(JSON.parse(lines[1]!), null, 2);
  const zstd = (text: string | Uint8Array): Buffer => {
    const { stdout, error } = spawnSync('zstd', ['-c'], { input: text });
    return error ? Buffer.alloc(0) : stdout;
  };
  const noZstd = zstd('').length === 0 ? 'zstd is not installed' : false;
  const bom = '\ufeff';

  type Case = readonly [
    what: string,
    content: string | Uint8Array,
    requests: readonly RecordedRequest[],
    notes: readonly RegExp[],
  ];
  const CASES: readonly Case[] = [
    [
      'a cut last line',
      `${lines[0]}\n${lines[1]}\n${lines[2]!.slice(0, -20)}`,
      ALL.slice(0, 2),
      [/the last line is cut/],
    ],
    ['a cut first line', `${lines[0]!.slice(30)}\n${lines[1]}\n`, [ALL[1]!], [/one line was skipped: line 1: /]],
    [
      'lines that are none',
      `${lines[0]}\nINFO: hello\n{"a":1}\n[]\n3\n{"resourceSpans":3}\n${lines[1]}\n`,
      ALL.slice(0, 2),
      [/5 lines were skipped: line 2: /],
    ],
    [
      'a log with requests in it',
      `Sep 15 INFO hello\n${bare.join('\nSep 15 INFO hello\n')}\n`,
      singles,
      [/lines were skipped/],
    ],
    [
      'a log that puts something in front of each, as Java, container runtimes and kubectl do',
      `Sep 15, 2025 io.opentelemetry.exporter export\nINFO: ${lines.join('\n2025-09-15T00:00:00.0Z stdout F ')}\n[pod/a/b] ${lines[0]}\n`,
      [...ALL, ALL[0]!],
      [/one line was skipped: line 1/],
    ],
    [
      "Docker's log",
      lines
        .map((log) => `${JSON.stringify({ log: `${log}\n`, stream: 'stdout', time: '2025-09-15T00:00:00Z' })}\n`)
        .join(''),
      ALL,
      [],
    ],
    ['a JSON text sequence (RFC 7464)', lines.map((line) => `\x1e${line}\n`).join(''), ALL, []],
    ['lines with a comma behind them', `${lines.join(',\n')}\n`, ALL, []],
    ['two requests in one line', `${lines[0]}${lines[1]}\n${lines[2]}\n`, ALL, []],
    ['carriage returns alone', `${lines.join('\r')}\r`, ALL, []],
    [
      'zeros where a page was never written',
      `${lines[0]}\n${'\0'.repeat(4096)}${lines[1]}\n${lines[2]}\n${'\0'.repeat(99)}`,
      ALL,
      [],
    ],
    ['gzip with zeros behind it', Buffer.concat([gzipSync(`${lines.join('\n')}\n`), Buffer.alloc(512)]), ALL, []],
    ['gzip in several members', Buffer.concat(lines.map((line) => gzipSync(`${line}\n`))), ALL, []],
    ['bare resources', `${bare.join('\n')}\n`, singles, []],
    ['a byte order mark', `${bom}${lines.join('\n')}\n`, ALL, []],
    ['UTF-16', Buffer.from(`${bom}${lines.join('\r\n')}\r\n`, 'utf16le'), ALL, []],
    ['UTF-16, big-endian', Buffer.from(`${bom}${lines.join('\n')}`, 'utf16le').swap16(), ALL, []],
    ['an array', `[${lines.join(',')}]`, ALL, []],
    ['an array with a mark, over lines', `${bom}[\n  ${lines.join(',\n  ')}\n]\n`, ALL, []],
    ['an array of bare resources', `[${bare.join(',')}]`, singles, []],
    ['a cut array', `[${lines.join(',')}`.slice(0, -20), ALL.slice(0, 2), [/the last object is cut/]],
    ['arrays in lines', `[${lines[0]}]\n[${lines[1]},${lines[2]}]\n`, ALL, []],
    ['indented documents', `${indented}\n${indented}\n`, [ALL[1]!, ALL[1]!], []],
    ['documents without anything between them', lines.join(''), ALL, []],
    ['metrics and spans in one line', `{${lines[0]!.slice(1, -1)},${lines[1]!.slice(1)}\n`, ALL.slice(0, 2), []],
    [
      'a cut message',
      prefixed(bodies).subarray(0, -10),
      ALL.slice(0, 2),
      [/the file ends inside the message at byte \d+/],
    ],
    ['a cut delimited message', delimited(bodies).subarray(0, -10), ALL.slice(0, 2), [/the file ends inside/]],
    [
      'a message that is none',
      prefixed([bodies[0]!, Buffer.from([0x0a, 2, 0x12, 9]), bodies[1]!]),
      ALL.slice(0, 2),
      [/one message was skipped: message 2: no OTLP export request/],
    ],
    [
      'bytes between messages',
      Buffer.concat([prefixed(bodies.slice(0, 2)), Buffer.alloc(9, 0xee), prefixed(bodies)]),
      ALL.slice(0, 2),
      [/no message can start at byte \d+: what stands before it was read/],
    ],
    ['prefixed JSON', prefixed(lines.map((line) => Buffer.from(line))), ALL, []],
    [
      'cut gzip',
      gzipSync(`${lines.join('\n')}\n`.repeat(50)).subarray(0, -30),
      [],
      [/cut or damaged \(unexpected end of file\)/],
    ],
  ];
  for (const [what, content, requests, notes] of CASES)
    it(what, async () => {
      const found = await readAll('case', content);
      if (what !== 'cut gzip') assert.deepEqual(found.requests, requests);
      else assert.ok(found.requests.length > 100);
      assert.equal(found.notes.length, notes.length, found.notes.join('\n'));
      for (const [i, note] of notes.entries()) assert.match(found.notes[i]!, note);
      assert.equal(found.endsWhole, false);
    });

  it('a single request that is cut gives the resources that are whole', async () => {
    const three = `{"resourceMetrics":[${Array(3).fill(resources('metrics')[0]).join(',')}]}`;
    for (const text of [three, JSON.stringify(JSON.parse(three), null, 1)]) {
      const found = await readAll('single', text.slice(0, -20));
      assert.deepEqual(found.requests, [singles[0], singles[0]]);
      assert.match(found.notes[0]!, /cut/);
    }
  });

  it('zstd: whole, in several frames, cut', { skip: noZstd }, async () => {
    const text = lines.join('\n').concat('\n');
    assert.deepEqual((await readAll('a.zst', zstd(text))).requests, ALL);
    assert.deepEqual((await readAll('b.zst', Buffer.concat([zstd(text), zstd(text)]))).requests, [...ALL, ...ALL]);
    const long = zstd(text.repeat(2000).replace(/"name":"/g, () => `"name":"${Math.random()}`));
    const cut = await readAll('c.zst', long.subarray(0, long.length / 2));
    assert.ok(cut.requests.length > 100);
    assert.match(cut.notes[0]!, /cut or damaged \(unexpected EOF\)/);
  });

  it("the file exporter's compression: each message a zstd frame behind its length", { skip: noZstd }, async () => {
    assert.deepEqual((await readAll('d', prefixed(bodies.map(zstd)))).requests, ALL);
    assert.deepEqual((await readAll('e', prefixed(lines.map(zstd)))).requests, ALL);
  });
});

describe('frames', () => {
  it('gives the same messages however the file is cut into chunks', () => {
    const bodies = [ALL[0]!.body, new Uint8Array(), ALL[2]!.body, ALL[1]!.body];
    for (const [framing, bytes] of [
      ['prefixed', prefixed(bodies)] as const,
      ['delimited', delimited(bodies)] as const,
    ]) {
      assert.equal(framingOf(bytes, true), framing);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const reader = new RecordReader(framing);
          const read = edges.slice(1).flatMap((end, i) => [...reader.push(bytes.subarray(edges[i]!, end))]);
          assert.equal(reader.end(), undefined);
          assert.deepEqual(
            read.map((body) => Uint8Array.from(body)),
            bodies,
          );
        }),
      );
    }
  });

  it('recognises a framing by the head of a file', () => {
    const bodies = ALL.map(({ body }) => body);
    for (const [framing, bytes] of [
      ['prefixed', prefixed(bodies)] as const,
      ['delimited', delimited(bodies)] as const,
    ]) {
      for (const length of [700, bodies[0]!.length + 2, bytes.length - 3]) {
        assert.equal(framingOf(bytes.subarray(0, length), false), framing, `${framing} ${length}`);
      }
    }
    assert.equal(framingOf(Buffer.from(bodies[0]!.subarray(0, 100)), false), 'single');
    assert.equal(framingOf(Buffer.from('time,cluster'), true), undefined);
  });
});

describe('signalOf', () => {
  it('tells the signals apart', () => {
    for (const { signal, body } of ALL) assert.equal(signalOf(body), signal);
    assert.equal(signalOf(new Uint8Array()), 'metrics');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        signalOf(bytes);
        signalOf(Uint8Array.from([0x0a, bytes.length, ...bytes]));
      }),
    );
  });
});
