{{/* "true" where the number of replicas is not fixed; else empty. */}}
{{- define "model-service.is-scaled" -}}
{{- if lt (include "model-service.least-replicas" . | int) (include "model-service.most-replicas" . | int) }}true{{ end }}
{{- end }}

{{- define "model-service.scale-target" -}}
{{- if include "model-service.is-rollout" . -}}
apiVersion: argoproj.io/v1alpha1
kind: Rollout
{{- else -}}
apiVersion: apps/v1
kind: Deployment
{{- end }}
name: {{ .Values.tenant.project }}
{{- end }}

{{/* What adds and takes replicas. */}}
{{- define "model-service.scaling" -}}
{{- $least := include "model-service.least-replicas" . | int }}
{{- $most := include "model-service.most-replicas" . | int }}
{{- if not (include "model-service.is-scaled" .) }}
{{- else if eq .Values.autoscaling.kind "keda" }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  scaleTargetRef:
    {{- include "model-service.scale-target" . | nindent 4 }}
  minReplicaCount: {{ $least }}
  maxReplicaCount: {{ $most }}
  pollingInterval: 15
  cooldownPeriod: 300
  # Prometheus away for a minute: as many as were there, never fewer.
  fallback: {failureThreshold: 4, replicas: {{ max 1 $least }}, behavior: currentReplicasIfHigher}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "model-service.scaling-behavior" . | nindent 8 }}
  triggers:
    - type: prometheus
      metadata:
        serverAddress: {{ .Values.monitoring.prometheus }}
        query: {{ include "model-service.request-rate" (dict "context" . "window" "2m") | quote }}
        threshold: {{ .Values.autoscaling.requestsPerSecond | quote }}
    {{- with .Values.autoscaling.wakeQuery }}
    - type: prometheus
      metadata:
        serverAddress: {{ $.Values.monitoring.prometheus }}
        query: {{ . | quote }}
        threshold: {{ $.Values.autoscaling.requestsPerSecond | quote }}
    {{- end }}
{{- else }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  scaleTargetRef:
    {{- include "model-service.scale-target" . | nindent 4 }}
  minReplicas: {{ $least }}
  maxReplicas: {{ $most }}
  behavior:
    {{- include "model-service.scaling-behavior" . | nindent 4 }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .Values.autoscaling.cpuPercent }}}
{{- end }}
{{- end }}

{{/* Keeps all but one there while nodes are drained. With one replica it would only block the drain. */}}
{{- define "model-service.disruption-budget" -}}
{{- if gt (include "model-service.least-replicas" . | int) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow  # a pod that never becomes ready must not hold up a drain
  selector:
    matchLabels:
      {{- include "model-service.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* Up at once, down slowly: a new replica loads a model before it helps. */}}
{{- define "model-service.scaling-behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 60}
    - {type: Pods, value: 2, periodSeconds: 60}
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - {type: Percent, value: 25, periodSeconds: 60}
{{- end }}
