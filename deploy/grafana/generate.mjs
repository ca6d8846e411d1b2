// Writes dashboards/*.json. A dashboard is a list of rows of panels; `--check` fails when a file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const check = process.argv.includes('--check');
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's variable.
const SOURCE = { type: 'prometheus', uid: '${datasource}' };
const EDGE = '{{src_namespace}}/{{src_service}} → {{namespace}}/{{dst_service}}';

/**
 * Bands by feature, in base units as our own page has them. Where results travel through a Collector they keep the
 * sender's unit, and its page names it: those are converted here.
 */
const BANDS = {
  latency: { unit: 's', of: { seconds: '', milliseconds: ' / 1e3', microseconds: ' / 1e6', nanoseconds: ' / 1e9' } },
  requests: { of: { '': '', per_second: '' } },
  errors: { unit: 'percentunit', of: { ratio: '' } },
  bytes: { unit: 'bytes', of: { bytes: '', bytes_per_second: '' } },
};

const band = (name, feature, labels) =>
  Object.entries(BANDS[feature].of)
    .map(([suffix, by]) => `${name}${suffix && `_${suffix}`}{${labels}}${by}`)
    .join(' or ');

const target = ([expr, legendFormat = '__auto'], index, instant) => ({
  refId: String.fromCharCode(65 + index),
  datasource: SOURCE,
  expr,
  legendFormat,
  ...(instant ? { instant: true, range: false, format: 'table' } : {}),
});

function panel(type, title, queries, { w = 12, h = 8, unit, description, options = {}, custom, max, thresholds } = {}) {
  return {
    type,
    title,
    w,
    h,
    datasource: SOURCE,
    ...(description ? { description } : {}),
    targets: queries.map((query, i) => target(query, i, type === 'table')),
    fieldConfig: {
      defaults: {
        ...(unit ? { unit } : {}),
        ...(max === undefined ? {} : { min: 0, max }),
        ...(custom ? { custom } : {}),
        ...(thresholds ? { thresholds: { mode: 'absolute', steps: thresholds } } : {}),
      },
      overrides: [],
    },
    options,
  };
}

const series = (title, queries, more = {}) =>
  panel('timeseries', title, queries, {
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    custom: { lineWidth: 1, fillOpacity: 5, showPoints: 'never' },
    ...more,
  });
const stat = (title, query, more = {}) =>
  panel('stat', title, [[query]], {
    w: 4,
    h: 4,
    options: { colorMode: 'value', reduceOptions: { calcs: ['lastNotNull'] } },
    ...more,
  });
const table = (title, queries, more = {}) => panel('table', title, queries, { w: 24, ...more });

const SCORE_STEPS = [
  { color: 'green', value: null },
  { color: 'yellow', value: 0.5 },
  { color: 'red', value: 0.9 },
];
const NONE_IS_GOOD = [
  { color: 'green', value: null },
  { color: 'red', value: 1 },
];

const CLUSTER = { name: 'cluster', label: 'Cluster', query: 'label_values(px_anomaly_score, px_cluster_id)' };
const NAMESPACE = {
  name: 'namespace',
  label: 'Namespace',
  query: 'label_values(px_anomaly_score{px_cluster_id=~"$cluster"}, namespace)',
};
const IN = 'px_cluster_id=~"$cluster", namespace=~"$namespace"';

