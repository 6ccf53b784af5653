{{/* Only where alerts are not routed by their labels: the operator adds one route per namespace. */}}
{{- define "model-service.alertmanager-config" }}
---
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata:
  {{- include "model-service.metadata" (dict "context" .) | nindent 2 }}
spec:
  route:
    receiver: owner
    groupBy: [alertname, environment, model]
    groupWait: 30s
    groupInterval: 5m
    repeatInterval: 24h
    matchers:
      - {name: model, matchType: "=", value: {{ .Values.tenant.project }}}
    routes:
      - receiver: owner
        groupWait: 10s
        repeatInterval: 1h
        matchers:
          - {name: severity, matchType: "=", value: page}
  receivers:
    - name: owner
      emailConfigs:
        - {to: {{ .Values.tenant.owner }}, sendResolved: true}
  inhibitRules:
    - sourceMatch: [{name: severity, matchType: "=", value: page}]
      targetMatch: [{name: severity, matchType: "=", value: ticket}]
      equal: [alertname, environment, model]
{{- end }}
