{{/*
The whole output of this chart. The context is Values, Release, Chart and Capabilities and nothing
else, so that many tenants can be rendered in one call of Helm.
*/}}
{{- define "tenant.objects" -}}
{{- if eq .Values.tenant.serving.target "kubernetes" -}}
{{- if ne .Values.scope "cluster" }}
---
{{ include "tenant.appProject" . }}
{{- end }}
{{- if ne .Values.scope "hub" }}
---
{{ include "tenant.namespace" . }}
---
{{ include "tenant.quota" . }}
---
{{ include "tenant.limits" . }}
---
{{ include "tenant.serviceAccount" . }}
---
{{ include "tenant.rights" . }}
---
{{ include "tenant.network" . }}
---
{{ include "tenant.queue" . }}
---
{{ include "tenant.secretStore" . }}
{{- end }}
{{- end }}
{{- end -}}