const dashboards = {
  overview: {
    title: 'pxanomaly / Overview',
    variables: [CLUSTER, NAMESPACE],
    rows: [
      [
        stat('Open incidents', 'sum(px_anomaly_incidents_open{px_cluster_id=~"$cluster"})', {
          thresholds: NONE_IS_GOOD,
        }),
        stat('Anomalous edges', `count(px_anomaly_score{${IN}} >= 0.9) or vector(0)`, { thresholds: NONE_IS_GOOD }),
        stat('Anomalies today', 'sum(increase(px_anomaly_events_total{px_cluster_id=~"$cluster"}[24h]))'),
        stat('Edges watched', 'sum(pxanomaly_edges)'),
        stat('Edges learning', 'sum(pxanomaly_edges_learning)', {
          description: 'Too young to alert: fewer than 60 windows seen',
        }),
        stat('Highest score', `max(px_anomaly_score{${IN}})`, { thresholds: SCORE_STEPS }),
      ],
      [
        series('Highest scores', [[`topk(10, px_anomaly_score{${IN}})`, EDGE]], {
          w: 24,
          max: 1,
          thresholds: SCORE_STEPS,
        }),
      ],
      [
        table('Anomalous now', [[`{__name__=~"px_anomaly_network_.+", ${IN}} > 0`]], {
          description: 'Score by kind, while it lasts',
        }),
      ],
      [
        series('Anomalies started, by kind', [
          [
            'sum by (anomaly_kind) (increase(px_anomaly_events_total{px_cluster_id=~"$cluster"}[1h]))',
            '{{anomaly_kind}}',
          ],
        ]),
        series('Incidents open', [
          ['sum by (px_cluster_id) (px_anomaly_incidents_open{px_cluster_id=~"$cluster"})', '{{px_cluster_id}}'],
        ]),
      ],
    ],
  },
  edge: {
    title: 'pxanomaly / Edge',
    variables: [
      CLUSTER,
      {
        name: 'source',
        label: 'Source',
        query: 'label_values(px_anomaly_score{px_cluster_id=~"$cluster"}, src_service)',
      },
      {
        name: 'destination',
        label: 'Destination',
        query: 'label_values(px_anomaly_score{px_cluster_id=~"$cluster", src_service=~"$source"}, dst_service)',
      },
    ],
    rows: [
      [
        series(
          'Score',
          [['px_anomaly_score{px_cluster_id=~"$cluster", src_service=~"$source", dst_service=~"$destination"}', EDGE]],
          {
            w: 24,
            h: 6,
            max: 1,
            thresholds: SCORE_STEPS,
          },
        ),
      ],
      ...[
        ['Latency', 'latency'],
        ['Requests', 'requests'],
        ['Errors', 'errors'],
        ['Bytes', 'bytes'],
      ].map(([title, feature]) => [
        series(
          `${title}: observed, expected and band`,
          // Fewer errors than usual are no anomaly, so they have no lower bound.
          ['observed', 'expected', ...(feature === 'errors' ? [] : ['lower']), 'upper'].map((what) => [
            band(
              `px_anomaly_${what}`,
              feature,
              `anomaly_feature="${feature}", px_cluster_id=~"$cluster", src_service=~"$source", dst_service=~"$destination"`,
            ),
            `${what} {{src_service}} → {{dst_service}}`,
          ]),
          {
            w: 24,
            unit: BANDS[feature].unit,
            description: 'While an edge is anomalous; `export_bands: all` sends it always',
          },
        ),
      ]),
    ],
  },
  incidents: {
    title: 'pxanomaly / Incidents',
    variables: [CLUSTER],
    rows: [
      [
        stat('Open now', 'sum(px_anomaly_incidents_open{px_cluster_id=~"$cluster"})', { thresholds: NONE_IS_GOOD }),
        stat('Opened, 24 h', 'sum(increase(pxanomaly_incidents{state="opened"}[24h])) or vector(0)'),
        stat('Opened, 7 d', 'sum(increase(pxanomaly_incidents{state="opened"}[7d])) or vector(0)'),
      ],
      [
        series('Incidents open', [['px_anomaly_incidents_open{px_cluster_id=~"$cluster"}', '{{px_cluster_id}}']], {
          w: 24,
        }),
      ],
      [
        series(
          'Edges that are anomalous, by kind',
          [
            [
              'count by (__name__) ({__name__=~"px_anomaly_network_.+", px_cluster_id=~"$cluster"} > 0)',
              '{{__name__}}',
            ],
          ],
          { w: 24 },
        ),
      ],
      [table('Edges of the open incidents', [[`{__name__=~"px_anomaly_network_.+", px_cluster_id=~"$cluster"} > 0`]])],
    ],
  },
  gateway: {
    title: 'pxanomaly / Gateway',
    variables: [],
    rows: [
      [
        series('Received, data points a second', [
          [
            'sum by (receiver, transport) (rate(otelcol_receiver_accepted_metric_points[5m]))',
            '{{receiver}} {{transport}}',
          ],
        ]),
        series('Sent, items a second', [
          ['sum by (exporter) (rate(otelcol_exporter_sent_metric_points[5m]))', '{{exporter}} points'],
          ['sum by (exporter) (rate(otelcol_exporter_sent_log_records[5m]))', '{{exporter}} records'],
        ]),
      ],
      [
        series('Refused, failed and dropped, items a second', [
          ['sum by (receiver) (rate(otelcol_receiver_refused_metric_points[5m])) or vector(0)', 'refused {{receiver}}'],
          [
            'sum by (exporter, reason) (rate(pxanomaly_exporter_dropped_items[5m])) or vector(0)',
            'dropped {{exporter}} {{reason}}',
          ],
        ]),
        series('Points by outcome, a second', [['sum by (outcome) (rate(pxanomaly_points[5m]))', '{{outcome}}']], {
          description: 'folded: scored. late, duplicate, held, shadowed, unmapped: see the anomaly processor’s README',
        }),
      ],
      [
        series('Time of learning, seconds a second', [['sum(rate(pxanomaly_learn_seconds_sum[5m]))', 'learning']]),
        series('Processor time', [['rate(otelcol_process_cpu_seconds[5m])', 'cores']]),
      ],
      [
        series(
          'Memory',
          [
            ['otelcol_process_memory_rss', 'resident'],
            ['pxanomaly_kernel_memory_bytes', 'kernel'],
            ['otelcol_process_runtime_heap_alloc_bytes', 'heap'],
          ],
          { unit: 'bytes' },
        ),
        series('Edges and series', [
          ['sum(pxanomaly_edges)', 'edges'],
          ['sum(pxanomaly_series)', 'series'],
          ['sum(pxanomaly_edges_learning)', 'learning'],
        ]),
      ],
    ],
  },
};

