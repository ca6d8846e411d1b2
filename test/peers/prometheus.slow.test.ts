// A real Prometheus scrapes the gateway: anomaly metrics from the prometheus exporter, own telemetry from its port; promtool
// finds nothing to say about either.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newFolder, type OtlpService, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { peer } from '../support/peers/programs.js';
import { sendTraffic, startPrometheus, traffic, WINDOWS } from '../support/peers/prometheus.js';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describe('a Prometheus that scrapes the gateway', () => {
  const folder = newFolder();
  let gateway: OtlpService;
  let exporterPort: number;
  let prometheus: string;

  before(async () => {
    [exporterPort] = (await freePorts(1)) as [number];
    gateway = await startGateway({
      processors: { anomaly: { export_interval: '1s' } },
      exporters: { prometheus: { endpoint: `127.0.0.1:${exporterPort}` } },
      pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['prometheus'] } },
    });
    prometheus = await startPrometheus(folder, [
      { job_name: 'anomalies', port: exporterPort },
      { job_name: 'own', port: gateway.telemetryPort },
    ]);
    await sendTraffic(gateway.grpcPort);
  });
  after(endAll);

  async function query(expression: string): Promise<Sample[]> {
    const url = `http://${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: Sample[] } };
    return data.result;
  }

  it('has both targets up', async () => {
    await eventually(async () => {
      const up = await query('up');
      return up.length === 2 && up.every(({ value }) => value[1] === '1');
    });
  });

  it('finds the score of every edge, and the faulty one on top', async () => {
    await eventually(async () => (await query('px_anomaly_score')).length === traffic.edges, 20_000, 'twelve scores');
    const [top] = await query('topk(1, px_anomaly_score)');
    assert.equal(top?.metric.dst_service, 'callee-3');
    assert.equal(top?.metric.src_service, 'caller-3');
    assert.ok(Number(top?.value[1]) >= 0.9);
  });

  it('finds the anomaly under its kind, and the count of anomalies', async () => {
    await eventually(async () => (await query('px_anomaly_network_latency_spike > 0')).length === 1);
    const [count] = await query('sum(px_anomaly_events_total{anomaly_kind="latency_spike"})');
    assert.ok(Number(count?.value[1]) >= 1);
  });

  it('finds how many points were received', async () => {
    const points = String(WINDOWS * traffic.edges * 4);
    await eventually(
      async () => {
        const [accepted] = await query('sum(otelcol_receiver_accepted_metric_points)');
        return accepted?.value[1] === points;
      },
      20_000,
      `${points} accepted points`,
    );
  });

  for (const name of ['anomalies', 'own'] as const) {
    it(`promtool has nothing to say about ${name}`, async () => {
      const port = name === 'own' ? gateway.telemetryPort : exporterPort;
      const input = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      assert.ok(input.length > 0);
      const checked = spawnSync(join(peer('prometheus.sh'), 'promtool'), ['check', 'metrics'], { input });
      const complaints = checked.stderr
        .toString()
        .split('\n')
        .filter((line) => line !== '' && !isStyle(line));
      assert.deepEqual(complaints, []);
    });
  }
});

/**
 * The Collector's own names of internal telemetry carry no `_total` and no base units by default; ours are the same on purpose.
 * Bands keep the unit that the sender measures in. These opinions of promtool are left aside; everything else, and every parse
 * error, counts.
 */
function isStyle(line: string): boolean {
  const own = /^(otelcol|pxanomaly)_\S+ (counter metrics should have "_total" suffix|use base unit)/;
  const band = /^px_anomaly_(observed|expected|lower|upper)_\S+ use base unit/;
  return own.test(line) || band.test(line);
}
