{{/* A Deployment, or a Rollout that gives a new release requests step by step. */}}
{{- define "model-service.workload" -}}
{{- $rollout := include "model-service.is-rollout" . }}
---
{{- if $rollout }}
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
{{- else }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
{{- end }}
spec:
  {{- if not (include "model-service.is-scaled" .) }}
  replicas: {{ include "model-service.least-replicas" . }}
  {{- end }}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: 600
  selector:
    matchLabels:
      {{- include "model-service.selector" . | nindent 6 }}
  strategy:
    {{- if $rollout }}
    {{- include "model-service.canary" . | nindent 4 }}
    {{- else }}
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
    {{- end }}
  template:
    metadata:
      labels:
        {{- include "model-service.pod-labels" . | nindent 8 }}
      annotations:
        {{- include "gleis.annotations" . | nindent 8 }}
    spec:
      {{- include "model-service.pod" . | nindent 6 }}
{{- end }}

{{/* After each weight: wait, then measure. A measurement that fails takes all requests back. */}}
{{- define "model-service.canary" -}}
{{- $project := .Values.tenant.project -}}
canary:
  maxSurge: 1
  maxUnavailable: 0
  {{- if include "model-service.is-divided" . }}
  stableService: {{ $project }}
  canaryService: {{ $project }}-canary
  trafficRouting:
    plugins:
      argoproj-labs/gatewayAPI:
        httpRoute: {{ $project }}
        namespace: {{ include "gleis.namespace" . }}
  {{- end }}
  steps:
    {{- range .Values.rollout.weights }}
    - setWeight: {{ . }}
    - pause: {duration: {{ $.Values.rollout.pause }}}
    - analysis:
        templates:
          - templateName: {{ $project }}-error-rate
          - templateName: {{ $project }}-latency-p99
          - templateName: {{ $project }}-prediction-shift
        args:
          - name: canary
            valueFrom: {podTemplateHashValue: Latest}
          - name: stable
            valueFrom: {podTemplateHashValue: Stable}
    {{- end }}
{{- end }}

{{/* What a canary is measured by. No answer, as without requests, is inconclusive: it waits for a person. */}}
{{- define "model-service.analysis" -}}
{{- $canary := `rollouts_pod_template_hash="{{args.canary}}"` }}
{{- $stable := `rollouts_pod_template_hash="{{args.stable}}"` }}
{{- $slo := include "model-service.slo" . | fromYaml }}
{{- $error := include "model-service.error-ratio" (dict "context" . "window" "5m" "more" $canary) }}
{{- $p99 := include "model-service.quantile" (dict "context" . "quantile" "0.99" "window" "5m" "more" $canary) }}
{{- $shift := include "model-service.prediction-shift" (dict "context" . "now" $canary "before" $stable "window" "15m" "beforeWindow" "15m" "least" .Values.rollout.leastPredictions) }}
{{- range list
      (dict "name" "error-rate" "query" $error "limit" $slo.errorBudget)
      (dict "name" "latency-p99" "query" $p99 "limit" $slo.latencySeconds)
      (dict "name" "prediction-shift" "query" $shift "limit" .Values.rollout.predictionShift "stable" true) }}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  {{- include "model-service.metadata" (dict "context" $ "name" (printf "%s-%s" $.Values.tenant.project .name)) | nindent 2 }}
spec:
  args:
    - name: canary
    {{- if .stable }}
    - name: stable
    {{- end }}
  metrics:
    - name: {{ .name }}
      interval: 1m
      count: {{ $.Values.rollout.measurements }}
      failureLimit: 1
      inconclusiveLimit: 1
      consecutiveErrorLimit: 3
      successCondition: len(result) > 0 && result[0] <= {{ .limit }}
      failureCondition: len(result) > 0 && result[0] > {{ .limit }}
      provider:
        prometheus:
          address: {{ $.Values.monitoring.prometheus }}
          query: |
            {{- .query | nindent 12 }}
{{- end }}
{{- end }}
