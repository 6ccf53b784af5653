{{/*
A run on several machines: a TrainJob, and the TrainingRuntime that it refers to. The runtime is the
run's own, not one of the platform's, because all that makes a pod of ours (account, security,
placement, volumes, restarts) stands in it, and one that is shared cannot change under a running job.
*/}}
{{- define "model-training.trainJob" -}}
{{- $torch := eq .context.Values.tenant.training.framework "pytorch" -}}
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" (include "model-training.queued" . | fromYaml)) | nindent 2 }}
spec:
  # Kueue takes this back when there is quota for all machines at once.
  suspend: true
  activeDeadlineSeconds: {{ .run.seconds | int64 }}
  runtimeRef:
    apiGroup: trainer.kubeflow.org
    kind: TrainingRuntime
    name: {{ .run.name | quote }}
  trainer:
    numNodes: {{ .run.machines | int }}
    {{- if $torch }}
    numProcPerNode: {{ max 1 (int .run.gpus) }}
    {{- end }}
    resourcesPerNode:
      requests: {{- toYaml .run.resources | nindent 8 }}
      limits: {{- toYaml .run.resources | nindent 8 }}
{{- end -}}

{{- define "model-training.runtime" -}}
{{- $run := .context.Values.run -}}
{{- $torch := eq .context.Values.tenant.training.framework "pytorch" -}}
{{- $start := $torch | ternary "torchrun -m" "python -m" -}}
{{- $command := default (list "sh" "-c" (printf "python -m %[1]s.data && exec %[2]s %[1]s.train" .run.package $start)) $run.command -}}
{{- $env := $torch | ternary list (include "model-training.tfConfig" . | fromYamlArray) -}}
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainingRuntime
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" (merge (dict "trainer.kubeflow.org/framework" ($torch | ternary "torch" "tensorflow")) .run.labels)) | nindent 2 }}
spec:
  mlPolicy:
    numNodes: {{ .run.machines | int }}
    {{- if $torch }}
    torch: {}   # Trainer sets torchrun's PET_* variables
    {{- end }}
  template:
    spec:
      {{- with include "model-training.ttl" . }}
      ttlSecondsAfterFinished: {{ . }}
      {{- end }}
      failurePolicy:
        maxRestarts: {{ $run.retries | int }}
        # One machine lost stops them all: they start together from the last checkpoint, and a machine
        # that was taken away does not count as a try.
        restartStrategy: Recreate
        rules:
          - name: disruption
            action: RestartJobSetAndIgnoreMaxRestarts
            onJobFailureReasons: [PodFailurePolicy]
      network:
        publishNotReadyAddresses: true   # machines look for each other before they are ready
      replicatedJobs:
        - name: node
          template:
            metadata:
              labels:
                trainer.kubeflow.org/trainjob-ancestor-step: trainer
            spec:
              backoffLimit: 0
              podFailurePolicy:
                rules:
                  - action: FailJob
                    onPodConditions:
                      - {type: DisruptionTarget, status: "True"}
              template:
                {{- include "model-training.pod" (merge (dict "container" "node" "restartPolicy" "Never" "command" $command "args" $run.args "env" $env) .) | nindent 16 }}
{{- end -}}

{{/*
TF_CONFIG of MultiWorkerMirroredStrategy, which Trainer has no policy for: who the workers are, by
the names that JobSet gives pods, and which of them this one is. The index has to come first: only
variables above can be referred to.
*/}}
{{- define "model-training.tfConfig" -}}
{{- $workers := list -}}
{{- range $index := until (int .run.machines) -}}
{{- $workers = append $workers (printf "%[1]s-node-0-%[2]d.%[1]s:2222" $.run.name $index) -}}
{{- end -}}
{{- $cluster := dict "worker" $workers | toJson -}}
- name: JOB_COMPLETION_INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.annotations['batch.kubernetes.io/job-completion-index']
- name: TF_CONFIG
  value: {{ printf `{"cluster":%s,"task":{"type":"worker","index":$(JOB_COMPLETION_INDEX)}}` $cluster | quote }}
{{- end -}}
