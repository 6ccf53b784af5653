"""platform.yaml: the organisation, as data."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gleis import resources
from gleis.contract import document, schema, typed
from gleis.contract.problem import ContractError, Problem, shown


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
class Cluster:
    name: str
    cloud: str
    environment: str
    kind: str = "kubernetes"
    region: str = ""
    gpu_types: tuple[str, ...] = ()


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
    problems = schema.check(loaded, "platform") or _unique_names(loaded)
    if problems:
        raise ContractError(problems)
    return typed.build(Platform, loaded.data)


def _unique_names(loaded: document.Document) -> list[Problem]:
    """Names of teams and clusters decide where things go: each stands once."""
    problems = []
    for what in ("teams", "clusters"):
        names = [entry["name"] for entry in loaded.data[what]]
        for index, name in enumerate(names):
            if Counter(names)[name] > 1 and names.index(name) != index:
                problems.append(
                    Problem(
                        "platform/unique-names",
                        f"{what} has {shown(name)} twice",
                        loaded.position(what, index, "name"),
                        name,
                    )
                )
    return problems
