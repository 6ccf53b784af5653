{{/*
What is asked of Prometheus, written once: rules, canaries, scaling and the dashboard all ask it here.
gleis_requests_total, gleis_request_seconds, gleis_predictions and gleis_predictions_total are what
the service itself shows (monitor.py of the template).
*/}}

{{/* The series of this project in this environment: dict "context" . and, for more matchers, "more". */}}
{{- define "model-service.series" -}}
namespace={{ include "gleis.namespace" .context | quote }},model={{ .context.Values.tenant.project | quote }}{{ with .more }},{{ . }}{{ end }}
{{- end }}

{{/* Answered requests per second. */}}
{{- define "model-service.request-rate" -}}
sum(rate(gleis_requests_total{ {{- include "model-service.series" . -}} }[{{ .window }}]))
{{- end }}

{{/* Part of the requests that the service failed on; a 4xx is the caller's. No answer without requests. */}}
{{- define "model-service.error-ratio" -}}
{{- $failed := printf `code=~"5.."%s` (ternary (printf ",%s" .more) "" (not (empty .more))) -}}
({{ include "model-service.request-rate" (dict "context" .context "window" .window "more" $failed) }} or vector(0))
/ ({{ include "model-service.request-rate" . }} > 0)
{{- end }}

{{/* Part of the requests that took longer than promised. No answer without requests. */}}
{{- define "model-service.slow-ratio" -}}
{{- $within := printf `le=%q%s` (include "model-service.slo" .context | fromYaml).bound (ternary (printf ",%s" .more) "" (not (empty .more))) -}}
1 - sum(rate(gleis_request_seconds_bucket{ {{- include "model-service.series" (dict "context" .context "more" $within) -}} }[{{ .window }}]))
/ (sum(rate(gleis_request_seconds_count{ {{- include "model-service.series" . -}} }[{{ .window }}])) > 0)
{{- end }}

{{/* Seconds that a part of the requests stays under. No answer without requests. */}}
{{- define "model-service.quantile" -}}
histogram_quantile({{ .quantile }}, sum by (le) (rate(gleis_request_seconds_bucket{ {{- include "model-service.series" . -}} }[{{ .window }}])))
and on () (sum(rate(gleis_request_seconds_count{ {{- include "model-service.series" . -}} }[{{ .window }}])) > 0)
{{- end }}

{{/*
How differently two groups of series predict, from 0 (alike) to 1. For classes: half the sum of the
differences of their shares (total variation distance). For numbers: the difference of the mean ranks
of the predictions among the deciles of the target that each model was trained on, which two models
may be compared by though their deciles differ. No answer while either has made fewer predictions
than "least". Arguments: "now", "before" (matchers), "window", "beforeWindow", "beforeOffset", "least".
*/}}
{{- define "model-service.prediction-shift" -}}
{{- $now := dict "series" (include "model-service.series" (dict "context" .context "more" .now)) "range" (printf "[%s]" .window) "least" .least }}
{{- $offset := ternary (printf " offset %s" .beforeOffset) "" (not (empty .beforeOffset)) }}
{{- $before := dict "series" (include "model-service.series" (dict "context" .context "more" .before)) "range" (printf "[%s]%s" .beforeWindow $offset) "least" .least -}}
0.5 * sum(abs(
  {{ include "model-service.class-shares" $now | nindent 2 | trim }}
  - {{ include "model-service.class-shares" $before | nindent 2 | trim }}
))
or
abs(
  {{ include "model-service.mean-rank" $now | nindent 2 | trim }}
  - {{ include "model-service.mean-rank" $before | nindent 2 | trim }}
)
{{- end }}

{{- define "model-service.class-shares" -}}
sum by (class) (increase(gleis_predictions_total{ {{- .series -}} }{{ .range }}))
/ on () group_left () (sum(increase(gleis_predictions_total{ {{- .series -}} }{{ .range }})) >= {{ .least }})
{{- end }}

{{/* Pod by pod, because pods of two releases have other deciles. */}}
{{- define "model-service.mean-rank" -}}
{{- $below := printf `increase(gleis_predictions_bucket{%s,le!="+Inf"}%s)` .series .range -}}
sum(sum by (pod) ({{ $below }}) / count by (pod) ({{ $below }}))
/ (sum(increase(gleis_predictions_count{ {{- .series -}} }{{ .range }})) >= {{ .least }})
{{- end }}

{{/*
The promise of the record, as numbers: errorBudget and slowBudget (parts of the requests),
latencySeconds, and bound: the upper bound of gleis_request_seconds that slow requests are counted
by. A promise between two bounds is counted by the lower one, which is the stricter.
*/}}
{{- define "model-service.slo" -}}
{{- $slo := .Values.tenant.serving.slo | default dict }}
{{- $seconds := divf ($slo.latencyP99Ms | default 1000) 1000 }}
{{- $bound := "0.002" }}
{{- range list "0.002" "0.005" "0.01" "0.02" "0.05" "0.1" "0.2" "0.5" "1.0" "2.0" "5.0" }}
{{- if le (float64 .) $seconds }}{{ $bound = . }}{{ end }}
{{- end -}}
availability: {{ $slo.availability | default 99 }}
errorBudget: {{ divf (subf 100 ($slo.availability | default 99)) 100 }}
slowBudget: 0.01
latencySeconds: {{ $seconds }}
bound: {{ $bound | quote }}
{{- end }}
