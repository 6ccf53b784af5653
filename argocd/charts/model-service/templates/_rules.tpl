{{/* Recordings and alerts of a project in an environment. */}}
{{- define "model-service.rules" }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  groups:
    {{- if eq .Values.tenant.serving.mode "batch" }}
    {{- include "model-service.batch-alerts" . | nindent 4 }}
    {{- else }}
    {{- include "model-service.recordings" . | nindent 4 }}
    {{- include "model-service.burn-alerts" . | nindent 4 }}
    {{- include "model-service.health-alerts" . | nindent 4 }}
    {{- include "model-service.prediction-alerts" . | nindent 4 }}
    {{- end }}
    {{- include "model-service.drift-alerts" . | nindent 4 }}
{{- end }}

{{/*
An alert: dict "context" . "alert" … "expr" … "for" … "keep" … "severity" page|ticket "runbook" (a
page of docs/runbooks) "summary" … "description" … and, for more labels, "labels".
*/}}
{{- define "model-service.alert" -}}
{{- $values := .context.Values }}
{{- $severity := ternary .severity "ticket" (has $values.environment $values.monitoring.pageIn) -}}
- alert: {{ .alert }}
  expr: |
    {{- .expr | nindent 4 }}
  for: {{ .for }}
  {{- with .keep }}
  keep_firing_for: {{ . }}
  {{- end }}
  labels:
    severity: {{ $severity }}
    {{- include "model-service.series-labels" .context | nindent 4 }}
    environment: {{ $values.environment }}
    owner: {{ $values.tenant.owner }}
    team: {{ $values.tenant.team }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    summary: {{ .summary | quote }}
    description: {{ .description | quote }}
    runbook_url: {{ include "model-service.runbook" (dict "context" .context "page" .runbook) | quote }}
{{- end }}

{{- define "model-service.runbook" -}}
{{- $git := .context.Values.platform.git | default dict }}
{{- $own := printf "https://%s/%s/%s/blob/main/docs/runbooks" $git.host $git.owner $git.repository -}}
{{ .context.Values.monitoring.runbooks | default $own }}/{{ .page }}.md
{{- end }}

{{- define "model-service.series-labels" -}}
namespace: {{ include "gleis.namespace" . }}
model: {{ .Values.tenant.project }}
{{- end }}

{{/* Ratios over the windows that alerts compare. Long windows change slowly and cost more: less often. */}}
{{- define "model-service.recordings" -}}
{{- $context := . }}
{{- range list
      (dict "name" "ratios" "interval" "30s" "windows" (list "5m" "30m" "1h"))
      (dict "name" "long-ratios" "interval" "2m" "windows" (list "6h" "3d")) }}
- name: {{ $context.Values.tenant.project }}.{{ .name }}
  interval: {{ .interval }}
  rules:
    {{- range .windows }}
    - record: gleis:request_errors:ratio_rate{{ . }}
      expr: |
        {{- include "model-service.error-ratio" (dict "context" $context "window" .) | nindent 8 }}
      labels:
        {{- include "model-service.series-labels" $context | nindent 8 }}
    - record: gleis:request_slow:ratio_rate{{ . }}
      expr: |
        {{- include "model-service.slow-ratio" (dict "context" $context "window" .) | nindent 8 }}
      labels:
        {{- include "model-service.series-labels" $context | nindent 8 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Record and alert in one group, so that the alert sees what was recorded just before it. */}}
{{- define "model-service.prediction-alerts" -}}
- name: {{ .Values.tenant.project }}.predictions
  interval: 2m
  rules:
    - record: gleis:prediction_shift:1d
      expr: |
        {{- include "model-service.prediction-shift" (dict "context" . "window" "1d" "beforeWindow" "7d" "beforeOffset" "1d" "least" 500) | nindent 8 }}
      labels:
        {{- include "model-service.series-labels" . | nindent 8 }}
    {{- $limit := .Values.monitoring.predictionShift }}
    {{- include "model-service.alert" (dict
          "context" . "alert" "ModelPredictionShift" "for" "1h" "keep" "1h" "severity" "ticket" "runbook" "model-drift"
          "expr" (printf "gleis:prediction_shift:1d{%s} > %v" (include "model-service.series" (dict "context" .)) $limit)
          "summary" (printf "%s in %s predicts otherwise than in the week before" .Values.tenant.project .Values.environment)
          "description" (printf "The predictions of the last day differ by {{ $value | humanize }} from those of the week before, over %v (0: alike, 1: nothing in common)." $limit)) | nindent 4 }}
{{- end }}

{{/*
Multi-window, multi-burn-rate alerts. Windows and rates are those of table 5-8 of the SRE workbook,
chapter 5 (https://sre.google/workbook/alerting-on-slos/), for a budget of 30 days: 2 % of it gone in
an hour (14.4 times too fast), 5 % in six (6), 10 % in three days (1); the short window, a twelfth of
the long one, ends the alert soon after the trouble ends.
A threshold never exceeds 0.9: with a promise of 93 % or less, 14.4 times the budget is more than all
requests, and a service that fails on every one would wake nobody.
*/}}
{{- define "model-service.burn-alerts" -}}
{{- $context := . }}
{{- $slo := include "model-service.slo" . | fromYaml }}
{{- $series := include "model-service.series" (dict "context" .) }}
{{- $what := list
      (dict "alert" "ModelAvailabilityBudgetBurn" "record" "request_errors" "budget" $slo.errorBudget
            "runbook" "model-availability-budget-burn" "does" "fails on"
            "promise" (printf "%v %% of requests answered" $slo.availability))
      (dict "alert" "ModelLatencyBudgetBurn" "record" "request_slow" "budget" $slo.slowBudget
            "runbook" "model-latency-budget-burn" "does" (printf "takes over %s s for" $slo.bound)
            "promise" (printf "99 %% of requests within %v s" $slo.latencySeconds)) -}}
- name: {{ .Values.tenant.project }}.burn
  interval: 30s
  rules:
    {{- range $what }}
    {{- $each := . }}
    {{- range list
          (dict "long" "1h" "short" "5m" "rate" 14.4 "severity" "page" "for" "2m" "keep" "5m" "spent" "2 % of a month's budget in an hour")
          (dict "long" "6h" "short" "30m" "rate" 6.0 "severity" "page" "for" "5m" "keep" "10m" "spent" "5 % of a month's budget in six hours")
          (dict "long" "3d" "short" "6h" "rate" 1.0 "severity" "ticket" "for" "1h" "keep" "1h" "spent" "10 % of a month's budget in three days") }}
    {{- $limit := printf "%.6g" (minf 0.9 (mulf .rate $each.budget)) }}
    {{- $expr := printf "gleis:%s:ratio_rate%s{%s} > %s\nand\ngleis:%s:ratio_rate%s{%s} > %s" $each.record .long $series $limit $each.record .short $series $limit }}
    {{- if eq .severity "page" }}
    {{- $expr = printf "%s\nand on ()\nsum(increase(gleis_requests_total{%s}[%s])) >= %v" $expr $series .long $context.Values.monitoring.leastRequests }}
    {{- end }}
    {{- include "model-service.alert" (dict
          "context" $context "alert" $each.alert "expr" $expr "for" .for "keep" .keep "severity" .severity
          "runbook" $each.runbook "labels" (dict "window" .long)
          "summary" (printf "%s in %s %s {{ $value | humanizePercentage }} of its requests" $context.Values.tenant.project $context.Values.environment $each.does)
          "description" (printf "Promised: %s. At least %s went: over %s of the requests of the last %s, and of the last %s." $each.promise .spent $limit .long .short)) | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end }}

{{/* A service that is away shows no ratio at all, so it is asked for by name. */}}
{{- define "model-service.health-alerts" -}}
{{- if gt (include "model-service.least-replicas" . | int) 0 -}}
- name: {{ .Values.tenant.project }}.health
  interval: 30s
  rules:
    {{- include "model-service.alert" (dict
          "context" . "alert" "ModelServiceDown" "for" "5m" "keep" "2m" "severity" "page" "runbook" "model-service-down"
          "expr" (printf "absent(up{namespace=%q,job=%q} == 1)" (include "gleis.namespace" .) .Values.tenant.project)
          "summary" (printf "%s in %s has not answered Prometheus for 5 minutes" .Values.tenant.project .Values.environment)
          "description" "No replica of the service can be reached, or none is there.") | nindent 4 }}
{{- end }}
{{- end }}

{{/*
gleis_drift_score is what the stage `monitor` measures of inputs: the PSI of each column. It comes
through a Pushgateway; without one there is no series, and no alert.
*/}}
{{- define "model-service.drift-alerts" -}}
{{- $project := .Values.tenant.project }}
{{- $values := .Values.monitoring -}}
- name: {{ $project }}.drift
  interval: 2m
  rules:
    {{- include "model-service.alert" (dict
          "context" . "alert" "ModelInputDrift" "for" "15m" "severity" "ticket" "runbook" "model-drift"
          "expr" (printf "max(gleis_drift_score{model=%q,environment=%q}) > %v" $project .Values.environment $values.driftScore)
          "summary" (printf "The inputs of %s in %s moved away from its training data" $project .Values.environment)
          "description" (printf "The PSI of a column is {{ $value | humanize }}, over %v." $values.driftScore)) | nindent 4 }}
{{- end }}

{{/* From kube-state-metrics: the batch's own process ends before anybody could ask it. */}}
{{- define "model-service.batch-alerts" -}}
{{- $job := printf `namespace=%q,job_name=~"%s-[0-9]+"` (include "gleis.namespace" .) .Values.tenant.project }}
{{- $cron := printf `namespace=%q,cronjob=%q` (include "gleis.namespace" .) .Values.tenant.project -}}
- name: {{ .Values.tenant.project }}.batch
  interval: 1m
  rules:
    {{- include "model-service.alert" (dict
          "context" . "alert" "ModelBatchFailed" "for" "1m" "severity" "ticket" "runbook" "model-batch"
          "expr" (printf "max(kube_job_status_start_time{%s} and on (namespace, job_name) kube_job_failed{condition=\"true\"} == 1)\n> (max(kube_cronjob_status_last_successful_time{%s}) or vector(0))" $job $cron)
          "summary" (printf "The last batch of %s in %s failed" .Values.tenant.project .Values.environment)
          "description" "No batch has ended well since it. The next one that does ends this alert.") | nindent 4 }}
    {{- include "model-service.alert" (dict
          "context" . "alert" "ModelBatchLate" "for" "10m" "severity" "ticket" "runbook" "model-batch"
          "expr" (printf "time() - max(kube_cronjob_status_last_successful_time{%s} or kube_cronjob_created{%s}) > %v" $cron $cron (mul .Values.batch.freshHours 3600))
          "summary" (printf "%s in %s has no fresh predictions" .Values.tenant.project .Values.environment)
          "description" (printf "The last batch that ended well is {{ $value | humanizeDuration }} old, over %v h." .Values.batch.freshHours)) | nindent 4 }}
{{- end }}
