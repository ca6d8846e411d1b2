{{/* The pod of every mode. */}}
{{- define "pxanomaly.pod" -}}
{{- $tls := and .Values.tls.existingSecret (not (include "pxanomaly.tier" .)) -}}
metadata:
  annotations:
    checksum/config: {{ include "pxanomaly.config" . | sha256sum }}
    {{- if and .Values.forward.headers (not .Values.forward.existingSecret) }}
    checksum/headers: {{ toJson .Values.forward.headers | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "pxanomaly.labels" . | nindent 4 }}
    app.kubernetes.io/component: gateway
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pxanomaly.serviceAccount" . }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if include "pxanomaly.hostPath" . }}
  initContainers:
    # The kubelet makes the directory as root, and fsGroup does not hold for a hostPath.
    - name: own-state
      image: {{ include "pxanomaly.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- $user := .Values.podSecurityContext.runAsUser | default 10001 | int64 }}
      command: ["chown", "{{ $user }}:{{ .Values.podSecurityContext.runAsGroup | default $user | int64 }}", "/var/lib/pxanomaly"]
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        runAsNonRoot: false
        runAsUser: 0
        runAsGroup: 0
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
          add: [CHOWN]
      volumeMounts:
        - { name: state, mountPath: /var/lib/pxanomaly }
  {{- end }}
  containers:
    - name: pxanomaly
      image: {{ include "pxanomaly.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: ["--config", "/etc/pxanomaly/config.yaml"]
      env:
        - name: K8S_NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        - name: K8S_POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: K8S_NAMESPACE_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        {{- with .Values.token.existingSecret }}
        - name: PXANOMALY_TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: token
        {{- end }}
        {{- with include "pxanomaly.headersSecret" . }}
        - name: PXANOMALY_FORWARD_HEADERS
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: headers
        {{- end }}
        {{- with .Values.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.extraEnvsFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - { name: otlp-grpc, containerPort: 4317, protocol: TCP{{ if eq .Values.mode "daemonset" }}, hostPort: 4317{{ end }} }
        - { name: otlp-http, containerPort: 4318, protocol: TCP{{ if eq .Values.mode "daemonset" }}, hostPort: 4318{{ end }} }
        - { name: prometheus, containerPort: 9464, protocol: TCP }
        - { name: metrics, containerPort: 8888, protocol: TCP }
        - { name: health, containerPort: 13133, protocol: TCP }
      startupProbe:
        httpGet: { path: /, port: health }
        failureThreshold: 30
        periodSeconds: 2
      readinessProbe:
        httpGet: { path: /, port: health }
        periodSeconds: 5
      livenessProbe:
        httpGet: { path: /, port: health }
        periodSeconds: 15
        failureThreshold: 4
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - { name: config, mountPath: /etc/pxanomaly, readOnly: true }
        - { name: state, mountPath: /var/lib/pxanomaly }
        {{- if $tls }}
        - { name: tls, mountPath: /etc/pxanomaly-tls, readOnly: true }
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "pxanomaly.fullname" . }}
    {{- if not (include "pxanomaly.claimTemplate" .) }}
    - name: state
      {{- if include "pxanomaly.hostPath" . }}
      hostPath:
        path: {{ .Values.persistence.hostPath }}
        type: DirectoryOrCreate
      {{- else if or (not .Values.persistence.enabled) (eq .Values.mode "daemonset") }}
      emptyDir: {}
      {{- else }}
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim | default (include "pxanomaly.fullname" .) }}
      {{- end }}
    {{- end }}
    {{- if $tls }}
    - name: tls
      secret:
        secretName: {{ .Values.tls.existingSecret }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The node's directory for the state; empty: none. */}}
{{- define "pxanomaly.hostPath" -}}
{{- if and .Values.persistence.enabled (eq .Values.mode "daemonset") }}{{ .Values.persistence.hostPath }}{{ end -}}
{{- end -}}

{{/* Not empty where the state is on a volume that survives the pod. */}}
{{- define "pxanomaly.volume" -}}
{{- if .Values.persistence.enabled }}{{ ternary .Values.persistence.hostPath "true" (eq .Values.mode "daemonset") }}{{ end -}}
{{- end -}}

{{/* Not empty where each pod of the StatefulSet gets a claim of its own. */}}
{{- define "pxanomaly.claimTemplate" -}}
{{- if and .Values.persistence.enabled (eq .Values.mode "statefulset") (not .Values.persistence.existingClaim) }}true{{ end -}}
{{- end -}}

{{/* The claim of the state volume. */}}
{{- define "pxanomaly.claim" -}}
accessModes:
  {{- toYaml .Values.persistence.accessModes | nindent 2 }}
{{- with .Values.persistence.storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .Values.persistence.size }}
{{- end -}}
