{{/*
A name that fits: the parts joined by hyphens, as a DNS-1123 label of at most `limit` characters
(63 by default). What had to be cut ends in a hash of all of it. The same rule, to the letter, as
scripts/gleis/contract/names.py and terraform/modules/contract.

  include "gleis.fit" (dict "parts" (list "team" "project" "dev") "limit" 40)
*/}}
{{- define "gleis.fit" -}}
{{- $limit := int (default 63 .limit) -}}
{{- $joined := join "-" .parts -}}
{{- if and (le (len $joined) $limit) (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $joined) -}}
{{- $joined -}}
{{- else -}}
{{- $room := int (sub $limit 9) -}}
{{- $readable := regexReplaceAll "[^a-z0-9]+" (lower $joined) "-" | trimAll "-" | trunc $room | trimAll "-" -}}
{{- if not (regexMatch "^[a-z]" $readable) -}}
{{- $readable = printf "x-%s" $readable | trunc $room | trimAll "-" -}}
{{- end -}}
{{- printf "%s-%s" $readable (join "\x00" .parts | sha256sum | trunc 8) -}}
{{- end -}}
{{- end -}}

{{/* The project's namespace in this environment, as its record says it. */}}
{{- define "gleis.namespace" -}}
{{- $namespace := get .Values.tenant.namespaces .Values.environment -}}
{{- if not $namespace -}}
{{- fail (printf "%s/%s has no namespace for %s: tenant.namespaces names %s" .Values.tenant.team .Values.tenant.project .Values.environment (keys .Values.tenant.namespaces | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $namespace -}}
{{- end -}}

{{/* The account of the project's pods. Terraform binds the cloud's identity to this name. */}}
{{- define "gleis.serviceAccount" -}}
{{- .Values.tenant.project -}}
{{- end -}}
