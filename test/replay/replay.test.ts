import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { protobufToJson } from '../../src/otlp/index.js';
import { LOST_THROUGHPUT, SLOW_PAYMENT } from '../../src/simulation/faults.js';
import { Random } from '../../src/simulation/random.js';
import { prefixed, ReplayBench, SHOP_START, shopRequests } from '../support/recordings.js';

const bench = new ReplayBench();
after(() => bench.remove());

const WINDOWS = 260;
const requests = shopRequests(WINDOWS, [
  { fault: SLOW_PAYMENT, at: 200 },
  { fault: LOST_THROUGHPUT, at: 235 },
]);

/** The resource blocks of a request. */
function blocksOf(body: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    let [length, end] = [0, at + 1];
    for (let shift = 1; ; shift *= 128) {
      const byte = body[end++]!;
      length += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
    }
    blocks.push(body.subarray(at, end + length));
    at = end + length;
  }
  return blocks;
}

/** The same rows in other requests: each cut at random and the order of its rows changed. */
function recut(seed: number): Uint8Array[] {
  const random = new Random(seed);
  return requests.flatMap((body) => {
    const blocks = blocksOf(body);
    for (let i = blocks.length - 1; i > 0; i--) {
      const j = random.integer(0, i + 1);
      [blocks[i], blocks[j]] = [blocks[j]!, blocks[i]!];
    }
    const parts: Uint8Array[][] = [[]];
    for (const block of blocks) {
      if (random.chance(0.2)) parts.push([]);
      parts.at(-1)!.push(block);
    }
    return parts.map((part) => Uint8Array.from(Buffer.concat(part)));
  });
}

async function eventsOf(name: string, content: string | Uint8Array, ...more: string[]): Promise<string> {
  const path = bench.path(`${name}.events`);
  const { code, stderr } = await bench.run(bench.file(name, content), '--events', path, ...more);
  assert.equal(code, 0, stderr);
  return readFileSync(path, 'utf8');
}

