// The configurations that `init` writes: production defaults with comments, and variables for everything that differs
// from place to place.

import { INSTALLED } from '../../terminal/program.js';

export const USES = ['pixie', 'collector', 'servicegraph'] as const;
export type Use = (typeof USES)[number];

/** What differs between the uses. */
interface TemplateParts {
  readonly summary: string;
  readonly next: string;
  readonly presets: string;
  readonly anomaly: string;
  readonly traces: boolean;
}

const PARTS: Readonly<Record<Use, TemplateParts>> = {
  pixie: {
    summary: "edges from Pixie's OpenTelemetry export, scored and forwarded",
    next: 'Pixie: point the scripts of deploy/pixie at port 4317 of this gateway (docs/tasks/pixie-cron-scripts.md).',
    presets: '[edge, pixie] # most trusted first: our Pixie scripts, then what the stock plugin sends',
    anomaly: `
    # Deep links in events: host of the Pixie UI.
    # pixie_ui: work.withpixie.ai`,
    traces: false,
  },
  collector: {
    summary: 'metrics and spans from an OpenTelemetry Collector, scored and forwarded',
    next: 'Collector: add an otlp exporter that sends metrics and traces to port 4317 of this gateway (docs/tasks/collector.md).',
    presets: '[edge, servicegraph, spanmetrics, spans] # most trusted first',
    anomaly: '',
    traces: true,
  },
  servicegraph: {
    summary: "edges from a Collector's servicegraph connector, scored and forwarded",
    next: 'Collector: send the metrics of its servicegraph connector to port 4317 of this gateway (docs/tasks/collector.md).',
    presets: '[servicegraph] # windows of 60 s, the flush interval of the connector',
    anomaly: '',
    traces: false,
  },
};

/** What to do with the file. */
export function nextStep(use: Use): string {
  return PARTS[use].next;
}

/** The file's text. */
export function template(use: Use, program: string = INSTALLED): string {
  const { summary, next, presets, anomaly, traces } = PARTS[use];
  return `# pxanomaly: ${summary}.
# Check it: ${program} validate --config FILE
# Run it:   ${program} --config FILE
# Look:     ${program} doctor --config FILE
# All keys: docs/reference/configuration.md
# ${next}
# \${env:NAME:-default} takes the variable of the environment where it is set.

receivers:
  otlp:
    protocols:
      # To let in only who shows a token: docs/tasks/authentication.md.
      grpc: { endpoint: "\${env:PXANOMALY_GRPC:-0.0.0.0:4317}" }
      http: { endpoint: "\${env:PXANOMALY_HTTP:-0.0.0.0:4318}" }

processors:
  # Refuses requests, which senders then repeat, before memory runs out.
  memory_limiter:
    check_interval: 1s
    limit_percentage: 80
    spike_limit_percentage: 20
  anomaly:
    presets: ${presets}
    # Score from which an edge is anomalous, 0.8 to 0.999. Choose it on your own data: ${program} replay --sweep.
    threshold: 0.9
    # How often scores leave; anomalies leave at once.
    export_interval: 60s
    # Budget of false incidents: what you are willing to be paged for without cause.
    incidents: { max_per_day: 1 }${anomaly}

connectors:
  # Events ride on the anomaly metrics; this turns them into log records.
  anomaly_events: {}

exporters:
  # The next hop gets what came in, byte for byte, with anomaly metrics and events beside it.
  otlp_grpc:
    endpoint: "\${env:NEXT_HOP:-localhost:14317}"
    tls: { insecure: true } # take this line away where the next hop has TLS
  # Anomaly metrics for a Prometheus that scrapes.
  prometheus:
    endpoint: "\${env:PXANOMALY_PROMETHEUS:-0.0.0.0:9464}"

extensions:
  health_check: { endpoint: "\${env:PXANOMALY_HEALTH:-0.0.0.0:13133}" }
  # State that outlives a restart; in a container a volume, such as /var/lib/pxanomaly.
  file_storage: { directory: "\${env:PXANOMALY_STATE:-./pxanomaly-state}", create_directory: true }

service:
  extensions: [health_check, file_storage]
  telemetry:
    # Own metrics and /status, for Prometheus and for the doctor. Test events are taken from this host alone.
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: "\${env:PXANOMALY_TELEMETRY_HOST:-localhost}"
                port: \${env:PXANOMALY_TELEMETRY_PORT:-8888}
  pipelines:
    metrics:
      receivers: [otlp]
      processors: [memory_limiter, anomaly]
      exporters: [otlp_grpc, prometheus, anomaly_events]
${traces ? TRACES : ''}    logs:
      receivers: [anomaly_events]
      exporters: [otlp_grpc]
`;
}

const TRACES = `    # Spans are paired into edges; results leave through the metrics pipeline.
    traces:
      receivers: [otlp]
      processors: [memory_limiter, anomaly]
      exporters: [otlp_grpc]
`;
