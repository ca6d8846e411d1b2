import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { protobufToJson } from '../../src/otlp/index.js';
import { SIGNALS } from '../../src/pipeline/index.js';
import { FrameReader, framingOf } from '../../src/replay/readers/frames.js';
import { openRecording, type RecordedRequest, RecordingError } from '../../src/replay/readers/index.js';
import { signalOf } from '../../src/replay/readers/signal.js';
import { fixture } from '../support/paths.js';
import { SAMPLES } from '../support/peers/sample-requests.js';

const folder = mkdtempSync(join(tmpdir(), 'replay-readers-'));
after(() => rmSync(folder, { recursive: true }));

const ALL = SIGNALS.map((signal): RecordedRequest => ({ signal, body: Uint8Array.from(SAMPLES[signal]) }));

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

async function read(
  name: string,
  content: string | Uint8Array,
): Promise<{ format: string; requests: RecordedRequest[] }> {
  const path = join(folder, name);
  writeFileSync(path, content);
  return readFiles([path]);
}

async function readFiles(paths: string[]): Promise<{ format: string; requests: RecordedRequest[] }> {
  const recording = await openRecording(paths);
  const requests: RecordedRequest[] = [];
  for await (const { signal, body } of recording.requests()) requests.push({ signal, body: Uint8Array.from(body) });
  assert.equal(recording.read(), recording.total, 'the progress ends at its total');
  return { format: recording.format, requests };
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

  const broken: readonly [string, string | Uint8Array, RegExp][] = [
    ['no OTLP', 'hello\n', /neither OTLP JSON nor OTLP protobuf/],
    ['a broken line', `${lines[0]}\n{"resourceMetrics":\n`, /line 2: the body is not JSON/],
    ['a wrong value', `${lines[0]}\n{"resourceSpans":3}\n`, /line 2: malformed OTLP\/JSON at resourceSpans/],
    ['a cut message', prefixed([ALL[0]!.body, ALL[1]!.body]).subarray(0, ALL[0]!.body.length + 40), /ends inside/],
    ['a message that is none', prefixed([ALL[0]!.body, Buffer.from([0x0a, 2, 0x12, 9])]), /message 2 is no OTLP/],
    ['cut gzip', gzipSync(Buffer.from(lines.join('\n'))).subarray(0, 300), /unexpected end of file/],
  ];
  for (const [what, content, message] of broken) {
    it(`names file and place of ${what}`, async () => {
      await assert.rejects(read('broken', content), (error: Error) => {
        assert.ok(error instanceof RecordingError, `${error.stack}`);
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(join(folder, 'broken')));
        return true;
      });
    });
  }

  it('says that a file is not there', async () => {
    await assert.rejects(openRecording([join(folder, 'nowhere')]), /nowhere: ENOENT/);
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
          const reader = new FrameReader(framing);
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
