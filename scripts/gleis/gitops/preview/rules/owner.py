"""Whose an object is, as far as rules have to know."""

from __future__ import annotations

from dataclasses import dataclass, field

# Where the platform's own parts run (argocd/platform); tenants' traffic with these is meant.
PLATFORM_NAMESPACES = (
    "argocd",
    "ingress",
    "kube-system",
    "kueue-system",
    "mlflow",
    "monitoring",
)
HUB = "argocd"  # the namespace that Argo CD reads Applications and AppProjects from


@dataclass(frozen=True)
class Owner:
    """A project in one environment; without a `team`, the platform itself.

    `group` is the team's OIDC group, `repositories` are the addresses that its Applications may
    come from, `namespace` is where it may write.
    """

    team: str = ""
    project: str = ""
    environment: str = ""
    namespace: str = ""
    group: str = ""
    cost_center: str = ""
    data_class: str = ""
    repositories: tuple[str, ...] = field(default=())
    platform_namespaces: tuple[str, ...] = PLATFORM_NAMESPACES

    @property
    def is_tenant(self) -> bool:
        return bool(self.team)
