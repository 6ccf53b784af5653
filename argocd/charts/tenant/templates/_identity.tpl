{{/*
The account of the project's pods, bound to its identity in the cloud. AWS binds by namespace and
account on its side; Google and Azure look for an annotation. No token of the cluster is mounted:
clouds bring their own, and no pod of a project has anything to ask the API server.
*/}}
{{- define "tenant.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" (include "gleis.serviceAccount" .) "annotations" (include "tenant.identity" . | fromYaml)) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{- define "tenant.identity" -}}
{{- $tenant := .Values.tenant -}}
{{- if eq $tenant.serving.cloud "gcp" -}}
{{- /* The same name as terraform/modules/gcp/project gives the account. */ -}}
{{- $account := include "gleis.fit" (dict "parts" (list $tenant.team $tenant.project .Values.environment) "limit" 28) -}}
iam.gke.io/gcp-service-account: {{ printf "w-%s@%s.iam.gserviceaccount.com" $account (include "gleis.account" .) | quote }}
{{- else if eq $tenant.serving.cloud "azure" -}}
{{- with get .Values.clientIds (include "gleis.namespace" .) -}}
azure.workload.identity/client-id: {{ . | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Secrets of this project and no other: by a prefix, a vault or a role of its own. */}}
{{- define "tenant.secretStore" -}}
{{- $provider := include "tenant.secretProvider" . -}}
{{- if $provider -}}
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "default") | nindent 2 }}
spec:
  provider:
    {{- $provider | nindent 4 }}
{{- end -}}
{{- end -}}

{{- define "tenant.secretProvider" -}}
{{- $cloud := .Values.tenant.serving.cloud -}}
{{- $account := include "gleis.serviceAccount" . -}}
{{- $azure := .Values.secretStores.azure -}}
{{- $vault := .Values.secretStores.vault -}}
{{- if eq $cloud "aws" -}}
aws:
  service: SecretsManager
  region: {{ include "gleis.region" . | quote }}
  # External Secrets asks as itself (a pod identity cannot be handed on), below this prefix only.
  prefix: {{ printf "%s/" (include "gleis.namespace" .) | quote }}
{{- else if eq $cloud "gcp" -}}
gcpsm:
  projectID: {{ include "gleis.account" . | quote }}
  auth:
    workloadIdentity:
      clusterLocation: {{ include "gleis.region" . | quote }}
      clusterName: {{ include "gleis.cluster" . | quote }}
      clusterProjectID: {{ include "gleis.account" . | quote }}
      serviceAccountRef:
        name: {{ $account | quote }}
{{- else if and (eq $cloud "azure") (get $azure.vaultUrls .Values.environment) -}}
azurekv:
  authType: WorkloadIdentity
  vaultUrl: {{ get $azure.vaultUrls .Values.environment | quote }}
  {{- with $azure.tenantId }}
  tenantId: {{ . | quote }}
  {{- end }}
  serviceAccountRef:
    name: {{ $account | quote }}
{{- else if and (eq $cloud "onprem") $vault.server -}}
vault:
  server: {{ $vault.server | quote }}
  path: {{ $vault.path | quote }}
  version: v2
  auth:
    kubernetes:
      mountPath: {{ $vault.mountPath | quote }}
      # A role of the project's namespace; what it may read is Vault's to say.
      role: {{ include "gleis.namespace" . | quote }}
      serviceAccountRef:
        name: {{ $account | quote }}
{{- end -}}
{{- end -}}
