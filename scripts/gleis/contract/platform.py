"""platform.yaml: the organisation, as data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from gleis import resources
from gleis.contract import document, platform_rules, schema, typed
from gleis.contract.problem import ContractError


@dataclass(frozen=True)
class Organisation:
    name: str
    domain: str


@dataclass(frozen=True)
class Git:
    host: str
    owner: str
    repository: str


@dataclass(frozen=True)
class Registry:
    host: str
    namespace: str
    mirror: str = ""


@dataclass(frozen=True)
class BaseImage:
    image: str
    digest: str


@dataclass(frozen=True)
class Wheels:
    """Where wheels lie that are not taken from a package index."""

    torch: str


@dataclass(frozen=True)
class Cloud:
    enabled: bool
    region: str = ""
    accounts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Capacity:
    """What a cluster holds at its most: CPU cores, and GPUs by type."""

    cpu: int
    gpu: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    name: str
    cloud: str
    environment: str
    kind: str = "kubernetes"
    region: str = ""
    version: str = ""
    gpu_types: tuple[str, ...] = ()
    capacity: Capacity | None = None


@dataclass(frozen=True)
class Quota:
    """What a team may use at one time: CPU cores and GPUs."""

    cpu: int
    gpu: int


@dataclass(frozen=True)
class Team:
    name: str
    owner: str
    cost_center: str
    quota: Quota
    contact: str = ""
    github_team: str = ""
    group: str = ""

    @property
    def oidc_group(self) -> str:
        """The group of its members at the identity provider."""
        return self.group or self.name


@dataclass(frozen=True)
class Support:
    channel: str
    email: str


@dataclass(frozen=True)
class Gitops:
    """Where the state of deployments lives; an empty `branch` or `mode` is chosen by the repo."""

    repo: str
    path: str
    branch: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Ingress:
    """How requests from outside reach a service: an Ingress, or a route of the named gateway."""

    class_name: str
    gateway: str = ""
    namespace: str = "ingress"


@dataclass(frozen=True)
class Identity:
    """Who says who somebody is; `admins` is the group that administers Argo CD."""

    issuer: str
    client_id: str = "argocd"
    admins: str = ""


@dataclass(frozen=True)
class Freeze:
    """When nothing of prod is synchronised by itself: from `schedule` (cron) on, for `duration`."""

    schedule: str
    duration: str
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Kubernetes:
    """What the charts have to know of the clusters."""

    domain: str
    ingress: Ingress
    storage_classes: dict[str, str]
    addons: tuple[str, ...]
    versions: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    tenants: int = 100
    identity: Identity | None = None
    freeze: Freeze | None = None


@dataclass(frozen=True)
class Distribution:
    source: str
    location: str = ""


@dataclass(frozen=True)
class Gate:
    floors: dict[str, float]
    max_tolerance: float | None = None


@dataclass(frozen=True)
class Scan:
    """Which known vulnerabilities stop an image, and who knows them."""

    fail_on: str = "high"
    advisories: str = "https://api.osv.dev/v1/query"
    image_scanner: str = "whenPresent"


@dataclass(frozen=True)
class Infra:
    """Where the states of the platform's Terraform lie: settings of the backend, by cloud and
    environment, in the backend's own words."""

    organisation: str
    states: dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Platform:
    """The organisation's one file, validated."""

    organisation: Organisation
    git: Git
    registry: Registry
    base_images: dict[str, BaseImage]
    wheels: Wheels
    clouds: dict[str, Cloud]
    clusters: tuple[Cluster, ...]
    teams: tuple[Team, ...]
    support: Support
    gitops: Gitops
    distribution: Distribution
    gate: Gate
    scan: Scan = Scan()
    kubernetes: Kubernetes | None = None
    infra: Infra | None = None

    def team(self, name: str) -> Team | None:
        """The team called `name`, or None."""
        return next((team for team in self.teams if team.name == name), None)


def find() -> Path:
    """The platform.yaml in force: `$GLEIS_PLATFORM`, else the one that came with `gleis`."""
    named = os.environ.get("GLEIS_PLATFORM")
    return Path(named) if named else resources.path("platform.yaml")


def load(path: Path | None = None) -> Platform:
    """Read and validate platform.yaml. Raises ContractError with every problem in it."""
    loaded = document.load(path or find())
    problems = schema.check(loaded, "platform") or platform_rules.check(loaded)
    if problems:
        raise ContractError(problems)
    return typed.build(Platform, loaded.data)
