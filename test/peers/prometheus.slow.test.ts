// A real Prometheus scrapes the gateway: anomaly metrics from the prometheus exporter, own telemetry from its port;
// promtool finds nothing to say about either.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hostileMetrics } from '../support/hostile-metrics.js';
import { newFolder, type OtlpService, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { peer } from '../support/peers/programs.js';
import { sendTraffic, startPrometheus, traffic, WINDOWS } from '../support/peers/prometheus.js';
import { grpcSender } from '../support/peers/senders.js';
import { parsePage } from '../support/prometheus-page.js';
import fc from '../support/property.js';

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
 * The Collector's own names of internal telemetry carry no `_total` and no base units by default; ours are the same on
 * purpose. These opinions of promtool are left aside; everything else, and every parse error, counts.
 */
function isStyle(line: string): boolean {
  return /^(otelcol|pxanomaly)_\S+ (counter metrics should have "_total" suffix|use base unit)/.test(line);
}

/** Each option that changes the page, in both formats. */
const OPTIONS: Readonly<Record<string, object>> = {
  defaults: {},
  'send_timestamps (field case 10)': { send_timestamps: true },
  'without suffixes': { add_metric_suffixes: false },
  'resource attributes as labels': { resource_to_telemetry_conversion: { enabled: true }, without_scope_info: true },
  'a namespace and labels': { namespace: 'px', const_labels: { site: 'a"b\\c\nd', job: 'mine' } },
  'all of them': {
    send_timestamps: true,
    add_metric_suffixes: false,
    resource_to_telemetry_conversion: { enabled: true },
    namespace: 'px',
    const_labels: { site: 'a' },
  },
};

describe('a Prometheus reads the page under every option, whatever senders send', () => {
  const folder = newFolder();
  const cases = Object.entries(OPTIONS).flatMap(([name, options]) =>
    [true, false].map((enable_open_metrics) => ({
      name: `${name}, ${enable_open_metrics ? 'OpenMetrics' : 'text'}`,
      options: { ...options, enable_open_metrics, forwarded: true },
    })),
  );
  let ports: number[];
  let gateway: OtlpService;
  let prometheus: string;

  before(async () => {
    ports = await freePorts(cases.length);
    const exporters = Object.fromEntries(
      cases.map(({ options }, i) => [`prometheus/${i}`, { endpoint: `127.0.0.1:${ports[i]}`, ...options }]),
    );
    gateway = await startGateway({
      processors: { anomaly: { export_interval: '1s', export_bands: 'all' } },
      exporters,
      pipelines: {
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: Object.keys(exporters) },
      },
    });
    await sendTraffic(gateway.grpcPort);
    const sender = grpcSender(gateway.grpcPort);
    for (const body of fc.sample(hostileMetrics, { numRuns: 200, seed: 7 })) await sender.send('metrics', body);
    sender.close();
    prometheus = await startPrometheus(folder, [
      ...cases.map(({ name }, i) => ({ job_name: name, port: ports[i]!, honor_labels: false })),
      { job_name: 'own', port: gateway.telemetryPort },
    ]);
  });
  after(endAll);

  interface Target {
    readonly health: string;
    readonly lastError: string;
  }

  for (const name of [...cases.map((one) => one.name), 'own'])
    it(`scrapes ${name}`, async () => {
      let told = 'no target';
      // A scrape that a busy machine was too slow for is followed by another soon.
      const isUp = async (): Promise<boolean> => {
        const answer = await fetch(`http://${prometheus}/api/v1/targets`);
        const { data } = (await answer.json()) as { data: { activeTargets: (Target & { scrapePool: string })[] } };
        const target = data.activeTargets.find(({ scrapePool }) => scrapePool === name);
        told = `${target?.health} ${target?.lastError}`;
        return told === 'up ';
      };
      await eventually(isUp, 60_000).catch(() => assert.fail(told));
    });

  cases.forEach(({ name }, i) => {
    it(`promtool parses ${name}`, async () => {
      const input = await (await fetch(`http://127.0.0.1:${ports[i]}/metrics`)).text();
      assert.ok(parsePage(input).length > 10);
      const { status, stderr } = spawnSync(join(peer('prometheus.sh'), 'promtool'), ['check', 'metrics'], { input });
      assert.notEqual(status, 1, stderr.toString());
    });
  });

  it('joins what is known of a target (field case 24)', async () => {
    const expression = 'px_anomaly_score * on (exported_job, exported_instance) group_left target_info';
    const url = `http://${prometheus}/api/v1/query?query=${encodeURIComponent(`count(${expression.replaceAll('px_anomaly_score', 'px_anomaly_score{job="defaults, text"}').replace('target_info', 'target_info{job="defaults, text", exported_job="pxanomaly"}')})`)}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: Sample[] } };
    assert.equal(data.result[0]?.value[1], String(traffic.edges));
  });
});
