{{/*
Name, namespace, labels and annotations of an object of a project. `annotations` and `labels` are
further ones; `namespace` is another than the project's, "" for none.

  metadata:
    {{- include "gleis.metadata" (dict "context" $ "name" "default") | nindent 2 }}
*/}}
{{- define "gleis.metadata" -}}
name: {{ .name | quote }}
{{- $namespace := hasKey . "namespace" | ternary .namespace (include "gleis.namespace" .context) }}
{{- with $namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "gleis.labels" .context | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  {{- include "gleis.annotations" .context | nindent 2 }}
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Labels of everything of a project: who it is, who pays, how its data must be handled. */}}
{{- define "gleis.labels" -}}
{{- with .Values.tenant -}}
app.kubernetes.io/name: {{ .project | quote }}
app.kubernetes.io/part-of: {{ .team | quote }}
app.kubernetes.io/managed-by: "argocd"
gleis.dev/team: {{ .team | quote }}
gleis.dev/project: {{ .project | quote }}
gleis.dev/environment: {{ $.Values.environment | quote }}
gleis.dev/cost-center: {{ .costCenter | quote }}
gleis.dev/data-class: {{ .dataClass | quote }}
{{- end -}}
{{- end -}}

{{/* What is too free for a label: an address may hold characters that labels may not. */}}
{{- define "gleis.annotations" -}}
gleis.dev/owner: {{ .Values.tenant.owner | quote }}
{{- end -}}

{{/* Labels that a selector of the project's pods of one component asks for; they never change. */}}
{{- define "gleis.selector" -}}
app.kubernetes.io/name: {{ .context.Values.tenant.project | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}
