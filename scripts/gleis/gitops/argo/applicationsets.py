"""The ApplicationSets: three per environment from the records, two for the platform's own parts."""

from __future__ import annotations

from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.argo.sources import (
    ENVIRONMENTS,
    HUB,
    NAMESPACE,
    VALUES,
    Repositories,
    cluster_of,
    enabled,
    name_with,
    named,
    namespace_of,
    repositories,
)
from gleis.gitops.platform_values import needed
from gleis.gitops.yaml_text import text

FOLDER = "argocd/applicationsets"
# Of the platform's own parts: the hub first, then as far from customers as can be.
RINGS = ("hub", *ENVIRONMENTS)
WAVES = ("0", "1", "2", "3")
_SYNC = [
    "ServerSideApply=true",
    "ApplyOutOfSyncOnly=true",
    "FailOnSharedResource=true",
    "PruneLast=true",
    "RespectIgnoreDifferences=true",
]
_RETRY = {"limit": 5, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"}}
# The facts of a cluster are annotations of its secret; `<gleis.dev/region>` in an add-on's `facts`
# stands for one. Whatever stays in brackets is a fact that the cluster does not have.
_FACTS = """\
{{- $values := toYaml (dig "facts" (dict) .addon) }}
{{- range $key, $value := .metadata.annotations }}
{{- $values = replace (printf "<%s>" $key) $value $values }}
{{- end }}
{{- if contains "<gleis.dev/" $values }}
{{- fail (printf "cluster %s lacks an annotation that %s needs: %s" .name .addon.name $values) }}
{{- end }}
{{ $values }}"""


def render(platform: Platform) -> dict[str, str]:
    """File below the checkout => its text. Raises GitopsError."""
    found = {}
    for environment in ENVIRONMENTS:
        sets = [make(platform, environment) for make in (projects, tenants, services)]
        found[f"{FOLDER}/{environment}.yaml"] = text(sets)
    found[f"{FOLDER}/platform.yaml"] = text([addons(platform), objects(platform)])
    return found


def projects(platform: Platform, environment: str) -> dict[str, Any]:
    """Onboarding, first half: the AppProject of each tenant, on the hub."""
    where = repositories(platform)
    return _set(
        f"projects-{environment}",
        [_records(where, environment)],
        {
            "metadata": _labelled(name_with(environment, "project"), environment),
            "spec": {
                "project": "projects",
                "destination": {"name": HUB, "namespace": NAMESPACE},
                "sources": _sources(platform, environment, "tenant", {"scope": "hub"}),
                "syncPolicy": _automated(),
            },
        },
    )


def tenants(platform: Platform, environment: str) -> dict[str, Any]:
    """Onboarding, second half: namespace, rights, quota and queue, on the tenant's cluster."""
    where = repositories(platform)
    return _set(
        f"tenants-{environment}",
        [_records(where, environment)],
        {
            "metadata": _labelled(name_with(environment, "tenant"), environment),
            "spec": {
                "project": "onboarding",
                "destination": {
                    "name": cluster_of(platform, environment),
                    "namespace": namespace_of(environment),
                },
                "sources": _sources(platform, environment, "tenant", {"scope": "cluster"}),
                "syncPolicy": _automated(),
            },
        },
    )


def services(platform: Platform, environment: str) -> dict[str, Any]:
    """What a tenant runs, in the tenant's own AppProject.

    Each Application syncs by itself and not in rings: a promotion or a rollback of one project must
    not wait until other people's are healthy.
    """
    where = repositories(platform)
    return _set(
        f"services-{environment}",
        [_records(where, environment)],
        {
            "metadata": _labelled(namespace_of(environment), environment),
            "spec": {
                "project": namespace_of(environment),
                "destination": {
                    "name": cluster_of(platform, environment),
                    "namespace": namespace_of(environment),
                },
                "sources": _sources(platform, environment, "model-service", {}),
                # Empty is a state, too: the rollback of the first promotion.
                "syncPolicy": _automated(allow_empty=True),
            },
        },
    )


def addons(platform: Platform) -> dict[str, Any]:
    """Every enabled add-on's chart, on every cluster whose labels ask for it."""
    where = repositories(platform)
    said = needed(platform)
    versions = " ".join(f'"{name}" "{version}"' for name, version in sorted(said.versions.items()))
    files = [{"path": f"argocd/platform/{name}/addon.yaml"} for name in enabled(platform)]
    reading = {"repoURL": where.platform, "revision": where.platform_revision, "files": files}
    label = "gleis.dev/{{ .addon.on }}"
    template = {
        "metadata": {
            "name": "{{ .addon.name }}-{{ .name }}",
            "labels": {**_ring(), "gleis.dev/wave": "{{ .addon.wave }}"},
        },
        "spec": {
            "project": "platform",
            "destination": {"name": "{{ .name }}", "namespace": "{{ .addon.namespace }}"},
            "sources": [
                {
                    "repoURL": "{{ .addon.repository }}",
                    "chart": "{{ .addon.chart }}",
                    "targetRevision": (
                        f"{{{{ get (dict {versions}) .addon.name"
                        ' | default (dig "version" "" .addon) }}'
                    ),
                    "helm": {
                        "releaseName": "{{ .addon.name }}",
                        "valueFiles": [
                            "$platform/argocd/platform/{{ .addon.name }}/rendered.yaml",
                            "$platform/argocd/platform/{{ .addon.name }}/values.yaml",
                        ],
                        "ignoreMissingValueFiles": True,
                        "values": _FACTS,
                    },
                },
                _ref(where.platform, where.platform_revision, "platform"),
            ],
            "syncPolicy": _rolled("CreateNamespace=true", "SkipDryRunOnMissingResource=true"),
        },
    }
    made = _set("platform", [_matrix({"git": reading}, _clusters(label))], template)
    made["spec"]["strategy"] = _rolling(
        [[("gleis.dev/ring", ring), ("gleis.dev/wave", wave)] for ring in RINGS for wave in WAVES]
    )
    return made


def objects(platform: Platform) -> dict[str, Any]:
    """What is no chart: queues, node pools, admission policies; ring after ring."""
    where = repositories(platform)
    parts = [
        _part("policies", "argocd/platform/policies", on="platform", per_cluster=False),
        _part("queues", "argocd/platform/kueue/clusters", on="platform", per_cluster=True),
    ]
    if "karpenter" in enabled(platform):
        folder = "argocd/platform/karpenter/pools"
        parts.append(_part("node-pools", folder, on="karpenter", per_cluster=True))
    if "mlflow" in enabled(platform):
        folder = "argocd/platform/mlflow/objects"
        parts.append(_part("workspaces", folder, on="hub", per_cluster=False))
    template = {
        "metadata": {"name": "{{ .part.name }}-{{ .name }}", "labels": _ring()},
        "spec": {
            "project": "platform",
            "destination": {"name": "{{ .name }}", "namespace": "default"},
            "source": {
                "repoURL": where.platform,
                "targetRevision": where.platform_revision,
                "path": "{{ .part.path }}",
                "directory": {
                    "include": "{{ if .part.perCluster }}{{ .name }}{{ else }}*{{ end }}.yaml"
                },
            },
            "syncPolicy": _rolled("SkipDryRunOnMissingResource=true"),
        },
    }
    generator = _matrix(
        {"list": {"elements": parts}},
        _clusters("gleis.dev/{{ .part.on }}"),
    )
    made = _set("platform-objects", [generator], template)
    made["spec"]["strategy"] = _rolling([[("gleis.dev/ring", ring)] for ring in RINGS])
    return made


def _part(name: str, path: str, *, on: str, per_cluster: bool) -> dict[str, Any]:
    return {"part": {"name": name, "path": path, "on": on, "perCluster": per_cluster}}


def _set(name: str, generators: list[Any], template: dict[str, Any]) -> dict[str, Any]:
    made = named(
        "ApplicationSet",
        name,
        # Removing the file must not remove what everybody runs.
        annotations={"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"},
    )
    made["spec"] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": generators,
        "syncPolicy": {"applicationsSync": "create-update", "preserveResourcesOnDeletion": True},
        "template": template,
    }
    return made


