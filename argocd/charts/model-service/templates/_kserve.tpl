{{/*
The same container, run by KServe in its mode without Knative: what KServe calls Standard since 0.16
and takes as RawDeployment before and after. KServe makes Deployment, Service, HPA and route.
*/}}
{{- define "model-service.inference-service" }}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  {{- include "model-service.metadata" (dict "context" . "annotations" (dict "serving.kserve.io/deploymentMode" "RawDeployment" "serving.kserve.io/autoscalerClass" "hpa")) | nindent 2 }}
spec:
  predictor:
    minReplicas: {{ include "model-service.least-replicas" . }}
    maxReplicas: {{ include "model-service.most-replicas" . }}
    scaleMetric: cpu
    scaleTarget: {{ .Values.autoscaling.cpuPercent }}
    timeout: 30
    labels:
      {{- include "model-service.pod-labels" . | nindent 6 }}
    deploymentStrategy:
      type: RollingUpdate
      rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
    {{- include "model-service.pod" . | nindent 4 }}
{{- end }}
