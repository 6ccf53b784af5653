{{/*
Nothing goes in or out, but what the following policies allow: each is one reason to talk.
*/}}
{{- define "tenant.network" -}}
{{- $net := .Values.network -}}
{{- $tenant := .Values.tenant -}}
{{- $http := list (dict "protocol" "TCP" "port" (int $net.servicePort)) -}}
{{- $metrics := list -}}
{{- range $net.metricsPorts -}}
{{- $metrics = append $metrics (dict "protocol" "TCP" "port" (int .)) -}}
{{- end -}}
{{- $dns := list (dict "protocol" "UDP" "port" 53) (dict "protocol" "TCP" "port" 53) -}}
{{- $servers := dict "namespaceSelector" (include "tenant.namespaceSelector" $net.dns.namespace | fromYaml) "podSelector" (dict "matchLabels" $net.dns.podLabels) -}}
{{- $mlflow := list (dict "protocol" "TCP" "port" (int $net.mlflow.port)) -}}
{{- $own := dict "podSelector" dict -}}
{{- $policies := list
  (dict "name" "default-deny")
  (dict "name" "same-namespace" "in" (list (dict "from" (list $own))) "out" (list (dict "to" (list $own))))
  (dict "name" "dns" "out" (list (dict "to" (list $servers) "ports" $dns)))
  (dict "name" "monitoring" "in" (list (dict "from" (list (include "tenant.peer" $net.monitoringNamespace | fromYaml)) "ports" $metrics)))
  (dict "name" "mlflow" "out" (list (dict "to" (list (include "tenant.peer" $net.mlflow.namespace | fromYaml)) "ports" $mlflow)))
-}}
{{- if eq $tenant.serving.mode "online" -}}
{{- $policies = append $policies (dict "name" "ingress" "in" (list (dict "from" (list (include "tenant.peer" $net.ingressNamespace | fromYaml)) "ports" $http))) -}}
{{- end -}}
{{- with include "tenant.identityService" . | fromYaml -}}
{{- $policies = append $policies (dict "name" "cloud-identity" "out" .out) -}}
{{- end -}}
{{- $outside := list -}}
{{- range $net.endpoints -}}
{{- $ports := list -}}
{{- range .ports -}}
{{- $ports = append $ports (dict "protocol" "TCP" "port" (int .)) -}}
{{- end -}}
{{- $outside = append $outside (dict "to" (list (dict "ipBlock" (dict "cidr" .cidr))) "ports" $ports) -}}
{{- end -}}
{{- if $outside -}}
{{- $policies = append $policies (dict "name" "endpoints" "out" $outside) -}}
{{- end -}}
{{- $context := . -}}
{{- range $number, $policy := $policies -}}
{{- if $number }}
---
{{ end -}}
{{- include "tenant.policy" (dict "context" $context "policy" $policy) }}
{{- end -}}
{{- end -}}

{{- define "tenant.policy" -}}
{{- $types := list -}}
{{- if or .policy.in (not .policy.out) -}}{{- $types = append $types "Ingress" -}}{{- end -}}
{{- if or .policy.out (not .policy.in) -}}{{- $types = append $types "Egress" -}}{{- end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .policy.name) | nindent 2 }}
spec:
  podSelector: {}
  policyTypes:
    {{- toYaml $types | nindent 4 }}
  {{- with .policy.in }}
  ingress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .policy.out }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "tenant.namespaceSelector" -}}
matchLabels:
  kubernetes.io/metadata.name: {{ . | quote }}
{{- end -}}

{{- define "tenant.peer" -}}
namespaceSelector:
  {{- include "tenant.namespaceSelector" . | nindent 2 }}
{{- end -}}

{{/*
Where a pod gets its identity in the cloud from, on its own node:
AWS: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
Google: https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy (Workload Identity)
Azure asks its directory, which is one of network.endpoints.
*/}}
{{- define "tenant.identityService" -}}
{{- if eq .Values.tenant.serving.cloud "aws" -}}
out:
  - to: [{ipBlock: {cidr: 169.254.170.23/32}}]
    ports: [{protocol: TCP, port: 80}]
{{- else if eq .Values.tenant.serving.cloud "gcp" -}}
out:
  - to: [{ipBlock: {cidr: 169.254.169.252/32}}]
    ports: [{protocol: TCP, port: 987}, {protocol: TCP, port: 988}]
  - to: [{ipBlock: {cidr: 169.254.169.254/32}}]
    ports: [{protocol: TCP, port: 80}]
{{- end -}}
{{- end -}}
