{{- define "model-service.objects" -}}
{{- if .Values.release }}
{{- $tenant := .Values.tenant }}
{{- $selector := dict "app.kubernetes.io/name" $tenant.project "app.kubernetes.io/component" "service" }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  replicas: {{ $tenant.serving.replicas.min }}
  selector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
  template:
    metadata:
      {{- include "gleis.metadata" (dict "context" . "name" $tenant.project "namespace" "" "labels" (dict "app.kubernetes.io/component" "service")) | nindent 6 }}
    spec:
      serviceAccountName: {{ $tenant.project | quote }}
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: service
          image: "{{ .Values.release.image }}@{{ .Values.release.imageDigest }}"
          ports:
            - {name: http, containerPort: 8000}
          env:
            - {name: MODEL_VERSION, value: {{ .Values.release.modelVersion | quote }}}
            - {name: MODEL_SHA256, value: {{ .Values.release.modelSha256 | quote }}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          resources:
            requests: {cpu: 500m, memory: 512Mi}
            limits: {memory: 1Gi}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  selector:
    {{- toYaml $selector | nindent 4 }}
  ports:
    - {name: http, port: 80, targetPort: http}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $tenant.project | quote }}}
  minReplicas: {{ $tenant.serving.replicas.min }}
  maxReplicas: {{ $tenant.serving.replicas.max }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
  endpoints:
    - {port: http, path: /metrics, interval: 30s}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
spec:
  groups:
    - name: {{ $tenant.project }}
      rules:
        - alert: ModelServiceErrors
          expr: 'sum(rate(http_requests_total{namespace="{{ include "gleis.namespace" . }}",code=~"5.."}[5m])) > {{ sub 100 (int $tenant.serving.slo.availability) }}'
          for: 5m
          labels: {severity: page, owner: {{ $tenant.team | quote }}}
          annotations: {summary: "Too many answers are errors"}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" (printf "%s-drift" ($tenant.project | trunc 40))) | nindent 2 }}
spec:
  schedule: "0 4 * * *"
  jobTemplate:
    metadata:
      labels:
        kueue.x-k8s.io/queue-name: default
    spec:
      suspend: true
      template:
        spec:
          restartPolicy: Never
          serviceAccountName: {{ $tenant.project | quote }}
          securityContext:
            runAsNonRoot: true
            seccompProfile: {type: RuntimeDefault}
          containers:
            - name: drift
              image: "{{ .Values.release.image }}@{{ .Values.release.imageDigest }}"
              args: [drift]
              securityContext:
                allowPrivilegeEscalation: false
                capabilities: {drop: [ALL]}
              resources:
                requests: {cpu: 500m, memory: 512Mi}
                limits: {memory: 1Gi}
{{- end }}
{{- end -}}
