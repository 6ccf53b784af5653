{{/*
Everything that a project runs in one environment; nothing while nothing was promoted, where the
project serves nothing, and where it is not Kubernetes that serves.
*/}}
{{- define "model-service.objects" -}}
{{- if and .Values.release (ne .Values.tenant.serving.mode "none") (eq .Values.tenant.serving.target "kubernetes") }}
{{- if eq .Values.tenant.serving.mode "batch" }}
{{- include "model-service.batch" . }}
{{- else }}
{{- include "model-service.online" . }}
{{- end }}
{{- include "model-service.network-policy" . }}
{{- include "model-service.rules" . }}
{{- include "model-service.dashboard" . }}
{{- if .Values.monitoring.alertmanagerConfig }}
{{- include "model-service.alertmanager-config" . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "model-service.online" -}}
{{- if eq .Values.engine "kserve" }}
{{- include "model-service.inference-service" . }}
{{- include "model-service.pod-monitor" . }}
{{- else }}
{{- include "model-service.workload" . }}
{{- include "model-service.services" . }}
{{- include "model-service.scaling" . }}
{{- if .Values.route.enabled }}
{{- include "model-service.route" . }}
{{- end }}
{{- if include "model-service.is-rollout" . }}
{{- include "model-service.analysis" . }}
{{- end }}
{{- include "model-service.service-monitor" . }}
{{- end }}
{{- include "model-service.disruption-budget" . }}
{{- end }}

{{/* Metadata of an object: dict "context" . and, where it is not called as the project, "name". */}}
{{- define "model-service.metadata" -}}
{{- include "gleis.metadata" (merge (dict "name" (.name | default .context.Values.tenant.project)) .) }}
{{- end }}

{{/* What selects the pods of the service, and nothing else in the namespace. */}}
{{- define "model-service.selector" -}}
{{- include "gleis.selector" (dict "context" . "component" "model-service") }}
{{- end }}

{{/* "true" where the release is rolled out step by step; else empty. */}}
{{- define "model-service.is-rollout" -}}
{{- if and (has .Values.environment .Values.rollout.environments) (eq .Values.engine "workload") (eq .Values.tenant.serving.mode "online") }}true{{ end }}
{{- end }}

{{/* Fewest copies. Zero only where something could wake it again. */}}
{{- define "model-service.least-replicas" -}}
{{- $asked := (.Values.tenant.serving.replicas | default dict).min | default 0 | int }}
{{- $scaling := .Values.autoscaling }}
{{- if and (eq $asked 0) (eq $scaling.kind "keda") $scaling.wakeQuery (eq .Values.engine "workload") }}0{{ else }}{{ max 1 $asked }}{{ end }}
{{- end }}

{{/* Most copies. */}}
{{- define "model-service.most-replicas" -}}
{{- max (include "model-service.least-replicas" . | int) 1 ((.Values.tenant.serving.replicas | default dict).max | default 1 | int) }}
{{- end }}
