{{/* The label `job` is the project, whoever scrapes; pods bring the release that they are of. */}}
{{- define "model-service.service-monitor" }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  jobLabel: app.kubernetes.io/name
  podTargetLabels: [rollouts-pod-template-hash, gleis.dev/model-version]
  selector:
    matchLabels:
      {{- include "model-service.selector" . | nindent 6 }}
  endpoints:
    - port: http
      {{- include "model-service.scrape" . | nindent 6 }}
{{- end }}

{{/* KServe names its Services itself, so its pods are found by their labels. */}}
{{- define "model-service.pod-monitor" }}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  jobLabel: app.kubernetes.io/name
  podTargetLabels: [gleis.dev/model-version]
  selector:
    matchLabels:
      {{- include "model-service.selector" . | nindent 6 }}
  podMetricsEndpoints:
    - port: http
      {{- include "model-service.scrape" . | nindent 6 }}
{{- end }}

{{- define "model-service.scrape" -}}
path: /metrics
interval: {{ .Values.monitoring.scrapeInterval }}
scrapeTimeout: 10s
{{- end }}
