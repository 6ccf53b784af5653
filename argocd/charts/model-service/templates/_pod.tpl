{{/* Labels of the pods of a service. */}}
{{- define "model-service.pod-labels" -}}
{{ include "gleis.labels" . }}
app.kubernetes.io/component: model-service
gleis.dev/model-version: {{ .Values.release.modelVersion | quote }}
{{- end }}

{{/* The image by its digest. There is no tag that could move. */}}
{{- define "model-service.image" -}}
{{ .Values.release.image }}@{{ .Values.release.imageDigest }}
{{- end }}

{{/* Spec of a pod that answers requests. */}}
{{- define "model-service.pod" -}}
{{ include "model-service.pod-base" . }}
terminationGracePeriodSeconds: 35  # 5 of preStop, 20 in which the service ends what is under way, 10 to spare
{{- if eq .Values.engine "workload" }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "model-service.selector" $ | nindent 8 }}
    # Each release is spread by itself, however many of the former one are still there.
    matchLabelKeys: [{{ if include "model-service.is-rollout" $ }}rollouts-pod-template-hash{{ else }}pod-template-hash{{ end }}]
  {{- end }}
{{- end }}
initContainers:
  {{- include "model-service.fetch-model" . | nindent 2 }}
containers:
  - name: {{ if eq .Values.engine "kserve" }}kserve-container{{ else }}service{{ end }}
    image: {{ include "model-service.image" . }}
    ports:
      - {name: http, containerPort: 8080, protocol: TCP}
    env:
      - {name: HOME, value: /tmp}
    {{- include "model-service.probes" . | nindent 4 }}
    lifecycle:
      preStop:
        sleep: {seconds: 5}  # until every proxy knows that it is leaving
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      {{- include "gleis.securityContext" . | nindent 6 }}
    volumeMounts:
      - {name: model, mountPath: /model, readOnly: true}
      - {name: tmp, mountPath: /tmp}
{{- end }}

{{/* What every pod of a project has in common. */}}
{{- define "model-service.pod-base" -}}
serviceAccountName: {{ include "gleis.serviceAccount" . }}
automountServiceAccountToken: false  # it never asks the API server; cloud identities bring their own token
enableServiceLinks: false
securityContext:
  {{- include "gleis.podSecurityContext" . | nindent 2 }}
  # The user of the image, who owns nothing in it; volumes are made writable for its group.
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
volumes:
  - name: model
    emptyDir: {sizeLimit: {{ .Values.model.sizeLimit }}}
  - name: tmp
    emptyDir: {sizeLimit: {{ .Values.model.sizeLimit }}}
{{- end }}

{{/* The service opens its port after the model is loaded, so being ready is also having started. */}}
{{- define "model-service.probes" -}}
startupProbe:
  httpGet: {path: /v2/health/ready, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 36  # three minutes to load the model
readinessProbe:
  httpGet: {path: /v2/health/ready, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /v2/health/live, port: http}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
{{- end }}

{{/*
Fetches the promoted version of the model and refuses one whose bytes are not those that were
promoted. It is the image's own Python, which has MLflow by the project's lock.
*/}}
{{- define "model-service.fetch-model" -}}
- name: fetch-model
  image: {{ include "model-service.image" . }}
  command:
    - python
    - -c
    - |
      {{- include "model-service.fetch-script" . | nindent 6 }}
  args:
    - {{ .Values.tenant.project }}
    - {{ .Values.release.modelVersion | quote }}
    - {{ .Values.release.modelSha256 | quote }}
    - /model
  env:
    - {name: MLFLOW_TRACKING_URI, value: {{ .Values.model.registry | quote }}}
    - {name: MLFLOW_DISABLE_TELEMETRY, value: "true"}
    - {name: GIT_PYTHON_REFRESH, value: quiet}
    - {name: HOME, value: /tmp}
  {{- with .Values.model.credentials }}
  envFrom:
    - secretRef: {name: {{ . }}, optional: true}
  {{- end }}
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  securityContext:
    {{- include "gleis.securityContext" . | nindent 4 }}
  volumeMounts:
    - {name: model, mountPath: /model}
    - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "model-service.fetch-script" -}}
import hashlib, pathlib, shutil, sys, tempfile
import mlflow
name, version, promoted, into = sys.argv[1:]
client = mlflow.MlflowClient()
run = client.get_model_version(name, version).run_id
with tempfile.TemporaryDirectory() as scratch:
    found = pathlib.Path(client.download_artifacts(run, "release", scratch))
    models = [path for path in found.iterdir() if path.is_file() and path.name != "model.json"]
    if len(models) != 1:
        sys.exit(f"model {name} v{version}: one file was expected beside model.json, found {len(models)}")
    with models[0].open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 != promoted:
        sys.exit(f"model {name} v{version} is {sha256} in the registry, not {promoted} that was promoted: it was changed there")
    for path in found.iterdir():  # one by one: the mode of the mounted folder is not ours to set
        shutil.copyfile(path, pathlib.Path(into, path.name))
print(f"model {name} v{version} is {promoted}")
{{- end }}
