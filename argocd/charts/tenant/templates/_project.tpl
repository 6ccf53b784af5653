{{/*
What the project's applications may do in Argo CD: come from two repositories, go to one namespace of
one cluster, hold the kinds that are listed, and nothing that is outside of a namespace.
*/}}
{{- define "tenant.appProject" -}}
{{- $namespace := include "gleis.namespace" . -}}
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $namespace "namespace" .Values.platform.namespaces.argocd) | nindent 2 }}
  # A project that applications still belong to must not go.
  finalizers: ["resources-finalizer.argocd.argoproj.io"]
spec:
  description: {{ printf "%s of team %s in %s" .Values.tenant.project .Values.tenant.team .Values.environment | quote }}
  # The project's own repository is not among them: it holds code, and no manifest comes from there.
  sourceRepos:
    {{- list (include "gleis.repository" .) (include "gleis.stateRepository" .) | uniq | toYaml | nindent 4 }}
  destinations:
    - name: {{ include "gleis.cluster" . | quote }}
      namespace: {{ $namespace | quote }}
  clusterResourceWhitelist: []
  namespaceResourceWhitelist:
    {{- range .Values.kinds }}
    - group: {{ .group | quote }}
      kind: {{ .kind | quote }}
    {{- end }}
  roles:
    - name: team
      description: {{ printf "Team %s" .Values.tenant.team | quote }}
      groups: [{{ include "gleis.group" . | quote }}]
      policies:
        {{- include "tenant.policies" (dict "project" $namespace "environment" .Values.environment) | nindent 8 }}
  {{- $freeze := dig "kubernetes" "freeze" dict .Values.platform }}
  {{- if and $freeze (eq .Values.environment "prod") }}
  # Nothing synchronises by itself then. A person still can: that is how a rollback gets through.
  syncWindows:
    - kind: deny
      schedule: {{ $freeze.schedule | quote }}
      duration: {{ $freeze.duration | quote }}
      timeZone: {{ default "UTC" $freeze.timeZone | quote }}
      namespaces: [{{ $namespace | quote }}]
      manualSync: true
  {{- end }}
{{- end -}}

{{/*
Everybody of the team sees everything and may synchronise, which applies no more than what is
committed. Restarting pods and deleting single objects is for environments before prod.
*/}}
{{- define "tenant.policies" -}}
{{- $actions := list "applications, get" "applications, sync" "logs, get" -}}
{{- if ne .environment "prod" -}}
{{- $actions = append $actions "applications, action/*" -}}
{{- end -}}
{{- if eq .environment "dev" -}}
{{- $actions = append $actions "applications, delete/*" -}}
{{- end -}}
{{- $lines := list -}}
{{- range $actions -}}
{{- $lines = append $lines (printf "p, proj:%s:team, %s, %s/*, allow" $.project . $.project) -}}
{{- end -}}
{{- if eq .environment "prod" -}}
{{- range list "applications, delete" "applications, delete/*" -}}
{{- $lines = append $lines (printf "p, proj:%s:team, %s, %s/*, deny" $.project . $.project) -}}
{{- end -}}
{{- end -}}
{{- toYaml $lines -}}
{{- end -}}
