{{/*
Nothing goes in or out, but what the following policies allow: each is one reason to talk.
*/}}
{{- define "tenant.network" -}}
{{- $net := .Values.network -}}
{{- $namespaces := .Values.platform.namespaces -}}
{{- $cloud := .Values.tenant.serving.cloud -}}
{{ include "tenant.policy" (dict "context" . "name" "default-deny") }}
  policyTypes: [Ingress, Egress]
---
{{ include "tenant.policy" (dict "context" . "name" "same-namespace") }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {}}]
  egress:
    - to: [{podSelector: {}}]
---
{{ include "tenant.policy" (dict "context" . "name" "dns") }}
  policyTypes: [Egress]
  egress:
    - to:
        - {{ include "tenant.peer" $namespaces.dns }}
          podSelector:
            matchLabels:
              {{- toYaml $net.dnsLabels | nindent 14 }}
      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
---
{{ include "tenant.policy" (dict "context" . "name" "monitoring") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - {{ include "tenant.peer" $namespaces.monitoring }}
      ports: {{ include "tenant.ports" $net.metricsPorts }}
---
{{ include "tenant.policy" (dict "context" . "name" "tracking") }}
  policyTypes: [Egress]
  egress:
    - to:
        - {{ include "tenant.peer" $namespaces.tracking }}
      ports: {{ include "tenant.ports" (list $net.trackingPort) }}
{{- if eq .Values.tenant.serving.mode "online" }}
---
{{ include "tenant.policy" (dict "context" . "name" "ingress") }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - {{ include "tenant.peer" $namespaces.ingress }}
      ports: {{ include "tenant.ports" (list $net.servicePort) }}
{{- end }}
{{- /*
Where a pod gets its identity in the cloud from, on its own node. Azure asks its directory, which is
one of network.endpoints.
*/}}
{{- if eq $cloud "aws" }}
---
{{ include "tenant.policy" (dict "context" . "name" "cloud-identity") }}
  policyTypes: [Egress]
  egress:
    # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
    - to: [{ipBlock: {cidr: 169.254.170.23/32}}]
      ports: {{ include "tenant.ports" (list 80) }}
{{- else if eq $cloud "gcp" }}
---
{{ include "tenant.policy" (dict "context" . "name" "cloud-identity") }}
  policyTypes: [Egress]
  egress:
    # https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy
    - to: [{ipBlock: {cidr: 169.254.169.252/32}}]
      ports: {{ include "tenant.ports" (list 987 988) }}
    - to: [{ipBlock: {cidr: 169.254.169.254/32}}]
      ports: {{ include "tenant.ports" (list 80) }}
{{- end }}
{{- with $net.endpoints }}
---
{{ include "tenant.policy" (dict "context" $ "name" "endpoints") }}
  policyTypes: [Egress]
  egress:
    {{- range . }}
    - to: [{ipBlock: {cidr: {{ .cidr | quote }}}}]
      ports: {{ include "tenant.ports" .ports }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* The beginning of a policy for all pods of the namespace; the caller goes on within its spec. */}}
{{- define "tenant.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "gleis.metadata" . | nindent 2 }}
spec:
  podSelector: {}
{{- end -}}

{{- define "tenant.peer" -}}
namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ . | quote }}}}
{{- end -}}

{{- define "tenant.ports" -}}
[{{ range $number, $port := . }}{{ if $number }}, {{ end }}{protocol: TCP, port: {{ int $port }}}{{ end }}]
{{- end -}}
