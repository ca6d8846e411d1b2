// The line of each minute: what it counts, in words that fit the number, found by the command that the documentation
// gives.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type AnomalyStatus, statusLine } from '../../../src/detection/status/status.js';
import { startInProcess } from '../../support/gateway.js';
import { ROOT } from '../../support/paths.js';
import { endAll, eventually } from '../../support/peers/processes.js';
import { grpcSender } from '../../support/peers/senders.js';
import { shopRequest } from '../../support/shop.js';

after(endAll);

/**
 * resource_spans { scope_spans { spans { name: "a" } } }; resource_logs { scope_logs { log_records { severity_number: 1
 * } } }
 */
const ONE_SPAN = Uint8Array.of(0x0a, 0x07, 0x12, 0x05, 0x12, 0x03, 0x2a, 0x01, 0x61);
const ONE_LOG = Uint8Array.of(0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x10, 0x01);

const statusOf = (at: Awaited<ReturnType<typeof startInProcess>>): AnomalyStatus =>
  at.gateway.status().components.find(({ id }) => id === 'anomaly')!.state as AnomalyStatus;

describe('status line', () => {
  it('counts requests of every signal', async () => {
    const at = await startInProcess();
    const sender = grpcSender(at.grpcPort);
    await sender.send('traces', ONE_SPAN);
    await eventually(() => statusOf(at).requests === 1, 5_000, 'the request of spans');
    assert.match(statusLine(statusOf(at)), /^status: 1 request; 0 edges \(/);
    await sender.send('metrics', shopRequest(0));
    await sender.send('traces', ONE_SPAN);
    await eventually(() => statusOf(at).requests === 3, 5_000, 'the other requests');
    assert.match(statusLine(statusOf(at)), /^status: 3 requests; /);
    sender.close();
  });

  it('counts logs where the processor stands in their pipeline', async () => {
    const at = await startInProcess({ receivedLogs: true });
    const sender = grpcSender(at.grpcPort);
    await sender.send('logs', ONE_LOG);
    assert.equal(statusOf(at).requests, 1);
    assert.equal(at.batches.length, 1);
    sender.close();
  });

  it('knows one from many', async () => {
    const at = await startInProcess();
    const one = { ...statusOf(at), requests: 1, edges: 1, anomaliesStarted: 1, incidentsOpen: 1, truncated: 1 };
    const line = statusLine(one);
    for (const wrong of ['1 requests', '1 edges', '1 anomalies', '1 incidents']) assert.ok(!line.includes(wrong), line);
    assert.match(line, /1 request; 1 edge \(.*1 anomaly, 1 incident open; .*1 request cut off/);
  });

  it('is what the commands of the documentation look for', async () => {
    const at = await startInProcess();
    const lines = ['{"level":"info","msg":"ready"}', JSON.stringify({ level: 'info', msg: statusLine(statusOf(at)) })];
    let checked = 0;
    for (const page of ['pixie-cron-scripts', 'kubernetes', 'troubleshoot', 'operate']) {
      const text = readFileSync(join(ROOT, `docs/tasks/${page}.md`), 'utf8');
      for (const [, filter = ''] of text.matchAll(/logs [^|\n]*\| (grep [^\n#]+)/g)) {
        const found = execFileSync('sh', ['-c', filter], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
        assert.equal(found.trim(), lines[1], filter);
        checked++;
      }
    }
    assert.ok(checked >= 1);
  });
});