describe('replay', () => {
  let expected = '';

  it('finds the faults of a recording, with kind, edge and incident', async () => {
    expected = await eventsOf('prefixed', prefixed(requests));
    const events = expected
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const slow = events.find((e) => e.event === 'edge' && e.state === 'started' && e.dst_service === 'payment');
    assert.deepEqual(
      [slow.kind, slow.src_service, slow.namespace, slow.cluster],
      ['latency_spike', 'checkout', 'shop', '8d3f6a52-1c0e-4f7b-9a41-5e2d7c90b613'],
    );
    assert.ok(slow.time >= SHOP_START + 2000 && slow.time <= SHOP_START + 2030, `${slow.time}`);
    assert.ok(slow.score >= 0.9 && slow.observed > 3 * slow.expected && slow.unit === 'ns');
    const lost = events.find((e) => e.kind === 'throughput_drop' && e.dst_service === 'recommendation');
    assert.equal(lost.src_service, 'frontend');
    const incident = events.find((e) => e.event === 'incident' && e.state === 'opened');
    assert.ok(incident.ranking.slice(0, 2).includes('payment'), incident.ranking.join());
    assert.ok(incident.services.includes('checkout') && incident.incident_id.length > 0);
    assert.ok(events.some((e) => e.event === 'edge' && e.state === 'resolved' && e.dst_service === 'payment'));
  });

  it('gives the same bytes however the rows were cut into requests and ordered in them', async () => {
    for (const seed of [1, 2]) assert.equal(await eventsOf('recut', prefixed(recut(seed))), expected);
    const merged = requests.flatMap((_, i) => (i % 3 === 0 ? [Buffer.concat(requests.slice(i, i + 3))] : []));
    assert.equal(await eventsOf('merged', prefixed(merged)), expected);
  });

  it('gives the same bytes for every format', async () => {
    const lines = requests.map((body) => protobufToJson('metrics', body)).join('\n');
    assert.equal(await eventsOf('lines.json', lines), expected);
    assert.equal(await eventsOf('single', Buffer.concat(requests)), expected);
  });

  it('obeys the configuration', async () => {
    const gateway = bench.file(
      'gateway.yaml',
      'processors:\n  anomaly: { rules: [{ match: { destination: "*payment" }, mute: true }] }\n',
    );
    const muted = await eventsOf('muted', prefixed(requests), '--config', gateway);
    assert.doesNotMatch(muted, /"event":"edge"[^\n]*"dst_service":"payment"/);
    assert.match(muted, /"kind":"throughput_drop"/);
    const bare = bench.file('bare.yaml', 'threshold: 0.999\n');
    const strict = await eventsOf('strict', prefixed(requests), '--config', bare);
    const loose = await eventsOf('loose', prefixed(requests), '--set', 'threshold=0.8');
    assert.ok(strict.split('\n').length < loose.split('\n').length);
  });

  it('prints tables for people and JSON for programs', async () => {
    const file = bench.file('shown', prefixed(requests));
    const { stdout, stderr } = await bench.run(file);
    assert.match(stdout, /data points of 25 edges over 43 min: \d+ anomalies, \d incidents?/);
    assert.match(stdout, /latency spike +checkout → payment in shop +\d+ ms +\d+(\.\d)? ms/);
    assert.match(stdout, /likely sources[^\n]*\n[^\n]*payment/);
    assert.equal(stderr, '');
    const json = JSON.parse((await bench.run(file, '--json')).stdout);
    assert.equal(json.summary.edges, 25);
    assert.equal(json.summary.requests, requests.length);
    assert.ok(
      json.anomalies.some((a: { kind: string; ended: number | null }) => a.kind === 'latency_spike' && a.ended),
    );
    assert.ok(json.incidents[0].ranking.includes('payment'));
  });

  it('compares thresholds in a table and a plot', async () => {
    const plot = bench.path('sweep.svg');
    const file = bench.file('swept', prefixed(requests));
    const { stdout } = await bench.run(file, '--sweep', 'threshold=0.8,0.999', '--plot', plot);
    const [loose, strict] = stdout
      .split('\n')
      .slice(1, 3)
      .map((line) => Number(line.trim().split(/ +/)[1]));
    assert.ok(loose! > strict!, stdout);
    assert.match(readFileSync(plot, 'utf8'), /^<svg [^>]*>[\s\S]*<polyline[\s\S]*<\/svg>\n$/);
  });

  it('scores against labels', async () => {
    const at = (window: number): number => SHOP_START + 10 * window;
    const labels = bench.file(
      'labels.csv',
      [
        'start,end,cluster,namespace,src_service,dst_service,kind',
        `${at(200)},${at(208)},,shop,checkout,payment,latency`,
        `${at(235)},${at(243)},,shop,frontend,recommendation,rate`,
        `${at(120)},${at(125)},,,,ad,nothing`,
        `${at(200)},${at(230)},,,,,ignore`,
        `${at(230)},${at(259)},,,,,ignore`,
      ].join('\n'),
    );
    const file = bench.file('scored', prefixed(requests));
    const { labels: score } = JSON.parse((await bench.run(file, '--labels', labels, '--json')).stdout);
    assert.deepEqual(
      score.kinds.map(({ kind, faults, found }: { kind: string; faults: number; found: number }) => [
        kind,
        faults,
        found,
      ]),
      [
        ['latency', 1, 1],
        ['nothing', 1, 0],
        ['rate', 1, 1],
      ],
    );
    assert.ok(score.all.delay >= 0 && score.all.delay <= 30);
    // 25 edges of 260 windows, without what is ignored and labelled.
    assert.ok(
      score.edgeDays > (25 * 190 * 10) / 86_400 && score.edgeDays < (25 * 201 * 10) / 86_400,
      `${score.edgeDays}`,
    );
    const { stdout } = await bench.run(file, '--labels', labels, '--warm-up', '21m');
    assert.match(stdout, /all +2 +2 +1\.00/);
  });

  const wrong: readonly [string, string[], number, RegExp][] = [
    ['no file', [], 2, /which FILE\?\nSee pxanomaly replay --help/],
    ['an unknown option', ['--fast', 'x'], 2, /--fast/],
    ['a wrong duration', ['--window', 'soon', 'x'], 2, /--window: expected a duration/],
    ['a missing file', ['/nowhere/x'], 1, /\/nowhere\/x: ENOENT/],
    ['an unknown setting', ['--set', 'treshold=1', bench.file('w', requests[0]!)], 1, /anomaly.*treshold.*threshold/],
    ['a value out of range', ['--set', 'threshold=0.5', bench.file('w', requests[0]!)], 1, /anomaly::threshold/],
    ['a malformed request', [bench.file('m', prefixed([Buffer.from([0x0a, 2, 0x12, 9])]))], 1, /message 1/],
    ['events of a sweep', ['--events', '-', '--sweep', 'threshold=0.9', 'x'], 2, /--sweep makes several/],
    ['labels without header', ['--labels', bench.file('l', '1,2\n'), 'x'], 1, /no header; expected start,end/],
  ];
  for (const [what, argv, code, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const ran = await bench.run(...argv);
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, message);
      assert.equal(ran.stdout, '');
    });
  }

  it('explains itself', async () => {
    const { code, stdout } = await bench.run('--help');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: pxanomaly replay/);
  });
});

