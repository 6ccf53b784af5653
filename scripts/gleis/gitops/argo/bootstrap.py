"""The one thing that is applied by hand: Argo CD's own projects, and the root that brings the rest.

Which kinds an AppProject of the platform may make stands here; those of a tenant's are the chart
tenant's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.argo import applicationsets
from gleis.gitops.argo.sources import HUB, NAMESPACE, named, repositories
from gleis.gitops.yaml_text import text

FOLDER = "argocd/bootstrap"

# What lies in this folder and in that of the ApplicationSets; the Secret is the hub's own.
ROOT_KINDS = (
    ("", "Secret"),
    ("argoproj.io", "AppProject"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
)

# What the chart tenant makes in a tenant's namespace, by group and kind.
TENANT_KINDS = (
    ("", "LimitRange"),
    ("", "ResourceQuota"),
    ("", "ServiceAccount"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "SecretStore"),
    ("kueue.x-k8s.io", "LocalQueue"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)


def render(platform: Platform, charts: Iterable[str] = ()) -> dict[str, str]:
    """File below the checkout => its text; `charts` are the repositories of the add-ons.

    Raises GitopsError.
    """
    documents = [*projects(platform, charts), root(platform)]
    return {f"{FOLDER}/root.yaml": text(documents)}


def projects(platform: Platform, charts: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The AppProjects of the platform itself; each may do its part and no more."""
    where = repositories(platform)
    own, state = where.platform, where.state
    both = list(dict.fromkeys([own, state]))
    clusters = [each.name for each in platform.clusters if each.kind == "kubernetes"]
    everywhere = [{"name": name, "namespace": "*"} for name in clusters]
    hub = [{"name": HUB, "namespace": NAMESPACE}]
    return [
        _project(
            "root",
            "What lies in argocd/bootstrap and argocd/applicationsets",
            [own],
            hub,
            list(ROOT_KINDS),
        ),
        _project(
            "projects", "The AppProject of each tenant", both, hub, [("argoproj.io", "AppProject")]
        ),
        _project(
            "onboarding",
            "Namespace, rights, quota and queue of each tenant",
            both,
            everywhere,
            list(TENANT_KINDS),
            cluster_kinds=[("", "Namespace")],
        ),
        _project(
            "platform",
            "Add-ons, queues and admission policies of the clusters",
            [own, *sorted(set(charts))],
            [{"name": HUB, "namespace": "*"}, *everywhere],
            [("*", "*")],
            cluster_kinds=[("*", "*")],
        ),
    ]


def root(platform: Platform) -> dict[str, Any]:
    """The Application that follows this folder and the ApplicationSets."""
    where = repositories(platform)
    made = named(
        "Application",
        "root",
        annotations={"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"},
    )
    made["spec"] = {
        "project": "root",
        "destination": {"name": HUB, "namespace": NAMESPACE},
        "sources": [
            {
                "repoURL": where.platform,
                "targetRevision": where.platform_revision,
                "path": folder,
                "directory": {"include": "*.yaml"},
            }
            for folder in (FOLDER, applicationsets.FOLDER)
        ],
        "syncPolicy": {
            "automated": {"prune": False, "selfHeal": True},
            "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
        },
    }
    return made


def _project(
    name: str,
    description: str,
    repositories: list[str],
    destinations: list[dict[str, str]],
    kinds: list[tuple[str, str]],
    cluster_kinds: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    made = named(
        "AppProject",
        name,
        annotations={"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"},
    )
    made["spec"] = {
        "description": description,
        "sourceRepos": repositories,
        "destinations": destinations,
        "clusterResourceWhitelist": _kinds(cluster_kinds or []),
        "namespaceResourceWhitelist": _kinds(kinds),
        "orphanedResources": {"warn": False},
    }
    return made


def _kinds(kinds: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind} for group, kind in kinds]
