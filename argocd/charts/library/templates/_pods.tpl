{{/* What Pod Security `restricted` asks of a pod. */}}
{{- define "gleis.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What Pod Security `restricted` asks of a container, and a root file system nobody writes to. */}}
{{- define "gleis.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{/* The label that hands a job to the project's queue, and so to its team's quota. */}}
{{- define "gleis.queue" -}}
kueue.x-k8s.io/queue-name: "default"
{{- end -}}
