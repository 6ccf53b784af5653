{{/*
Runs that cannot work or may not be, each refused with what, why and what to do. values.schema.json
sees one value at a time; this is about values that do not go together.
*/}}
{{- define "model-training.refuse" -}}
{{- $values := .Values -}}
{{- $run := $values.run -}}
{{- $tenant := $values.tenant -}}
{{- $who := printf "%s/%s" $tenant.team $tenant.project -}}
{{- if not $tenant.training -}}
{{- fail (printf "%s: its record has no tenant.training, so it is older than 0.4.0: gleis tenant add --update" $who) -}}
{{- end -}}
{{- $training := $tenant.training -}}
{{- if ne $tenant.serving.target "kubernetes" -}}
{{- fail (printf "%s: tenant.serving.target is %s; this chart is for Kubernetes" $who $tenant.serving.target) -}}
{{- end -}}
{{- if not (has $values.environment $tenant.environments) -}}
{{- fail (printf "%s: is not onboarded for %s, only for %s" $who $values.environment (join ", " $tenant.environments)) -}}
{{- end -}}
{{- if ne (empty $run.image) (empty $run.imageDigest) -}}
{{- fail (printf "%s: run.image and run.imageDigest belong together: give both, or neither for the release's" $who) -}}
{{- end -}}
{{- if and (not $run.image) (not $values.release.imageDigest) -}}
{{- fail (printf "%s: nothing is promoted to %s yet, so there is no image: give run.image and run.imageDigest" $who $values.environment) -}}
{{- end -}}
{{- if and (eq $run.mode "workspace") (not $run.image) -}}
{{- fail (printf "%s: a workspace needs an image that holds JupyterLab: give run.image and run.imageDigest" $who) -}}
{{- end -}}
{{- if and (eq $run.mode "workspace") (eq $values.environment "prod") -}}
{{- fail (printf "%s: a workspace runs whatever is typed into it, so not with the identity of prod: take dev or staging" $who) -}}
{{- end -}}
{{- $gpus := eq $run.mode "workspace" | ternary $run.workspace.gpus $training.gpusPerNode | int -}}
{{- if and $gpus (eq $training.gpuType "none") -}}
{{- fail (printf "%s: %d GPUs, but of no type: set training.gpuType in its contract" $who $gpus) -}}
{{- end -}}
{{- include "model-training.refuseEngine" . -}}
{{- include "model-training.refuseSchedule" . -}}
{{- include "model-training.refuseQuota" . -}}
{{- $machines := (include "model-training.facts" . | fromYaml).machines | int -}}
{{- if ne $run.mode "workspace" -}}
{{- if and (eq $run.checkpoints.kind "uri") (not $run.checkpoints.uri) -}}
{{- fail (printf "%s: run.checkpoints.kind is uri, but run.checkpoints.uri is empty" $who) -}}
{{- end -}}
{{- if and (eq $run.checkpoints.kind "volume") (gt $machines 1) (not $run.checkpoints.storageClass) -}}
{{- fail (printf "%s: %d machines cannot share a volume of the default StorageClass: name one that many can mount in run.checkpoints.storageClass, or take kind uri" $who $machines) -}}
{{- end -}}
{{- if and $run.spot (eq $run.checkpoints.kind "none") -}}
{{- fail (printf "%s: spot without checkpoints begins anew whenever a machine is taken away: set run.checkpoints.kind to volume or uri" $who) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "model-training.refuseEngine" -}}
{{- $tenant := .Values.tenant -}}
{{- $training := $tenant.training -}}
{{- $who := printf "%s/%s" $tenant.team $tenant.project -}}
{{- if and (eq $training.engine "distributed") (eq $training.framework "sklearn") -}}
{{- fail (printf "%s: scikit-learn does not train on several machines: set training.engine to single" $who) -}}
{{- end -}}
{{- if and (eq $training.engine "single") (gt (int $training.nodes) 1) -}}
{{- fail (printf "%s: training.nodes is %d, but training.engine is single: set it to distributed" $who (int $training.nodes)) -}}
{{- end -}}
{{- end -}}

{{- define "model-training.refuseSchedule" -}}
{{- $tenant := .Values.tenant -}}
{{- $run := .Values.run -}}
{{- $who := printf "%s/%s" $tenant.team $tenant.project -}}
{{- if $run.scheduled -}}
{{- if not $tenant.schedule -}}
{{- fail (printf "%s: run.scheduled without a schedule: set training.schedule in its contract" $who) -}}
{{- end -}}
{{- if or (ne $run.mode "train") (ne $tenant.training.engine "single") -}}
{{- fail (printf "%s: only a run on one machine can be scheduled in the cluster; a distributed one is started by the pipeline, at the time that training.schedule says" $who) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What would wait in the queue for ever is refused here: more than the project's share of quota. */}}
{{- define "model-training.refuseQuota" -}}
{{- $tenant := .Values.tenant -}}
{{- $run := .Values.run -}}
{{- $who := printf "%s/%s" $tenant.team $tenant.project -}}
{{- $facts := include "model-training.facts" . | fromYaml -}}
{{- $machines := int $facts.machines -}}
{{- $cpu := mulf $machines $run.cpu -}}
{{- if eq $facts.kind "RayJob" }}{{ $cpu = addf $cpu $run.sweep.headCpu }}{{ end -}}
{{- $gpu := mul $machines (int $facts.gpus) | int -}}
{{- $mayCpu := float64 $tenant.quota.cpu -}}
{{- $mayGpu := float64 $tenant.quota.gpu -}}
{{- $whose := "the project's quota" -}}
{{- if $facts.workspace -}}
{{- $mayCpu = divf (mulf $mayCpu $run.workspace.quotaShare) 100 -}}
{{- $mayGpu = divf (mulf $mayGpu $run.workspace.quotaShare) 100 | ceil -}}
{{- $whose = printf "a workspace's share (run.workspace.quotaShare, %v %%) of the project's quota" $run.workspace.quotaShare -}}
{{- end -}}
{{- if gt $cpu $mayCpu -}}
{{- fail (printf "%s: asks for %v CPU cores, %s is %v: it would wait for ever. Ask for less, or for more quota: tenant.quota.cpu" $who $cpu $whose $mayCpu) -}}
{{- end -}}
{{- if gt (float64 $gpu) $mayGpu -}}
{{- fail (printf "%s: asks for %d GPUs, %s is %v: it would wait for ever. Ask for less, or for more quota: tenant.quota.gpu" $who $gpu $whose $mayGpu) -}}
{{- end -}}
{{- end -}}
