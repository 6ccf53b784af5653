{{/*
A pod of the run. Beside `context` and `run`: `container` (its name), `command`, and where they differ
from the run's `resources`, `gpus`, `spot`; `env` are further variables.
*/}}
{{- define "model-training.pod" -}}
{{- $values := .context.Values -}}
metadata:
  labels:
    {{- include "gleis.labels" .context | nindent 4 }}
    {{- toYaml .run.labels | nindent 4 }}
  annotations:
    {{- include "gleis.annotations" .context | nindent 4 }}
    # Tidying up nodes is no reason to lose hours of training.
    karpenter.sh/do-not-disrupt: "true"
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
spec:
  {{- include "model-training.podSpec" . | nindent 2 }}
{{- end -}}

{{- define "model-training.podSpec" -}}
{{- $values := .context.Values -}}
{{- $run := $values.run -}}
{{- $gpus := hasKey . "gpus" | ternary .gpus .run.gpus | int -}}
{{- $spot := hasKey . "spot" | ternary .spot .run.spot -}}
serviceAccountName: {{ include "gleis.serviceAccount" .context | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if .restartPolicy }}
restartPolicy: {{ .restartPolicy }}
{{- end }}
# Time to write a last checkpoint; AWS gives two minutes before it takes a machine back, others less.
terminationGracePeriodSeconds: 100
securityContext:
  {{- include "gleis.podSecurityContext" .context | nindent 2 }}
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
{{- include "model-training.placement" (dict "gpus" $gpus "spot" $spot "gpuType" .run.gpuType) }}
containers:
  - name: {{ .container }}
    image: {{ .run.image | quote }}
    {{- with .command }}
    command: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .args }}
    args: {{- toYaml . | nindent 6 }}
    {{- end }}
    env:
      - {name: HOME, value: {{ .run.workspace | ternary "/workspace" "/tmp" }}}
      - {name: GLEIS_PROJECT, value: {{ $values.tenant.project | quote }}}
      - {name: GLEIS_ENVIRONMENT, value: {{ $values.environment | quote }}}
      - {name: GLEIS_RUN, value: {{ .run.name | quote }}}
      {{- with .run.checkpoints }}
      - {name: GLEIS_CHECKPOINTS, value: {{ . | quote }}}
      {{- end }}
      {{- with .env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- range $name, $value := $run.env }}
      {{- /* A number of a values file is a float, and a large one would read 1e+06. */}}
      {{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $value = int64 $value }}{{ end }}
      - {name: {{ $name | quote }}, value: {{ $value | toString | quote }}}
      {{- end }}
    {{- with $run.secretEnv }}
    envFrom:
      {{- range . }}
      - secretRef: {name: {{ . | quote }}}
      {{- end }}
    {{- end }}
    resources:
      {{- $resources := default .run.resources .resources }}
      requests: {{- toYaml $resources | nindent 8 }}
      limits: {{- toYaml $resources | nindent 8 }}
    securityContext:
      {{- include "gleis.securityContext" .context | nindent 6 }}
    volumeMounts:
      - {name: scratch, mountPath: /tmp, subPath: tmp}
      {{- if not .run.workspace }}
      - {name: scratch, mountPath: {{ printf "%s/.gleis" $run.workDir | quote }}, subPath: gleis}
      {{- end }}
      - {name: shared-memory, mountPath: /dev/shm}
      {{- with .run.claim }}
      - {name: {{ .suffix }}, mountPath: {{ .path }}}
      {{- end }}
volumes:
  - name: scratch
    emptyDir: {sizeLimit: {{ $run.scratch | quote }}}
  - name: shared-memory
    emptyDir: {medium: Memory, sizeLimit: {{ $run.sharedMemory | quote }}}
  {{- with .run.claim }}
  - name: {{ .suffix }}
    persistentVolumeClaim: {claimName: {{ .name | quote }}}
  {{- end }}
{{- end -}}

{{/*
Where the pod may go. GPU nodes are tainted and labelled by the Terraform modules gpu-pool; spot nodes
carry no taint there, so whoever did not ask for spot stays away by itself.
*/}}
{{- define "model-training.placement" -}}
{{- $selector := dict -}}
{{- if .gpus }}{{ $_ := set $selector "gleis.dev/gpu-type" .gpuType }}{{ end -}}
{{- if .spot }}{{ $_ := set $selector "gleis.dev/capacity" "spot" }}{{ end -}}
{{- with $selector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if not .spot }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - {key: gleis.dev/capacity, operator: NotIn, values: [spot]}
{{- end }}
{{- if or .gpus .spot }}
tolerations:
  {{- if .gpus }}
  - {key: nvidia.com/gpu, operator: Equal, value: present, effect: NoSchedule}
  {{- end }}
  {{- if .spot }}
  - {key: gleis.dev/capacity, operator: Equal, value: spot, effect: NoSchedule}
  - {key: kubernetes.azure.com/scalesetpriority, operator: Equal, value: spot, effect: NoSchedule}
  - {key: cloud.google.com/gke-spot, operator: Equal, value: "true", effect: NoSchedule}
  {{- end }}
{{- end }}
{{- end -}}
