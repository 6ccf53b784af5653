{{/* A sweep: Ray's head directs, its workers each try configurations. The cluster goes with the job. */}}
{{- define "model-training.rayJob" -}}
{{- $run := .context.Values.run -}}
{{- $command := default (list "python" "-m" (printf "%s.sweep" .run.package)) $run.command -}}
{{- $head := dict "cpu" ($run.sweep.headCpu | toString) "memory" $run.sweep.headMemory -}}
apiVersion: ray.io/v1
kind: RayJob
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" (include "model-training.queued" . | fromYaml)) | nindent 2 }}
spec:
  # Kueue takes this back when there is quota for head and workers.
  suspend: true
  entrypoint: {{ include "model-training.words" (concat $command $run.args) | quote }}
  submissionMode: HTTPMode   # by the operator itself, so that no further pod needs quota
  activeDeadlineSeconds: {{ .run.seconds | int64 }}
  backoffLimit: {{ $run.retries | int }}
  shutdownAfterJobFinishes: true
  {{- with include "model-training.ttl" . }}
  ttlSecondsAfterFinished: {{ . }}
  {{- end }}
  rayClusterSpec:
    headGroupSpec:
      rayStartParams:
        num-cpus: "0"   # the head directs, it does not train
        dashboard-host: 0.0.0.0
      template:
        {{- /* Without its head a cluster is lost, so it never goes to spot. */}}
        {{- include "model-training.pod" (merge (dict "container" "ray" "resources" $head "gpus" 0 "spot" false) .) | nindent 8 }}
    workerGroupSpecs:
      - groupName: workers
        replicas: {{ .run.machines | int }}
        minReplicas: {{ .run.machines | int }}
        maxReplicas: {{ .run.machines | int }}
        rayStartParams: {}
        template:
          {{- include "model-training.pod" (merge (dict "container" "ray") .) | nindent 10 }}
{{- end -}}

{{/* Words as one shell line: Ray takes the entry point as a line. */}}
{{- define "model-training.words" -}}
{{- $words := list -}}
{{- range . -}}
{{- $words = append $words (regexMatch "^[A-Za-z0-9_./:=@%+,-]+$" . | ternary . (printf "'%s'" (replace "'" "'\"'\"'" .))) -}}
{{- end -}}
{{- join " " $words -}}
{{- end -}}
