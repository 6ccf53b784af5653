{{/*
What the records and `run` together say about this run, worked out once: kind, name, image, machines,
resources, seconds, volume, labels. As YAML: read it with fromYaml.
*/}}
{{- define "model-training.facts" -}}
{{- $values := .Values -}}
{{- $run := $values.run -}}
{{- $training := $values.tenant.training -}}
{{- $workspace := eq $run.mode "workspace" -}}
{{- $sweep := eq $run.mode "sweep" -}}
{{- $distributed := and (eq $run.mode "train") (eq $training.engine "distributed") -}}
{{- $kind := "Job" -}}
{{- if $sweep }}{{ $kind = "RayJob" }}{{ else if $distributed }}{{ $kind = "TrainJob" }}{{ else if $run.scheduled }}{{ $kind = "CronJob" }}{{ end -}}
{{- $machines := 1 -}}
{{- if $sweep }}{{ $machines = int $run.sweep.workers }}{{ else if $distributed }}{{ $machines = int $training.nodes }}{{ end -}}
{{- $gpus := $workspace | ternary $run.workspace.gpus $training.gpusPerNode | int -}}
{{- /* 47: pods are named after it, with -node-0-63-xxxxx (JobSet) or -xxxxx-head-svc (Ray) behind. */ -}}
{{- $name := include "gleis.fit" (dict "parts" (list $values.tenant.project $run.id) "limit" 47) -}}
{{- $seconds := mulf ($workspace | ternary $run.workspace.maxHours $training.maxHours) 3600 | ceil | int64 -}}
{{- $resources := dict "cpu" ($run.cpu | toString) "memory" $run.memory -}}
{{- if $gpus }}{{ $_ := set $resources "nvidia.com/gpu" ($gpus | toString) }}{{ end -}}
{{- $image := printf "%s@%s" (default $values.release.image $run.image) (default $values.release.imageDigest $run.imageDigest) -}}
{{- $claim := dict -}}
{{- if $workspace -}}
{{- $claim = dict "suffix" "workspace" "path" "/workspace" "access" "ReadWriteOnce" "size" $run.workspace.size "storageClass" $run.workspace.storageClass -}}
{{- else if eq $run.checkpoints.kind "volume" -}}
{{- $claim = dict "suffix" "checkpoints" "path" "/checkpoints" "access" (gt $machines 1 | ternary "ReadWriteMany" "ReadWriteOnce") "size" $run.checkpoints.size "storageClass" $run.checkpoints.storageClass -}}
{{- end -}}
{{- with $claim }}{{ $_ := set . "name" (include "gleis.fit" (dict "parts" (list $values.tenant.project $run.id .suffix))) }}{{ end -}}
{{- $checkpoints := "" -}}
{{- if and $claim (not $workspace) -}}
{{- $checkpoints = $claim.path -}}
{{- else if and (not $workspace) (eq $run.checkpoints.kind "uri") -}}
{{- $checkpoints = printf "%s/%s" (trimSuffix "/" $run.checkpoints.uri) $run.id -}}
{{- end -}}
{{- dict
  "kind" $kind
  "name" $name
  "image" $image
  "package" ($values.tenant.project | replace "-" "_")
  "machines" $machines
  "gpus" $gpus
  "gpuType" $training.gpuType
  "resources" $resources
  "seconds" $seconds
  "claim" $claim
  "checkpoints" $checkpoints
  "workspace" $workspace
  "spot" $run.spot
  "together" (has $kind (list "TrainJob" "RayJob"))
  "labels" (dict "app.kubernetes.io/component" ($workspace | ternary "workspace" "training") "gleis.dev/run" $name)
  | toYaml -}}
{{- end -}}

{{/*
Labels by which Kueue takes the object: the queue, a priority, and the longest time that it may run
over all the times that it is taken out of the queue and put back.
*/}}
{{- define "model-training.queued" -}}
{{- $queued := include "gleis.queue" .context | fromYaml -}}
{{- $_ := set $queued "kueue.x-k8s.io/max-exec-time-seconds" (.run.seconds | int64 | toString) -}}
{{- with .context.Values.run.priority }}{{ $_ := set $queued "kueue.x-k8s.io/priority-class" . }}{{ end -}}
{{- merge $queued .run.labels | toYaml -}}
{{- end -}}

{{/* Seconds after which a finished object is deleted; empty: never. A workspace's end is not its last. */}}
{{- define "model-training.ttl" -}}
{{- if and .context.Values.run.ttlHours (not .run.workspace) -}}
{{- mulf .context.Values.run.ttlHours 3600 | ceil | int64 -}}
{{- end -}}
{{- end -}}
