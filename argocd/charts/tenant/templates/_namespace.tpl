{{- define "tenant.namespace" -}}
{{- $security := dict -}}
{{- range list "enforce" "audit" "warn" -}}
{{- $_ := set $security (printf "pod-security.kubernetes.io/%s" .) "restricted" -}}
{{- $_ := set $security (printf "pod-security.kubernetes.io/%s-version" .) $.Values.podSecurityVersion -}}
{{- end -}}
{{- $kept := dict -}}
{{- if eq .Values.environment "prod" -}}
{{- /* With its namespace everything of a project goes. That takes a person, not a deleted record. */ -}}
{{- $kept = dict "argocd.argoproj.io/sync-options" "Prune=false,Delete=false" -}}
{{- end -}}
apiVersion: v1
kind: Namespace
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" (include "gleis.namespace" .) "namespace" "" "labels" $security "annotations" $kept) | nindent 2 }}
{{- end -}}

{{- define "tenant.quota" -}}
{{- $quota := .Values.tenant.quota -}}
{{- $memory := printf "%dGi" (mul (int $quota.cpu) (int .Values.memoryPerCore)) -}}
apiVersion: v1
kind: ResourceQuota
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "share") | nindent 2 }}
spec:
  # No limits.cpu: what a pod takes beyond its request is idle anyway.
  hard:
    requests.cpu: {{ int $quota.cpu | quote }}
    requests.memory: {{ $memory | quote }}
    limits.memory: {{ $memory | quote }}
    requests.nvidia.com/gpu: {{ int $quota.gpu | quote }}
    pods: {{ int .Values.objects.pods | quote }}
    persistentvolumeclaims: {{ int .Values.objects.claims | quote }}
    requests.storage: {{ printf "%dGi" (int .Values.objects.storage) | quote }}
    # Requests come in through the ingress only.
    services.loadbalancers: "0"
    services.nodeports: "0"
{{- end -}}

{{- define "tenant.limits" -}}
{{- $quota := .Values.tenant.quota -}}
apiVersion: v1
kind: LimitRange
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "containers") | nindent 2 }}
spec:
  limits:
    - type: Container
      defaultRequest:
        cpu: {{ .Values.container.cpu | quote }}
        memory: {{ .Values.container.memory | quote }}
      default:
        memory: {{ .Values.container.memory | quote }}
      {{- /* No maximum without cores: a default may not be above it, and the quota admits no pod. */}}
      {{- if $quota.cpu }}
      # No GPUs here: what has a maximum and no default gets the maximum as its default.
      max:
        cpu: {{ int $quota.cpu | quote }}
        memory: {{ printf "%dGi" (mul (int $quota.cpu) (int .Values.memoryPerCore)) | quote }}
      {{- end }}
{{- end -}}

{{- define "tenant.queue" -}}
apiVersion: kueue.x-k8s.io/v1beta2
kind: LocalQueue
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "default") | nindent 2 }}
spec:
  clusterQueue: {{ .Values.tenant.team | quote }}
{{- end -}}
