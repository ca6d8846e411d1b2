import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { painter } from '../../src/terminal/colour.js';
import { countOf, formatCount, formatQuantity, formatSeconds, formatTime, trim } from '../../src/terminal/format.js';
import { Progress } from '../../src/terminal/progress.js';
import { formatTable } from '../../src/terminal/table.js';

describe('Progress', () => {
  function bar(isTTY: boolean, columns = 200): { progress: Progress; written: string[]; at: (ms: number) => void } {
    const written: string[] = [];
    let now = 0;
    const stream = { isTTY, columns, write: (text: string) => written.push(text) };
    const at = (ms: number): void => {
      now = ms;
    };
    return { progress: new Progress(stream, 'history', () => now), written, at };
  }

  it('draws on a terminal, at most ten times a second, and takes itself away', () => {
    const { progress, written, at } = bar(true);
    for (const [ms, part] of [
      [0, 0],
      [50, 0.1],
      [1000, 0.5],
      [1050, 0.6],
      [2000, 1],
    ] as const) {
      at(ms);
      progress.update(part, '7 rows');
    }
    progress.end();
    assert.equal(written.length, 4);
    assert.equal(written[1]!, `\r\u001b[Khistory ${'█'.repeat(15)}${'░'.repeat(15)}  50 %, 1 s left  7 rows`);
    assert.match(written[2]!, /█{30} 100 % {2}7 rows$/);
    assert.equal(written[3], '\r\u001b[K');
  });

  it('stays within the line and writes nothing into files', () => {
    const narrow = bar(true, 20);
    narrow.progress.update(0.3, 'detail');
    assert.equal(narrow.written[0]!.length, '\r\u001b[K'.length + 19);
    const file = bar(false);
    file.progress.update(0.3);
    file.progress.end();
    assert.deepEqual(file.written, []);
  });
});

describe('tables', () => {
  it('align their columns', () => {
    const columns = [{ title: 'kind' }, { title: 'score', align: 'right' as const }, { title: 'edge' }];
    assert.deepEqual(
      formatTable(columns, [
        ['latency_spike', '0.9', 'a → b'],
        ['x', '0.123', ''],
      ]),
      ['kind           score  edge', 'latency_spike    0.9  a → b', 'x              0.123'],
    );
  });
});

describe('formats', () => {
  it('say quantities as people do', () => {
    assert.deepEqual([0, 7.25, 89, 120, 5400, 200_000, Number.NaN].map(formatSeconds), [
      '0 s',
      '7.25 s',
      '89 s',
      '2 min',
      '1.5 h',
      '2.31 d',
      '–',
    ]);
    assert.deepEqual([0.000123456, 12.3456, 1234.5].map(trim), ['0.000123', '12.3', '1235']);
    assert.equal(formatTime(1_793_491_205.7), '2026-11-01 00:00:05');
    assert.equal(formatCount(1234567.2), '1,234,567');
    assert.deepEqual(
      [0, 1, 2, 1234].map((count) => countOf(count, 'edge')),
      ['0 edges', '1 edge', '2 edges', '1,234 edges'],
    );
    assert.equal(countOf(1, 'anomaly', 'anomalies'), '1 anomaly');
    assert.equal(countOf(3, 'anomaly', 'anomalies'), '3 anomalies');
    const quantities: [number | undefined, string | undefined][] = [
      [0.0588, 's'],
      [2.5, 's'],
      [1.96e8, 'ns'],
      [0.018, '1'],
      [4096, 'By'],
      [43, '{request}'],
      [43, undefined],
      [undefined, 's'],
    ];
    assert.deepEqual(
      quantities.map(([value, unit]) => formatQuantity(value, unit)),
      ['58.8 ms', '2.5 s', '196 ms', '1.8 %', '4096 By', '43', '43', ''],
    );
  });

  it('colour only terminals, and those not where colour is unwanted', () => {
    assert.equal(painter({ isTTY: true }, {}).red('x'), '\u001b[31mx\u001b[0m');
    for (const [stream, env] of [
      [{}, {}],
      [{ isTTY: true }, { NO_COLOR: '1' }],
      [{ isTTY: true }, { TERM: 'dumb' }],
    ] as const) {
      assert.equal(painter(stream, env).bold('x'), 'x');
    }
  });
});
