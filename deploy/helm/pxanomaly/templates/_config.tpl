{{/* The gateway's configuration: the user's own, or the one made from the values with the user's changes. */}}
{{- define "pxanomaly.config" -}}
{{- if .Values.alternateConfig -}}
{{- toYaml .Values.alternateConfig -}}
{{- else if .Values.config -}}
{{- toYaml (mergeOverwrite (include "pxanomaly.madeConfig" . | fromYaml) (deepCopy .Values.config)) -}}
{{- else -}}
{{- include "pxanomaly.madeConfig" . -}}
{{- end -}}
{{- end -}}

{{- define "pxanomaly.madeConfig" -}}
{{- $tls := and .Values.tls.existingSecret (not (include "pxanomaly.tier" .)) -}}
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
        {{- if .Values.token.existingSecret }}
        auth: { authenticator: bearertokenauth }
        {{- end }}
        {{- if $tls }}
        {{- include "pxanomaly.tls" . | nindent 8 }}
        {{- end }}
      http:
        endpoint: 0.0.0.0:4318
        {{- if .Values.token.existingSecret }}
        auth: { authenticator: bearertokenauth }
        {{- end }}
        {{- if $tls }}
        {{- include "pxanomaly.tls" . | nindent 8 }}
        {{- end }}
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
    {{- if include "pxanomaly.headersSecret" . }}
    headers: ${env:PXANOMALY_FORWARD_HEADERS}
    {{- end }}
    {{- if include "pxanomaly.volume" . }}
    sending_queue:
      storage: file_storage
      sizer: bytes
      queue_size: {{ mul (int .Values.persistence.queueMaxSizeMib) 1048576 }}
    {{- end }}
  {{- end }}
extensions:
  {{- if .Values.token.existingSecret }}
  bearertokenauth: { token: "${env:PXANOMALY_TOKEN}" }
  {{- end }}
  health_check:
    endpoint: 0.0.0.0:13133
  file_storage:
    directory: /var/lib/pxanomaly
    create_directory: true
    {{- if include "pxanomaly.volume" . }}
    max_size: {{ mul (int .Values.persistence.queueMaxSizeMib) 1048576 }}
    {{- end }}
service:
  telemetry:
    logs:
      encoding: json
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 0.0.0.0
                port: 8888
  extensions: [{{ if .Values.token.existingSecret }}bearertokenauth, {{ end }}health_check, file_storage]
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

{{/* Certificate and key of the Secret that is mounted. */}}
{{- define "pxanomaly.tls" -}}
tls:
  cert_file: /etc/pxanomaly-tls/tls.crt
  key_file: /etc/pxanomaly-tls/tls.key
  reload_interval: 1h
{{- end -}}
