{{/* One Service, and one for the canary where a gateway divides the requests. */}}
{{- define "model-service.services" -}}
{{- $names := list .Values.tenant.project }}
{{- if include "model-service.is-divided" . }}
{{- $names = append $names (printf "%s-canary" .Values.tenant.project) }}
{{- end }}
{{- range $names }}
{{- $main := eq . $.Values.tenant.project }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "model-service.metadata" (dict "context" $ "name" . "labels" (dict "app.kubernetes.io/component" (ternary "model-service" "model-service-canary" $main))) | nindent 2 }}
spec:
  type: ClusterIP
  ports:
    - {name: http, port: 80, targetPort: http, protocol: TCP, appProtocol: http}
  selector:
    {{- include "model-service.selector" $ | nindent 4 }}
{{- end }}
{{- end }}

{{/* "true" where the gateway sends a part of the requests to the canary; else empty. */}}
{{- define "model-service.is-divided" -}}
{{- if and (include "model-service.is-rollout" .) (eq .Values.rollout.router "gateway") }}
{{- if not (and .Values.route.enabled (dig "kubernetes" "ingress" "gateway" "" .Values.platform)) }}
{{- fail "rollout.router: gateway takes a Gateway: platform.kubernetes.ingress.gateway, and route.enabled" }}
{{- end }}true{{ end }}
{{- end }}

{{/* Where a part of the platform runs: ingress, monitoring, tracking or dns. */}}
{{- define "model-service.platform-namespace" -}}
{{- $usual := dict "ingress" "ingress" "monitoring" "monitoring" "tracking" "mlflow" "dns" "kube-system" -}}
{{- dig "namespaces" .of (get $usual .of) .context.Values.platform -}}
{{- end }}

{{- define "model-service.hostname" -}}
{{- $domain := dig "kubernetes" "domain" .Values.platform.organisation.domain .Values.platform -}}
{{- .Values.route.hostname | default (printf "%s.%s.%s" .Values.tenant.project .Values.environment $domain) -}}
{{- end }}

{{/* Through a Gateway where the organisation names one, else through an ingress class, else not at all. */}}
{{- define "model-service.route" -}}
{{- $ingress := dig "kubernetes" "ingress" dict .Values.platform }}
{{- if $ingress.gateway }}
{{- include "model-service.http-route" . }}
{{- else if $ingress.className }}
{{- include "model-service.ingress" . }}
{{- end }}
{{- end }}

{{/* The inference protocol and nothing else: /metrics stays inside. */}}
{{- define "model-service.http-route" }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  parentRefs:
    - name: {{ .Values.platform.kubernetes.ingress.gateway }}
      namespace: {{ include "model-service.platform-namespace" (dict "context" . "of" "ingress") }}
  hostnames:
    - {{ include "model-service.hostname" . }}
  rules:
    - matches:
        - path: {type: PathPrefix, value: /v2}
      backendRefs:
        - {name: {{ .Values.tenant.project }}, port: 80, weight: 100}
        {{- if include "model-service.is-divided" . }}
        - {name: {{ .Values.tenant.project }}-canary, port: 80, weight: 0}
        {{- end }}
{{- end }}

{{- define "model-service.ingress" }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  ingressClassName: {{ .Values.platform.kubernetes.ingress.className }}
  rules:
    - host: {{ include "model-service.hostname" . }}
      http:
        paths:
          - path: /v2
            pathType: Prefix
            backend:
              service:
                name: {{ .Values.tenant.project }}
                port: {name: http}
{{- end }}

{{/* In: the gateway and Prometheus. Out: names and the model registry; the
chart `tenant` opens the way to the stores. */}}
{{- define "model-service.network-policy" -}}
{{- $online := eq .Values.tenant.serving.mode "online" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "model-service.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if $online }}
  ingress:
    - ports:
        - {port: http, protocol: TCP}
      from:
        {{- range concat (list (include "model-service.platform-namespace" (dict "context" . "of" "ingress")) (include "model-service.platform-namespace" (dict "context" . "of" "monitoring"))) .Values.network.clients | uniq }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . }}
        {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
      to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ include "model-service.platform-namespace" (dict "context" . "of" "dns") }}
    - ports:
        - {port: 5000, protocol: TCP}
      to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ include "model-service.platform-namespace" (dict "context" . "of" "tracking") }}
{{- end }}
