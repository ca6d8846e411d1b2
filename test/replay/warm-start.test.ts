// Learning from recordings: checkpoints that a gateway or another replay goes on from, and answers of Prometheus.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LOST_THROUGHPUT, SLOW_PAYMENT } from '../../src/simulation/faults.js';
import { Random } from '../../src/simulation/random.js';
import { prefixed, ReplayBench, SHOP_START, shopRequests } from '../support/recordings.js';

const bench = new ReplayBench();
after(() => bench.remove());

describe('replay --checkpoint', () => {
  const WINDOWS = 200;
  const CUT = 150;
  const requests = shopRequests(WINDOWS, [
    { fault: SLOW_PAYMENT, at: 120 },
    { fault: LOST_THROUGHPUT, at: 160 },
  ]);
  const events = (name: string): string[] =>
    readFileSync(bench.path(name), 'utf8')
      .split('\n')
      .filter((line) => line !== '');

  it('goes on as if there had been no end', async () => {
    const whole = bench.file('whole', prefixed(requests));
    const parts = [requests.slice(0, 3 * CUT), requests.slice(3 * CUT)].map((part, i) =>
      bench.file(`part-${i}`, prefixed(part)),
    );
    assert.equal((await bench.run(whole, '--events', bench.path('whole.events'))).code, 0);
    for (const [i, part] of parts.entries()) {
      const { code, stderr } = await bench.run(
        part,
        '--events',
        bench.path(`part-${i}.events`),
        '--checkpoint',
        bench.path('state'),
      );
      assert.equal(code, 0, stderr);
    }
    const expected = events('whole.events');
    assert.ok(expected.some((line) => line.includes('throughput_drop')));
    assert.deepEqual([...events('part-0.events'), ...events('part-1.events')], expected);
    assert.deepEqual(readdirSync(bench.path('state')), ['processor.anomaly.checkpoint']);
  });

  it('starts afresh, and says so, where what is there is no checkpoint', async () => {
    writeFileSync(join(bench.path('state'), 'processor.anomaly.checkpoint'), 'something else');
    const file = bench.file('again', prefixed(requests.slice(3 * CUT)));
    const { code, stderr } = await bench.run(file, '--checkpoint', bench.path('state'));
    assert.equal(code, 0);
    assert.match(stderr, /not kept|no checkpoint/);
  });

  it('says that the directory cannot be used', async () => {
    const file = bench.file('some', prefixed(requests.slice(0, 3)));
    const { code, stderr } = await bench.run(file, '--checkpoint', join(file, 'below'));
    assert.equal(code, 1);
    assert.match(stderr, /some\/below/);
  });
});

describe('replay of a Prometheus answer', () => {
  const STEP = 60;
  const STEPS = 200;
  const SLOW = 180;

  /** Counters as the servicegraph connector's, scraped each minute; latency × 5 for six minutes. */
  function answer(): string {
    const random = new Random(5);
    const labels = { client: 'web', server: 'api', job: 'collector', instance: 'c:8889' };
    const series = new Map<string, [number, string][]>();
    const add = (name: string, t: number, value: number): void => {
      series.set(name, [...(series.get(name) ?? []), [SHOP_START + STEP * t, String(value)]]);
    };
    let [count, sum] = [0, 0];
    for (let t = 0; t < STEPS; t++) {
      const n = random.poisson(900);
      count += n;
      sum += n * 0.02 * random.lognormal(0.05) * (t >= SLOW && t < SLOW + 6 ? 5 : 1);
      add('traces_service_graph_request_total', t, count);
      add('traces_service_graph_request_server_seconds_count', t, count);
      add('traces_service_graph_request_server_seconds_sum', t, sum);
      add('traces_service_graph_request_server_seconds_bucket', t, count);
    }
    const result = [...series].map(([name, values]) => ({ metric: { __name__: name, ...labels }, values }));
    return JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });
  }

  it('finds what happened, from counters and histograms', async () => {
    const file = bench.file('answer.json', answer());
    const { code, stdout, stderr } = await bench.run(file, '--json');
    assert.equal(code, 0, stderr);
    const { summary, anomalies } = JSON.parse(stdout);
    assert.equal(summary.edges, 1);
    assert.equal(summary.unmapped, 0);
    const [found] = anomalies;
    assert.deepEqual(
      [found.kind, found.src_service, found.dst_service, found.unit],
      ['latency_spike', 'web', 'api', 's'],
    );
    const step = (found.time - SHOP_START) / STEP;
    assert.ok(step >= SLOW && step <= SLOW + 2, `${step}`);
    assert.ok(found.observed > 3 * found.expected);
  });

  it('takes one answer a line', async () => {
    const { data } = JSON.parse(answer());
    const lines = data.result.map((one: unknown) => JSON.stringify({ data: { resultType: 'matrix', result: [one] } }));
    const { stdout } = await bench.run(bench.file('answers.json', lines.join('\n')), '--json');
    assert.equal(JSON.parse(stdout).anomalies[0].kind, 'latency_spike');
  });

  it('refuses what is no range', async () => {
    const { code, stderr } = await bench.run(bench.file('broken.json', '{"data":{"resultType":"matrix","result":'));
    assert.equal(code, 1);
    assert.match(stderr, /broken\.json: /);
  });
});
