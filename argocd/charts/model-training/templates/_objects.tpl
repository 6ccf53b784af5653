{{/* Everything that the chart makes of one run. Takes Values, Release, Chart and Capabilities only. */}}
{{- define "model-training.objects" -}}
{{- include "model-training.refuse" . -}}
{{- $run := include "model-training.facts" . | fromYaml -}}
{{- $in := dict "context" . "run" $run -}}
{{- if eq $run.kind "TrainJob" }}
{{ include "model-training.runtime" $in }}
---
{{ include "model-training.trainJob" $in }}
{{- else if eq $run.kind "RayJob" }}
{{ include "model-training.rayJob" $in }}
{{- else if eq $run.kind "CronJob" }}
{{ include "model-training.cronJob" $in }}
{{- else }}
{{ include "model-training.job" $in }}
{{- end }}
{{- with $run.claim }}
---
{{ include "model-training.claim" $in }}
{{- end }}
{{- if $run.together }}
---
{{ include "model-training.networkPolicy" $in }}
{{- end }}
{{- end -}}

{{/* The volume of checkpoints or of a workspace. What people made is not removed without asking. */}}
{{- define "model-training.claim" -}}
{{- $claim := .run.claim -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" $claim.name "labels" .run.labels "annotations" (dict "argocd.argoproj.io/sync-options" "Prune=confirm,Delete=confirm")) | nindent 2 }}
spec:
  accessModes: [{{ $claim.access }}]
  {{- with $claim.storageClass }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ $claim.size | quote }}
{{- end -}}

{{/* The namespace denies by default; machines of one run talk to each other, on any port. */}}
{{- define "model-training.networkPolicy" -}}
{{- $same := dict "gleis.dev/run" .run.name -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .run.name "labels" .run.labels) | nindent 2 }}
spec:
  podSelector:
    matchLabels: {{- toYaml $same | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {{- toYaml $same | nindent 14 }}
    {{- if eq .run.kind "RayJob" }}
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ .context.Values.run.sweep.operatorNamespace | quote }}
      ports:
        - {protocol: TCP, port: 8265}   # the head's dashboard, through which a job is submitted
    {{- end }}
  egress:
    - to:
        - podSelector:
            matchLabels: {{- toYaml $same | nindent 14 }}
{{- end -}}
