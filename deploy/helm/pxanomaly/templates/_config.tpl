{{/* The gateway's configuration: the user's own, or the one made from the values. */}}
{{- define "pxanomaly.config" -}}
{{- if .Values.config -}}
{{- toYaml .Values.config -}}
{{- else -}}
receivers:
  otlp:
    {{- if .Values.tokenSecret }}
    token: ${env:PXANOMALY_TOKEN}
    {{- end }}
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
      http:
        endpoint: 0.0.0.0:4318
processors:
  memory_limiter:
    check_interval: 1s
    limit_percentage: 80
    spike_limit_percentage: 20
  anomaly:
    storage: file_storage
    threshold: {{ .Values.threshold }}
    export_interval: {{ .Values.exportInterval }}
    incidents:
      max_per_day: {{ .Values.incidentsPerDay }}
    {{- if .Values.pixieHost }}
    pixie_ui: {{ .Values.pixieHost }}
    {{- end }}
connectors:
  anomaly_events: {}
exporters:
  prometheus:
    endpoint: 0.0.0.0:9464
  debug: {}
  {{- if .Values.forward.endpoint }}
  otlp_grpc:
    endpoint: {{ .Values.forward.endpoint }}
    tls:
      insecure: {{ .Values.forward.insecure }}
    {{- with .Values.forward.headers }}
    headers:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
extensions:
  health_check:
    endpoint: 0.0.0.0:13133
  file_storage:
    directory: /var/lib/pxanomaly
service:
  telemetry:
    logs:
      encoding: json
    metrics:
      address: 0.0.0.0:8888
  extensions: [health_check, file_storage]
  {{- $out := ternary "otlp_grpc, " "" (ne .Values.forward.endpoint "") }}
  pipelines:
    metrics:
      receivers: [otlp]
      processors: [memory_limiter, anomaly]
      exporters: [{{ $out }}prometheus, anomaly_events]
    traces:
      receivers: [otlp]
      processors: [memory_limiter, anomaly]
      exporters: [{{ $out | trimSuffix ", " | default "debug" }}]
    logs:
      receivers: [otlp, anomaly_events]
      processors: [memory_limiter]
      exporters: [{{ $out }}debug]
{{- end -}}
{{- end -}}
