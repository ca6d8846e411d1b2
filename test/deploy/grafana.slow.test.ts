// Dashboards and rules with a real Prometheus that scrapes a real gateway: every panel's query has data, every rule its
// unit test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from '../support/paths.js';
import { newFolder, type OtlpService, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { peer } from '../support/peers/programs.js';
import { sendTraffic, startPrometheus, traffic } from '../support/peers/prometheus.js';

const DASHBOARDS = join(ROOT, 'deploy/grafana/dashboards');
const RULES = join(ROOT, 'deploy/prometheus');

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

/** Queries whose data only exists when something goes wrong: that they parse is all that a healthy gateway can show. */
const QUIET = [/otelcol_receiver_refused/, /dropped_items/];

describe('Grafana dashboards', () => {
  const folder = newFolder();
  let gateway: OtlpService;
  let prometheus = '';

  before(async () => {
    const [exporterPort] = (await freePorts(1)) as [number];
    gateway = await startGateway({
      processors: { anomaly: { export_interval: '1s', export_bands: 'all' } },
      exporters: { prometheus: { endpoint: `127.0.0.1:${exporterPort}` }, debug: {} },
      connectors: { anomaly_events: {} },
      pipelines: {
        metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['prometheus', 'anomaly_events'] },
        logs: { receivers: ['anomaly_events'], exporters: ['debug'] },
      },
    } as never);
    const jobs = [
      { job_name: 'pxanomaly', port: exporterPort, honor_labels: true },
      { job_name: 'pxanomaly-gateway', port: gateway.telemetryPort, honor_labels: false },
    ];
    prometheus = await startPrometheus(folder, jobs, { rule_files: [join(RULES, 'rules.yml')] });
    await sendTraffic(gateway.grpcPort, async (window) => {
      // Counters need two scrapes with a difference between them.
      if (window === 200) await new Promise((resolve) => setTimeout(resolve, 1500));
    });
  });
  after(endAll);

  /** How many series the query has, by value of the variables: all of them. */
  async function count(expr: string): Promise<number> {
    const query = expr.replace(/\$(cluster|namespace|source|destination)\b/g, '.*');
    const response = await fetch(`http://${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await response.json()) as { status: string; error?: string; data?: { result: unknown[] } };
    assert.equal(body.status, 'success', `${expr}: ${body.error}`);
    return body.data?.result.length ?? 0;
  }

  for (const file of readdirSync(DASHBOARDS)) {
    const dashboard = JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as { uid: string; panels: Panel[] };
    for (const panel of dashboard.panels)
      it(`${file}: "${panel.title}" shows data`, async () => {
        for (const { expr } of panel.targets) {
          if (QUIET.some((quiet) => quiet.test(expr))) await count(expr);
          else await eventually(async () => (await count(expr)) > 0, 20_000, expr);
        }
      });
  }

  it('the page-worthy alert fires on the incident', async () => {
    await eventually(
      async () => (await count('ALERTS{alertname="ServiceIncident", alertstate="firing"}')) === 1,
      20_000,
    );
  });

  it('the recording rules record', async () => {
    await eventually(async () => (await count('pxanomaly:edge_score:max10m')) === traffic.edges, 20_000);
  });

  it('the dashboards are current', () => {
    const made = spawnSync(process.execPath, [join(ROOT, 'deploy/grafana/generate.mjs'), '--check'], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
  });
});

describe('Prometheus rules', () => {
  for (const args of [
    ['check', 'rules', 'rules.yml'],
    ['test', 'rules', 'rules.test.yml'],
  ])
    it(`promtool ${args.join(' ')}`, () => {
      const { status, stdout, stderr } = spawnSync(join(peer('prometheus.sh'), 'promtool'), args, {
        cwd: RULES,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
    });

  it('only incidents page', () => {
    const text = readFileSync(join(RULES, 'rules.yml'), 'utf8');
    const paging = [...text.matchAll(/alert: (\w+)(?:(?!alert:)[\s\S])*?severity: (\w+)/g)].filter(
      ([, , severity]) => severity === 'page',
    );
    assert.deepEqual(
      paging.map(([, name]) => name),
      ['ServiceIncident'],
    );
  });
});
