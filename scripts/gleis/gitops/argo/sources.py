"""Where Argo CD finds things: repositories, revisions, clusters and names, as its templates say it.

Expressions in double braces are Go templates that Argo CD evaluates (goTemplate, with sprig).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gleis.contract.platform import Platform
from gleis.gitops.errors import GitopsError
from gleis.gitops.git import looks_like_url
from gleis.gitops.platform_values import LABELS, needed

NAMESPACE = "argocd"
HUB = "in-cluster"  # what Argo CD calls the cluster that it runs in
ENVIRONMENTS = ("dev", "staging", "prod")
VALUES = "argocd/platform/values.yaml"
API = "argoproj.io/v1alpha1"
DNS_LABEL = 63


@dataclass(frozen=True)
class Repositories:
    """The platform's own repository, and the one of the state; they may be one."""

    platform: str
    platform_revision: str
    state: str
    state_revision: str
    path: str

    def charts(self, revisions: dict[str, str], environment: str) -> str:
        """The revision whose charts `environment` runs."""
        return revisions.get(environment, self.platform_revision)


def repositories(platform: Platform) -> Repositories:
    """What `platform.yaml: git, gitops` lead to. Raises GitopsError for a state without address."""
    git, said = platform.git, platform.gitops
    own = f"https://{git.host}/{git.owner}/{git.repository}.git"
    if said.repo == ".":
        revision = said.branch or "HEAD"
        return Repositories(own, revision, own, revision, said.path)
    if not looks_like_url(said.repo):
        raise GitopsError(
            f"platform.yaml: gitops.repo is the path {said.repo}, which no cluster can reach. Name "
            "the address that Argo CD fetches it from (https, ssh, file), or `.` for this one"
        )
    return Repositories(own, "HEAD", said.repo, said.branch or "HEAD", said.path)


def cluster_of(platform: Platform, environment: str) -> str:
    """The expression for the cluster of a record, by its cloud.

    A cloud without a cluster leads to a name that says so: that Application alone is in error, and
    not the generation of everybody else's.
    """
    known = " ".join(
        f'"{each.cloud}" "{each.name}"'
        for each in platform.clusters
        if each.environment == environment and each.kind == "kubernetes"
    )
    missing = f'printf "no-cluster-of-%s-in-{environment}" .tenant.serving.cloud'
    return f"{{{{ get (dict {known}) .tenant.serving.cloud | default ({missing}) }}}}"


def namespace_of(environment: str) -> str:
    """The expression for the namespace of a record; it is the Application's name, too."""
    return f"{{{{ .tenant.namespaces.{environment} }}}}"


def name_with(environment: str, suffix: str) -> str:
    """The expression for `<namespace>-<suffix>`, cut and hashed where it would be too long."""
    whole = DNS_LABEL - len(suffix) - 1
    cut = whole - 9  # a hyphen and eight digits
    name = f".tenant.namespaces.{environment}"
    return (
        f"{{{{ if le (len {name}) {whole} }}}}{{{{ {name} }}}}{{{{ else }}}}"
        f'{{{{ trunc {cut} {name} | trimSuffix "-" }}}}-{{{{ sha256sum {name} | trunc 8 }}}}'
        f"{{{{ end }}}}-{suffix}"
    )


def named(kind: str, name: str, **metadata: Any) -> dict[str, Any]:
    """Head of an object of Argo CD's in its namespace."""
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": dict(LABELS), **metadata},
    }


def enabled(platform: Platform) -> tuple[str, ...]:
    """The add-ons that are on, in the order of their names."""
    return tuple(sorted(needed(platform).addons))
