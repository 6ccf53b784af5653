{{/* "true" where a batch reads or writes the volume; else empty. */}}
{{- define "model-service.uses-volume" -}}
{{- if not (and (contains "://" .Values.batch.input) (contains "://" .Values.batch.output)) }}true{{ end }}
{{- end }}

{{/* A table in, the same table with predictions out, once per schedule; waits in the team's queue. */}}
{{- define "model-service.batch" -}}
{{- $batch := .Values.batch }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  schedule: {{ $batch.schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        {{- include "model-service.pod-labels" . | nindent 8 }}
        {{- include "gleis.queue" . | nindent 8 }}
      annotations:
        {{- include "gleis.annotations" . | nindent 8 }}
    spec:
      suspend: true  # until Kueue admits it
      activeDeadlineSeconds: {{ mul $batch.deadlineMinutes 60 }}
      backoffLimit: {{ $batch.retries }}
      ttlSecondsAfterFinished: 604800
      template:
        metadata:
          labels:
            {{- include "model-service.pod-labels" . | nindent 12 }}
          annotations:
            {{- include "gleis.annotations" . | nindent 12 }}
        spec:
          {{- include "model-service.batch-pod" . | nindent 10 }}
{{- if include "model-service.uses-volume" . }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "model-service.metadata" (dict "context" . "name" (printf "%s-batch" .Values.tenant.project) "annotations" (dict "argocd.argoproj.io/sync-options" "Prune=false,Delete=false")) | nindent 2 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with $batch.volume.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests: {storage: {{ $batch.volume.size }}}
{{- end }}
{{- end }}

{{/* The image writes files only, so a third container sends the file where the output is an address. */}}
{{- define "model-service.batch-pod" -}}
{{- $batch := .Values.batch }}
{{- $sent := contains "://" $batch.output }}
{{- $written := ternary "/tmp/predictions.parquet" $batch.output $sent -}}
{{ include "model-service.pod-base" . }}
  {{- if include "model-service.uses-volume" . }}
  - name: batch
    persistentVolumeClaim: {claimName: {{ .Values.tenant.project }}-batch}
  {{- end }}
restartPolicy: Never
initContainers:
  {{- include "model-service.fetch-model" . | nindent 2 }}
  {{- if $sent }}
  {{- include "model-service.predict" (dict "context" . "output" $written) | nindent 2 }}
containers:
  - name: send
    image: {{ include "model-service.image" . }}
    command:
      - python
      - -c
      - |
        {{- include "model-service.send-script" . | nindent 8 }}
    args:
      - {{ $written }}
      - {{ $batch.output | quote }}
    {{- include "model-service.batch-container" . | nindent 4 }}
  {{- else }}
containers:
  {{- include "model-service.predict" (dict "context" . "output" $written) | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "model-service.predict" -}}
- name: predict
  image: {{ include "model-service.image" .context }}
  args:
    - {{ .context.Values.batch.input | quote }}
    - {{ .output | quote }}
  {{- include "model-service.batch-container" .context | nindent 2 }}
{{- end }}

{{- define "model-service.batch-container" -}}
env:
  - {name: HOME, value: /tmp}
resources:
  {{- toYaml .Values.batch.resources | nindent 2 }}
securityContext:
  {{- include "gleis.securityContext" . | nindent 2 }}
volumeMounts:
  - {name: model, mountPath: /model, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  {{- if include "model-service.uses-volume" . }}
  - {name: batch, mountPath: /batch}
  {{- end }}
{{- end }}

{{- define "model-service.send-script" -}}
import shutil, sys
from pyarrow import fs
written, address = sys.argv[1:]
store, path = fs.FileSystem.from_uri(address)
with open(written, "rb") as source, store.open_output_stream(path) as target:
    shutil.copyfileobj(source, target, 1 << 20)
print(f"{store.get_file_info(path).size} bytes written to {address}")
{{- end }}
