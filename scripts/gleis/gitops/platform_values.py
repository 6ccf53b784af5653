"""What every chart is told of the organisation: the key `platform` of its values."""

from __future__ import annotations

from typing import Any

from gleis.contract.platform import Kubernetes, Platform
from gleis.gitops import records
from gleis.gitops.errors import GitopsError
from gleis.gitops.yaml_text import HEAD, text

FILE = "argocd/platform/values.yaml"
# Of every object that is the platform's and nobody's project's.
LABELS = {"app.kubernetes.io/part-of": "gleis", "app.kubernetes.io/managed-by": "argocd"}
# Where the platform's own parts run; charts open their network policies to these.
NAMESPACES = {
    "argocd": "argocd",
    "dns": "kube-system",
    "monitoring": "monitoring",
    "queues": "kueue-system",
    "tracking": "mlflow",
}


def render(platform: Platform) -> dict[str, str]:
    """File below the checkout => its text."""
    head = (
        "# What every chart is told of the organisation, beside the records of a tenant.\n" + HEAD
    )
    return {FILE: text([{"platform": values(platform)}], head)}


def needed(platform: Platform) -> Kubernetes:
    """`platform.kubernetes`. Raises GitopsError where platform.yaml does not say it."""
    if platform.kubernetes is None:
        raise GitopsError(
            "platform.yaml says nothing under kubernetes, which the charts and Argo CD are "
            "rendered from: add it as in the platform.yaml that came with Gleis"
        )
    return platform.kubernetes


def values(platform: Platform) -> dict[str, Any]:
    """The parts of platform.yaml that charts look at, in the same shape, defaults filled in."""
    said = needed(platform)
    teams = [{**records.plain(team), "group": team.oidc_group} for team in platform.teams]
    kubernetes = records.plain(said)
    for outside in (
        "tenants",
        "revisions",
        "versions",
        "registries",
    ):  # Argo CD's business and the policies', not a chart's
        kubernetes.pop(outside, None)
    return {
        "organisation": records.plain(platform.organisation),
        "git": records.plain(platform.git),
        "gitops": records.plain(platform.gitops),
        "registry": records.plain(platform.registry),
        "clouds": {
            name: records.plain(cloud) for name, cloud in platform.clouds.items() if cloud.enabled
        },
        "clusters": [
            records.plain(cluster) for cluster in platform.clusters if cluster.kind == "kubernetes"
        ],
        "teams": teams,
        "support": records.plain(platform.support),
        "namespaces": {**NAMESPACES, "ingress": said.ingress.namespace},
        "kubernetes": kubernetes,
    }
