{{/* The pod of every mode. */}}
{{- define "pxanomaly.pod" -}}
metadata:
  annotations:
    checksum/config: {{ include "pxanomaly.config" . | sha256sum }}
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
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: pxanomaly
      image: {{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) | quote }}
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
        {{- if .Values.tokenSecret }}
        - name: PXANOMALY_TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ .Values.tokenSecret }}
              key: token
        {{- end }}
        {{- with .Values.extraEnv }}
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
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - { name: config, mountPath: /etc/pxanomaly, readOnly: true }
        - { name: state, mountPath: /var/lib/pxanomaly }
  volumes:
    - name: config
      configMap:
        name: {{ include "pxanomaly.fullname" . }}
    {{- if not (and .Values.persistence.enabled (eq .Values.mode "statefulset")) }}
    - name: state
      {{- if not .Values.persistence.enabled }}
      emptyDir: {}
      {{- else if eq .Values.mode "daemonset" }}
      hostPath:
        path: {{ .Values.persistence.hostPath }}
        type: DirectoryOrCreate
      {{- else }}
      persistentVolumeClaim:
        claimName: {{ include "pxanomaly.fullname" . }}
      {{- end }}
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
