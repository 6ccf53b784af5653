{{- define "gleis.namespace" -}}
{{- required "tenant.namespaces lacks the environment" (get .Values.tenant.namespaces .Values.environment) -}}
{{- end -}}

{{- define "gleis.metadata" -}}
name: {{ .name | quote }}
{{- with hasKey . "namespace" | ternary .namespace (include "gleis.namespace" .context) }}
namespace: {{ . | quote }}
{{- end }}
labels:
  app.kubernetes.io/name: {{ .context.Values.tenant.project | quote }}
  app.kubernetes.io/part-of: {{ .context.Values.tenant.team | quote }}
  app.kubernetes.io/managed-by: "argocd"
  gleis.dev/team: {{ .context.Values.tenant.team | quote }}
  gleis.dev/project: {{ .context.Values.tenant.project | quote }}
  gleis.dev/environment: {{ .context.Values.environment | quote }}
  gleis.dev/cost-center: {{ .context.Values.tenant.costCenter | quote }}
  gleis.dev/data-class: {{ .context.Values.tenant.dataClass | quote }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  gleis.dev/owner: {{ .context.Values.tenant.owner | quote }}
{{- end -}}
