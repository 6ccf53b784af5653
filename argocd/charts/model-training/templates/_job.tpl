{{/* A run on one machine, or a workspace. */}}
{{- define "model-training.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" (include "model-training.queued" . | fromYaml)) | nindent 2 }}
spec:
  {{- include "model-training.jobSpec" . | nindent 2 }}
{{- end -}}

{{/* A run on one machine at each time of the schedule. Kueue takes the Jobs, not the CronJob. */}}
{{- define "model-training.cronJob" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" .run.labels) | nindent 2 }}
spec:
  schedule: {{ .context.Values.tenant.schedule | quote }}
  timeZone: Etc/UTC
  # A run that still waits or trains is not joined by the next.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        {{- include "gleis.labels" .context | nindent 8 }}
        {{- include "model-training.queued" . | nindent 8 }}
      annotations:
        {{- include "gleis.annotations" .context | nindent 8 }}
    spec:
      {{- include "model-training.jobSpec" . | nindent 6 }}
{{- end -}}

{{- define "model-training.jobSpec" -}}
{{- $run := .context.Values.run -}}
{{- $command := $run.command -}}
{{- if not $command -}}
{{- $command = .run.workspace | ternary (include "model-training.jupyter" . | fromYamlArray) (list "sh" "-c" (printf "python -m %[1]s.data && exec python -m %[1]s.train" .run.package)) -}}
{{- end -}}
# Kueue takes this back when there is quota. Without Kueue nothing runs, rather than all at once.
suspend: true
parallelism: 1
completions: 1
activeDeadlineSeconds: {{ .run.seconds | int64 }}
backoffLimit: {{ $run.retries | int }}
podFailurePolicy:
  rules:
    # A machine that was taken away, drained or preempted says nothing about the run.
    - action: Ignore
      onPodConditions:
        - {type: DisruptionTarget, status: "True"}
    # 2 is wrong use or input, which trying again does not mend.
    - action: FailJob
      onExitCodes: {operator: In, values: [2]}
{{- with include "model-training.ttl" . }}
ttlSecondsAfterFinished: {{ . }}
{{- end }}
template:
  {{- include "model-training.pod" (merge (dict "container" "train" "restartPolicy" "Never" "command" $command "args" $run.args) .) | nindent 2 }}
{{- end -}}

{{/*
JupyterLab that ends by itself: kernels and terminals without use are culled, also those that a
forgotten browser tab holds; a server without any of them ends with 0, and the Job is complete. A
busy kernel counts as use. It listens to the pod alone: people come by `kubectl port-forward`, which
RBAC allows or not.
*/}}
{{- define "model-training.jupyter" -}}
{{- $idle := mulf .context.Values.run.workspace.idleHours 3600 | ceil | int64 -}}
- jupyter
- lab
- --no-browser
- --ip=127.0.0.1
- --port=8888
- --ServerApp.root_dir=/workspace
- --ServerApp.shutdown_no_activity_timeout={{ $idle }}
- --MappingKernelManager.cull_idle_timeout={{ $idle }}
- --MappingKernelManager.cull_interval=60
- --MappingKernelManager.cull_connected=True
- --TerminalManager.cull_inactive_timeout={{ $idle }}
- --TerminalManager.cull_interval=60
{{- end -}}
