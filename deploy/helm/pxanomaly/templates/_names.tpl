{{- define "pxanomaly.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "pxanomaly.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "pxanomaly.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "pxanomaly.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pxanomaly.selector" -}}
app.kubernetes.io/name: {{ include "pxanomaly.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pxanomaly.labels" -}}
{{ include "pxanomaly.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Not empty where the load-balancing tier stands in front. */}}
{{- define "pxanomaly.tier" -}}
{{- if and (eq .Values.mode "statefulset") .Values.loadBalancing.enabled }}true{{ end -}}
{{- end -}}

{{/* Not empty where the Service is seen from outside the cluster. */}}
{{- define "pxanomaly.outside" -}}
{{- if ne .Values.service.type "ClusterIP" }}true{{ end -}}
{{- end -}}

{{/* The Secret whose key `headers` has the headers of the next hop; empty: there are none. */}}
{{- define "pxanomaly.headersSecret" -}}
{{- if .Values.forward.endpoint -}}
{{- if .Values.forward.existingSecret -}}
{{- .Values.forward.existingSecret -}}
{{- else if .Values.forward.headers -}}
{{- printf "%s-forward" (include "pxanomaly.fullname" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pxanomaly.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "pxanomaly.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "pxanomaly.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}