function variable({ name, label, query }) {
  return {
    name,
    label,
    type: 'query',
    datasource: SOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

/** Panels left to right, row under row, on Grafana's grid of 24 columns. */
function layOut(rows) {
  let y = 0;
  let id = 0;
  const panels = [];
  for (const row of rows) {
    let x = 0;
    for (const { w, h, ...rest } of row) {
      panels.push({ id: ++id, gridPos: { x, y, w, h }, ...rest });
      x += w;
    }
    y += Math.max(...row.map(({ h }) => h));
  }
  return panels;
}

function dashboard(uid, { title, variables, rows }) {
  return {
    uid: `pxanomaly-${uid}`,
    title,
    tags: ['pxanomaly'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {} },
        ...variables.map(variable),
      ],
    },
    links: [
      {
        type: 'dashboards',
        tags: ['pxanomaly'],
        asDropdown: true,
        title: 'pxanomaly',
        includeVars: true,
        keepTime: true,
      },
    ],
    panels: layOut(rows),
  };
}

for (const [name, definition] of Object.entries(dashboards)) {
  const path = join(here, 'dashboards', `${name}.json`);
  const text = `${JSON.stringify(dashboard(name, definition), null, 2)}\n`;
  if (!check) {
    writeFileSync(path, text);
    continue;
  }
  if (readFileSync(path, { encoding: 'utf8', flag: 'a+' }) !== text) {
    console.error(`deploy/grafana/dashboards/${name}.json is out of date: node deploy/grafana/generate.mjs`);
    process.exitCode = 1;
  }
}