describe('replay of CSV', () => {
  /** One busy edge and its caller, with a latency fault at window 200; times of a minute. */
  function table(windowSeconds: number): string {
    const random = new Random(3);
    const lines = ['time,cluster,namespace,src_service,dst_service,latency,requests,errors,bytes'];
    for (let t = 0; t < 240; t++) {
      const slow = t >= 200 && t < 206 ? 5 : 1;
      const time = SHOP_START + windowSeconds * t;
      const n = random.poisson(300);
      lines.push(
        `${time},c,n,web,api,${(0.02 * slow * random.lognormal(0.05)).toFixed(6)},${n},${random.binomial(n, 0.01)},${n * 900}`,
      );
      lines.push(`${time},c,n,,web,${(0.05 * random.lognormal(0.05)).toFixed(6)},${random.poisson(500)},,`);
    }
    return lines.join('\n');
  }

  it('finds a fault at any window length, at the times of the table', async () => {
    for (const seconds of [10, 60]) {
      const events = (await eventsOf('table.csv', table(seconds)))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const found = events.find((e) => e.kind === 'latency_spike' && e.state === 'started');
      assert.deepEqual(
        [found.src_service, found.dst_service, found.namespace, found.cluster],
        ['web', 'api', 'n', 'c'],
      );
      assert.ok([200, 201].includes((found.time - SHOP_START) / seconds), `${found.time}`);
    }
  });

  it('takes any name with --csv, and the window that is asked for', async () => {
    const file = bench.file('table.txt', table(10));
    const windows = async (...more: string[]): Promise<number> =>
      JSON.parse((await bench.run('--csv', file, '--json', ...more)).stdout).anomalies.length;
    assert.ok((await windows()) >= 1);
    assert.equal(await windows('--window', '10m'), 0);
  });
});

