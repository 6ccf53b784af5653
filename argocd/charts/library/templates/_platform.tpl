{{/*
What argocd/platform/values.yaml says about the organisation. Each of these fails with the name of
what is missing, because an object with a hole in it is worse than none.
*/}}

{{/* The name of the cluster that the project has in this environment. */}}
{{- define "gleis.cluster" -}}
{{- $found := "" -}}
{{- $cloud := .Values.tenant.serving.cloud -}}
{{- range .Values.platform.clusters -}}
{{- if and (eq .cloud $cloud) (eq .environment $.Values.environment) -}}
{{- $found = .name -}}
{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- fail (printf "platform.clusters has no cluster of %s for %s, where %s/%s is to run" $cloud .Values.environment .Values.tenant.team .Values.tenant.project) -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{/* The OIDC group of the project's team: `group` of the team, else its name. */}}
{{- define "gleis.group" -}}
{{- $found := "" -}}
{{- range .Values.platform.teams -}}
{{- if eq .name $.Values.tenant.team -}}
{{- $found = default .name .group -}}
{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- fail (printf "platform.teams has no team %s, whose %s is" .Values.tenant.team .Values.tenant.project) -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{/* Address of the repository that the charts come from. */}}
{{- define "gleis.repository" -}}
{{- with .Values.platform.git -}}
{{- printf "https://%s/%s/%s.git" .host .owner .repository -}}
{{- else -}}
{{- fail "platform.git does not say where this platform's repository is" -}}
{{- end -}}
{{- end -}}

{{/* Address of the repository that the records come from: the same, or one of its own. */}}
{{- define "gleis.stateRepository" -}}
{{- $repo := dig "gitops" "repo" "." .Values.platform -}}
{{- eq $repo "." | ternary (include "gleis.repository" .) $repo -}}
{{- end -}}

{{/* The region of the project's cloud. */}}
{{- define "gleis.region" -}}
{{- $region := dig "clouds" .Values.tenant.serving.cloud "region" "" .Values.platform -}}
{{- required (printf "platform.clouds.%s.region is not set" .Values.tenant.serving.cloud) $region -}}
{{- end -}}

{{/* The account (project, subscription, site) of the project's cloud in this environment. */}}
{{- define "gleis.account" -}}
{{- $account := dig "clouds" .Values.tenant.serving.cloud "accounts" .Values.environment "" .Values.platform -}}
{{- required (printf "platform.clouds.%s.accounts.%s is not set" .Values.tenant.serving.cloud .Values.environment) $account -}}
{{- end -}}
