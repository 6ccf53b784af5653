{{/*
A dashboard for Grafana, which its sidecar finds by the label. It is written as YAML and turned into
JSON, so that its queries are those of the rules.
*/}}
{{- define "model-service.dashboard" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "model-service.metadata" (dict "context" . "name" (printf "%s-dashboard" .Values.tenant.project) "labels" (dict "grafana_dashboard" "1") "annotations" (dict "grafana_folder" .Values.tenant.team)) | nindent 2 }}
data:
  {{ include "gleis.namespace" . }}.json: |
    {{- include "model-service.dashboard-model" . | fromYaml | toPrettyJson | nindent 4 }}
{{- end }}

{{- define "model-service.dashboard-model" -}}
{{- $series := include "model-service.series" (dict "context" .) }}
{{- $namespace := include "gleis.namespace" . }}
{{- $panels := list }}
{{- if eq .Values.tenant.serving.mode "batch" }}
{{- $cron := printf "namespace=%q,cronjob=%q" $namespace .Values.tenant.project }}
{{- $job := printf `namespace=%q,job_name=~"%s-[0-9]+"` $namespace .Values.tenant.project }}
{{- $panels = list
      (dict "title" "Age of the predictions" "unit" "s" "queries" (dict "age" (printf "time() - max(kube_cronjob_status_last_successful_time{%s})" $cron) "allowed" (printf "vector(%d)" (mul .Values.batch.freshHours 3600))))
      (dict "title" "Duration of a batch" "unit" "s" "queries" (dict "{{job_name}}" (printf "kube_job_status_completion_time{%s} - kube_job_status_start_time{%s}" $job $job)))
      (dict "title" "Failed batches" "unit" "short" "queries" (dict "failed" (printf "sum(kube_job_failed{%s,condition=\"true\"}) or vector(0)" $job))) }}
{{- else }}
{{- $slo := include "model-service.slo" . | fromYaml }}
{{- $window := "$__rate_interval" }}
{{- $panels = list
      (dict "title" "Requests" "unit" "reqps" "queries" (dict "{{code}}" (printf "sum by (code) (rate(gleis_requests_total{%s}[%s]))" $series $window)))
      (dict "title" "Requests that the service failed on" "unit" "percentunit" "queries" (dict "failed" (include "model-service.error-ratio" (dict "context" . "window" $window)) "budget" (printf "vector(%v)" $slo.errorBudget)))
      (dict "title" "Duration of a request" "unit" "s" "queries" (dict
        "p50" (include "model-service.quantile" (dict "context" . "quantile" "0.5" "window" $window))
        "p99" (include "model-service.quantile" (dict "context" . "quantile" "0.99" "window" $window))
        "promised p99" (printf "vector(%v)" $slo.latencySeconds)))
      (dict "title" (printf "Requests over %s s" $slo.bound) "unit" "percentunit" "queries" (dict "slow" (include "model-service.slow-ratio" (dict "context" . "window" $window)) "budget" (printf "vector(%v)" $slo.slowBudget)))
      (dict "title" "Burn rate, availability (1: the budget lasts 30 days)" "unit" "short" "queries" (dict
        "1h" (printf "gleis:request_errors:ratio_rate1h{%s} / %v" $series $slo.errorBudget)
        "6h" (printf "gleis:request_errors:ratio_rate6h{%s} / %v" $series $slo.errorBudget)
        "3d" (printf "gleis:request_errors:ratio_rate3d{%s} / %v" $series $slo.errorBudget)))
      (dict "title" "Burn rate, latency (1: the budget lasts 30 days)" "unit" "short" "queries" (dict
        "1h" (printf "gleis:request_slow:ratio_rate1h{%s} / %v" $series $slo.slowBudget)
        "6h" (printf "gleis:request_slow:ratio_rate6h{%s} / %v" $series $slo.slowBudget)
        "3d" (printf "gleis:request_slow:ratio_rate3d{%s} / %v" $series $slo.slowBudget)))
      (dict "title" "Replicas that answer" "unit" "short" "queries" (dict "model v{{gleis_dev_model_version}}" (printf "sum by (gleis_dev_model_version) (up{namespace=%q,job=%q})" $namespace .Values.tenant.project)))
      (dict "title" "CPU of a replica (cores)" "unit" "short" "queries" (dict "{{pod}}" (printf "sum by (pod) (rate(container_cpu_usage_seconds_total{namespace=%q,container=~\"service|kserve-container\"}[%s]))" $namespace $window)))
      (dict "title" "Predictions, by class or below a decile of the training target" "unit" "percentunit" "queries" (dict
        "{{class}}" (printf "sum by (class) (rate(gleis_predictions_total{%s}[1h])) / on () group_left () (sum(rate(gleis_predictions_total{%s}[1h])) > 0)" $series $series)
        "below {{le}}" (printf "sum by (le) (rate(gleis_predictions_bucket{%s}[1h])) / on () group_left () (sum(rate(gleis_predictions_count{%s}[1h])) > 0)" $series $series)))
      (dict "title" "Predictions of a day against the week before" "unit" "short" "queries" (dict "shift" (printf "gleis:prediction_shift:1d{%s}" $series) "limit" (printf "vector(%v)" .Values.monitoring.predictionShift))) }}
{{- end }}
{{- $panels = append $panels (dict "title" "Drift of the inputs (PSI of a column)" "unit" "short" "queries" (dict "{{column}}" (printf "gleis_drift_score{model=%q,environment=%q}" .Values.tenant.project .Values.environment) "limit" (printf "vector(%v)" .Values.monitoring.driftScore))) -}}
uid: {{ sha256sum $namespace | trunc 20 }}
title: {{ .Values.tenant.project }} in {{ .Values.environment }}
description: {{ printf "Owner: %s. Model v%s of %s." .Values.tenant.owner .Values.release.modelVersion .Values.release.since | quote }}
tags: [gleis, {{ .Values.tenant.team }}, {{ .Values.environment }}]
editable: false
schemaVersion: 39
timezone: utc
refresh: 1m
time: {from: "now-6h", to: "now"}
templating:
  list:
    - {name: datasource, label: Prometheus, type: datasource, query: prometheus, hide: 0}
panels:
  {{- range $index, $panel := $panels }}
  - id: {{ add1 $index }}
    type: timeseries
    title: {{ $panel.title | quote }}
    datasource: {type: prometheus, uid: "${datasource}"}
    gridPos: {x: {{ mul (mod $index 2) 12 }}, "y": {{ mul (div $index 2) 8 }}, w: 12, h: 8}
    fieldConfig:
      defaults: {unit: {{ $panel.unit }}, min: 0}
      overrides: []
    targets:
      {{- range $letter, $legend := keys $panel.queries | sortAlpha }}
      - refId: {{ index (list "A" "B" "C") $letter }}
        datasource: {type: prometheus, uid: "${datasource}"}
        editorMode: code
        range: true
        legendFormat: {{ $legend | quote }}
        expr: {{ get $panel.queries $legend | quote }}
      {{- end }}
  {{- end }}
{{- end }}