describe('the last window of a recording', () => {
  const CUT = 120;
  const quiet = shopRequests(CUT + 40);
  const eventsIn = async (name: string, bodies: readonly Uint8Array[], ...more: string[]): Promise<string> => {
    const file = bench.file(name, prefixed(bodies));
    const { code } = await bench.run(file, '--events', bench.path(`${name}.events`), ...more);
    assert.equal(code, 0);
    return readFileSync(bench.path(`${name}.events`), 'utf8');
  };

  it('is not judged where the recording ends in the middle of it', async () => {
    // One of the three protocols of the next window: the edges of the others would look silent.
    for (const of of [1, 2]) assert.equal(await eventsIn('cut', quiet.slice(0, 3 * CUT + of)), '');
    const { stdout } = await bench.run(bench.path('cut'), '--json', '--set', 'export_interval=10s');
    assert.equal(JSON.parse(stdout).summary.lastTime, SHOP_START + 10 * (CUT - 1));
  });

  it('is judged where every edge has its sample', async () => {
    const file = bench.file('whole', prefixed(quiet.slice(0, 3 * CUT)));
    const { stdout } = await bench.run(file, '--json', '--set', 'export_interval=10s');
    assert.equal(JSON.parse(stdout).summary.lastTime, SHOP_START + 10 * (CUT - 1));
  });

  it('is not kept in a checkpoint', async () => {
    const checkpoint = ['--checkpoint', bench.path('cut-state')];
    assert.equal(await eventsIn('first', quiet.slice(0, 3 * CUT + 1), ...checkpoint), '');
    assert.equal(await eventsIn('second', quiet.slice(3 * CUT + 1), ...checkpoint), '');
  });

  it('of spans is not judged, whenever they stop', async () => {
    const span = (at: number, id: number) => ({
      traceId: id.toString(16).padStart(32, '0'),
      spanId: id.toString(16).padStart(16, '0'),
      name: 'call',
      kind: 3,
      startTimeUnixNano: `${BigInt(Math.round(at * 1e3)) * 1_000_000n}`,
      endTimeUnixNano: `${BigInt(Math.round(at * 1e3 + 20 + (id % 7))) * 1_000_000n}`,
      attributes: [{ key: 'peer.service', value: { stringValue: 'api' } }],
    });
    const line = (second: number): string => {
      const spans = Array.from({ length: 20 }, (_, i) => span(SHOP_START + second + i / 20, 20 * second + i + 1));
      const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] };
      return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
    };
    const lines = Array.from({ length: 1803 }, (_, second) => line(second));
    for (const end of [1801, 1803]) {
      const file = bench.file('spans.jsonl', `${lines.slice(0, end).join('\n')}\n`);
      const { code, stdout } = await bench.run(file, '--json', '--set', 'presets=[{name: spans, window: 10s}]');
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout).anomalies, []);
    }
  });
});

describe('field cases 14 and 23: a replay of what cannot all be read', () => {
  const line = protobufToJson('metrics', requests[0]!);

  it('gives the result of the rest, with a sentence and a count', async () => {
    const { code, stdout, stderr } = await bench.run(
      bench.file('some.jsonl', `hello\n${line}\n${line.slice(0, 50)}`),
      '--json',
    );
    assert.equal(code, 0);
    assert.ok(JSON.parse(stdout).summary.points > 0);
    assert.equal(JSON.parse(stdout).summary.skipped, 2);
    assert.match(stderr, /some\.jsonl: one line was skipped: line 1: .*not valid JSON/);
    assert.match(stderr, /some\.jsonl: the last line is cut, and was left out/);
  });

  it('is an error where nothing can be read', async () => {
    for (const [name, content, why] of [
      ['none.jsonl', 'a\n{"x":1}\n', /2 lines were skipped.*\n.*nothing in it could be read/],
      ['empty.jsonl', '', /nothing in it could be read: the file is empty/],
      ['empty.csv', '', /no header/],
    ] as const) {
      const { code, stderr } = await bench.run(bench.file(name, content));
      assert.equal(code, 1, name);
      assert.match(stderr, why);
    }
  });

  it('says that requests held nothing', async () => {
    const { code, stderr } = await bench.run(bench.file('hollow.jsonl', '{"resourceSpans":[]}\n'));
    assert.equal(code, 0);
    assert.match(stderr, /holds requests, but no data/);
  });
});
