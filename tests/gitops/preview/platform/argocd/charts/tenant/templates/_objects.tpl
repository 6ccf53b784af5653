{{- define "tenant.objects" -}}
{{- $namespace := include "gleis.namespace" . }}
{{- $tenant := .Values.tenant }}
apiVersion: v1
kind: Namespace
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $namespace "namespace" "" "labels" (dict "pod-security.kubernetes.io/enforce" "restricted")) | nindent 2 }}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $namespace "namespace" "argocd") | nindent 2 }}
spec:
  description: {{ printf "%s of %s in %s" $tenant.project $tenant.team .Values.environment | quote }}
  sourceRepos:
    - {{ .Values.platform.git.url | quote }}
  destinations:
    - {name: "*-{{ .Values.environment }}", namespace: {{ $namespace | quote }}}
  clusterResourceWhitelist: []
  roles:
    - name: team
      groups: [{{ $tenant.team | quote }}]
      policies:
        - p, proj:{{ $namespace }}:team, applications, sync, {{ $namespace }}/*, allow
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" $tenant.project) | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "team") | nindent 2 }}
rules:
  - apiGroups: [""]
    resources: [pods, pods/log]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "team") | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: team}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: {{ $tenant.team | quote }}}
---
apiVersion: v1
kind: ResourceQuota
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "share") | nindent 2 }}
spec:
  hard:
    requests.cpu: {{ $tenant.quota.cpu | quote }}
    requests.nvidia.com/gpu: {{ $tenant.quota.gpu | quote }}
    pods: {{ .Values.pods | quote }}
---
apiVersion: v1
kind: LimitRange
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "defaults") | nindent 2 }}
spec:
  limits:
    - type: Container
      default: {memory: 512Mi}
      defaultRequest: {cpu: 100m, memory: 256Mi}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "default-deny") | nindent 2 }}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "allow-monitoring") | nindent 2 }}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: monitoring}
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: LocalQueue
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "default") | nindent 2 }}
spec:
  clusterQueue: {{ $tenant.team | quote }}
{{- end -}}
