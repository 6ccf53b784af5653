{{/*
The same container, run by KServe (0.16 or newer) without Knative: KServe makes Deployment, Service, HPA
and route. The mode must be called Standard: with its former name, RawDeployment, KServe's admission
takes scaleMetric for Knative's and refuses cpu (validateAutoScalingCompExtension in
pkg/apis/serving/v1beta1/inference_service_validation.go, read in November 2026).
*/}}
{{- define "model-service.inference-service" }}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  {{- include "model-service.metadata" (dict "context" . "annotations" (dict "serving.kserve.io/deploymentMode" "Standard" "serving.kserve.io/autoscalerClass" "hpa")) | nindent 2 }}
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
