import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ExportMetricsServiceRequest } from '../../src/otlp/index.js';
import { type CsvRecording, openRecording } from '../../src/replay/readers/index.js';

const folder = mkdtempSync(join(tmpdir(), 'replay-csv-'));
after(() => rmSync(folder, { recursive: true }));

const HEADER = 'time,cluster,namespace,src_service,dst_service,latency,requests,errors,bytes';

async function open(...tables: string[]): Promise<CsvRecording> {
  const paths = tables.map((table, i) => {
    const path = join(folder, `${i}.csv`);
    writeFileSync(path, table);
    return path;
  });
  return (await openRecording(paths)) as CsvRecording;
}

interface Row {
  time: string;
  edge: string;
  values: Record<string, number>;
}

/** What the requests say, row by row. */
async function rows(recording: CsvRecording): Promise<Row[][]> {
  const requests: Row[][] = [];
  for await (const { signal, body } of recording.requests()) {
    assert.equal(signal, 'metrics');
    const { resourceMetrics } = ExportMetricsServiceRequest.decode(body);
    requests.push(
      resourceMetrics.map(({ resource, scopeMetrics }) => {
        const metrics = scopeMetrics![0]!.metrics!;
        const point = metrics[0]!.gauge!.dataPoints![0]!;
        const attributes = Object.fromEntries(point.attributes!.map(({ key, value }) => [key, value!.stringValue]));
        const cluster = resource!.attributes!.map(({ key, value }) => `${key}=${value!.stringValue}`).join();
        const { src_namespace, src_service, namespace, dst_service } = attributes;
        return {
          time: String(point.timeUnixNano),
          edge: `${cluster} ${src_namespace}/${src_service} ${namespace}/${dst_service}`,
          values: Object.fromEntries(metrics.map((m) => [`${m.name} ${m.unit}`, m.gauge!.dataPoints![0]!.asDouble!])),
        };
      }),
    );
  }
  return requests;
}

describe('CSV', () => {
  it('makes a row of our own schema of every line, a request of every time', async () => {
    const table = `${HEADER}\n1000,eu,shop,a,b,0.25,12,1,4096\n1000,eu,shop,b,c,,3,,\n1010.5,eu,shop,a,b,0.5,0,0,0\n`;
    const edge = 'px.cluster.id=eu shop/a shop/b';
    assert.deepEqual(await rows(await open(table)), [
      [
        {
          time: '1000000000000',
          edge,
          values: { 'edge.latency s': 0.25, 'edge.requests ': 12, 'edge.errors ': 1, 'edge.bytes By': 4096 },
        },
        { time: '1000000000000', edge: 'px.cluster.id=eu shop/b shop/c', values: { 'edge.requests ': 3 } },
      ],
      [
        {
          time: '1010500000000',
          edge,
          values: { 'edge.latency s': 0.5, 'edge.requests ': 0, 'edge.errors ': 0, 'edge.bytes By': 0 },
        },
      ],
    ]);
  });

  it('sorts rows by time, of several files together', async () => {
    const one = `${HEADER}\n30,,n,a,b,,1,,\n10,,n,a,b,,2,,\n`;
    const two = `${HEADER}\n20,,n,a,b,,3,,\n10,,n,a,c,,4,,\n`;
    const read = (await rows(await open(one, two))).map((request) =>
      request.map(({ time, values }) => [Number(time) / 1e9, values['edge.requests ']]),
    );
    assert.deepEqual(read, [
      [
        [10, 2],
        [10, 4],
      ],
      [[20, 3]],
      [[30, 1]],
    ]);
  });

  it('takes columns in any order, quotes, missing columns, and blank or absent values', async () => {
    const table =
      '\ufeffdst_service,Time,requests,src_service,note\r\n"b,""x""",7,5,a,"hi, there"\r\n\r\nc,7,NaN,a,\r\nd,7, 6,,\r\n';
    assert.deepEqual(await rows(await open(table)), [
      [
        { time: '7000000000', edge: ' /a /b,"x"', values: { 'edge.requests ': 5 } },
        { time: '7000000000', edge: ' / /d', values: { 'edge.requests ': 6 } },
      ],
    ]);
  });

  it('splits very large times into several requests and keeps every row', async () => {
    const lines = Array.from({ length: 25_000 }, (_, i) => `10,,n,a,s${i},,${i + 1},,`);
    const read = await rows(await open(`${HEADER}\n${lines.join('\n')}`));
    assert.deepEqual(
      read.map((request) => request.length),
      [10_000, 10_000, 5_000],
    );
    assert.deepEqual(
      read.flat().map(({ values }) => values['edge.requests ']),
      lines.map((_, i) => i + 1),
    );
  });

  it('knows the period of the table', async () => {
    const line = (time: number): string => `${time},,n,a,b,,1,,`;
    assert.equal(await (await open(`${HEADER}\n${[0, 60, 120, 240, 300].map(line).join('\n')}`)).period(), 60);
    assert.equal(await (await open(`${HEADER}\n${line(5)}`)).period(), undefined);
  });

  const broken: readonly [string, string, RegExp][] = [
    ['no header', '', /no header; expected time,cluster/],
    ['no time column', 'cluster,dst_service\n', /no column time/],
    ['no service column', 'time,cluster\n', /no column dst_service/],
  ];
  for (const [what, table, message] of broken) {
    it(`says where there is ${what}`, async () => {
      await assert.rejects(async () => rows(await open(table)), message);
    });
  }

  it('takes dates, and Unix times in milli-, micro- and nanoseconds', async () => {
    const at = 1_757_894_400;
    const times = [
      at,
      at * 1e3,
      at * 1e6,
      BigInt(at) * 1_000_000_000n,
      '2025-09-15T00:00:00Z',
      '2025-09-15 02:00:00+02:00',
    ];
    const more = ['2025-09-15T00:00', '2025-09-15 00:00:00 UTC', '2025-09-15 00:00:00,000', `${at}.0`, ` ${at} `];
    for (const time of [...times, ...more]) {
      const found = await rows(await open(`${HEADER}\n"${time}",,n,a,b,,1,,`));
      assert.deepEqual(found, await rows(await open(`${HEADER}\n${at},,n,a,b,,1,,`)), String(time));
    }
  });

  it('skips rows that are none, and a row that is cut, and counts them', async () => {
    const good = '10,,n,a,b,,1,,';
    const recording = await open(
      `${HEADER}\n${good}\nsoon,,n,a,b,,1,,\n10,,n,a,c,fast,1,,\n20,,n,a,b,,1,,\n20,,n,a,c,`,
    );
    assert.deepEqual(
      (await rows(recording)).map((request) => request.length),
      [1, 1],
    );
    const [skipped, cut] = recording.notes.sentences();
    assert.match(skipped!, /2 rows were skipped: line 3: time "soon" is neither Unix seconds nor a date/);
    assert.match(cut!, /the last row is cut/);
    assert.equal(recording.endsWhole(), false);
  });
});
