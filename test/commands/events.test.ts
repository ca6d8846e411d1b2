// `pxanomaly events`: the file exporter's lines for people.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { run } from '../../src/commands/events/index.js';
import { UsageError } from '../../src/terminal/io.js';
import { eventually } from '../support/peers/processes.js';

const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-events-'));
after(() => rmSync(folder, { recursive: true }));

function line(eventName: string, state: string, message: string, seconds: number): string {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const record = {
    timeUnixNano: `${seconds}000000000`,
    eventName,
    body: { stringValue: message },
    attributes: [text('anomaly.state', state), text('src_service', 'a'), text('dst_service', 'b')],
  };
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
}

const LINES = [
  line('px.anomaly.network.latency_spike', 'started', 'Latency shop/a → shop/b rose to 218 ms.', 1_700_000_000),
  '',
  '{"not":',
  line('px.anomaly.incident', 'opened', 'Incident in east: shop/b is the likely source.', 1_700_000_010),
  line('something.else', 'x', 'Somebody else wrote this.', 1_700_000_020),
];

async function shown(argv: string[], stdin?: Readable): Promise<{ out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: {},
    ...(stdin ? { stdin } : {}),
  };
  assert.equal(await run(argv, io), 0);
  return { out, err };
}

const EXPECTED = `2023-11-14 22:13:20  started            Latency shop/a → shop/b rose to 218 ms.
2023-11-14 22:13:30  incident opened    Incident in east: shop/b is the likely source.
`;

describe('events', () => {
  it('prints a line for each event of a file, and counts what is no OTLP', async () => {
    const file = join(folder, 'anomalies.jsonl');
    writeFileSync(file, `${LINES.join('\n')}\n`);
    assert.deepEqual(await shown([file]), { out: EXPECTED, err: 'events: lines that are no OTLP JSON: 1\n' });
  });

  it('follows its standard input, line by line', async () => {
    const input = new PassThrough();
    let out = '';
    const io = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: () => {} },
      env: {},
      stdin: input,
    };
    const done = run([], io);
    input.write(`${LINES[0]}\n`);
    await eventually(() => out.split('\n').length === 2, 5_000, 'the first line');
    input.end(`${LINES[3]}\n`);
    assert.equal(await done, 0);
    assert.equal(out, EXPECTED);
  });

  it('says what is wrong with a file and with a command line, and explains itself', async () => {
    await assert.rejects(shown([join(folder, 'none.jsonl')]), /ENOENT.*none\.jsonl/);
    await assert.rejects(shown(['a', 'b']), UsageError);
    await assert.rejects(shown(['--loud'], Readable.from([])), UsageError);
    assert.match((await shown(['--help'])).out, /^Usage: pxanomaly events/);
  });
});