def _records(where: Repositories, environment: str) -> dict[str, Any]:
    """Every environment file with the project.yaml beside it; a swarm is deployed by others."""
    reading = {"repoURL": where.state, "revision": where.state_revision}
    release = {**reading, "files": [{"path": f"{where.path}/*/*/{environment}.yaml"}]}
    tenant = {
        **reading,
        "files": [{"path": "{{ .path.path }}/project.yaml"}],
        "pathParamPrefix": "record",
    }
    made = _matrix({"git": release}, {"git": tenant})
    made["selector"] = {"matchLabels": {"tenant.serving.target": "kubernetes"}}
    return made


def _matrix(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"matrix": {"generators": [first, second]}}


def _clusters(label: str) -> dict[str, Any]:
    expression = {"key": label, "operator": "In", "values": ["true"]}
    return {"clusters": {"selector": {"matchExpressions": [expression]}}}


def _sources(
    platform: Platform, environment: str, chart: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    where = repositories(platform)
    revision = where.charts(needed(platform).revisions, environment)
    helm: dict[str, Any] = {
        "releaseName": "{{ .tenant.project }}",
        "valueFiles": [
            f"$platform/{VALUES}",
            "$state/{{ .path.path }}/project.yaml",
            f"$state/{{{{ .path.path }}}}/{environment}.yaml",
        ],
    }
    if values:
        helm["valuesObject"] = values
    return [
        {
            "repoURL": where.platform,
            "targetRevision": revision,
            "path": f"argocd/charts/{chart}",
            "helm": helm,
        },
        _ref(where.platform, revision, "platform"),
        _ref(where.state, where.state_revision, "state"),
    ]


def _ref(url: str, revision: str, name: str) -> dict[str, Any]:
    return {"repoURL": url, "targetRevision": revision, "ref": name}


def _labelled(name: str, environment: str) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {
            "gleis.dev/team": "{{ .tenant.team }}",
            "gleis.dev/project": "{{ .tenant.project }}",
            "gleis.dev/environment": environment,
        },
    }


def _ring() -> dict[str, str]:
    return {"gleis.dev/ring": '{{ index .metadata.labels "gleis.dev/ring" }}'}


def _automated(*, allow_empty: bool = False) -> dict[str, Any]:
    automated: dict[str, Any] = {"prune": True, "selfHeal": True}
    if allow_empty:
        automated["allowEmpty"] = True
    return {"automated": automated, "syncOptions": _SYNC, "retry": _RETRY}


def _rolled(*options: str) -> dict[str, Any]:
    """Of an Application that a step of RollingSync syncs: by itself it must not."""
    return {"syncOptions": [*_SYNC, *options], "retry": _RETRY}


def _rolling(steps: list[list[tuple[str, str]]]) -> dict[str, Any]:
    return {
        "type": "RollingSync",
        "rollingSync": {
            "steps": [
                {
                    "matchExpressions": [
                        {"key": key, "operator": "In", "values": [value]} for key, value in step
                    ]
                }
                for step in steps
            ]
        },
    }
