{{/*
The team sees everything of its project and may change it in dev. Elsewhere changes are commits, and
nobody has a right to delete.
*/}}
{{- define "tenant.rights" -}}
{{- $dev := eq .Values.environment "dev" -}}
{{- include "tenant.binding" (dict "context" . "name" "team-views" "kind" "ClusterRole" "role" "view") }}
{{- if $dev }}
---
{{ include "tenant.binding" (dict "context" . "name" "team-edits" "kind" "ClusterRole" "role" "edit") }}
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  {{- include "gleis.metadata" (dict "context" . "name" "team") | nindent 2 }}
rules:
  # What `view` does not cover, since only the cluster's own kinds are in it.
  - apiGroups:
      - argoproj.io
      - external-secrets.io
      - jobset.x-k8s.io
      - keda.sh
      - kueue.x-k8s.io
      - monitoring.coreos.com
      - ray.io
      - serving.kserve.io
      - trainer.kubeflow.org
    resources: ["*"]
    verbs: ["get", "list", "watch"]
  {{- if $dev }}
  # To try a run; what grants anything (SecretStore, LocalQueue) is not among these.
  - apiGroups: ["jobset.x-k8s.io", "ray.io", "trainer.kubeflow.org"]
    resources: ["jobsets", "rayclusters", "rayjobs", "trainjobs"]
    verbs: ["create", "update", "patch", "delete"]
  - apiGroups: ["argoproj.io"]
    resources: ["rollouts"]
    verbs: ["update", "patch"]
  {{- end }}
---
{{ include "tenant.binding" (dict "context" . "name" "team" "kind" "Role" "role" "team") }}
{{- end -}}

{{- define "tenant.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "gleis.metadata" (dict "context" .context "name" .name) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind | quote }}
  name: {{ .role | quote }}
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: {{ include "gleis.group" .context | quote }}
{{- end -}}
