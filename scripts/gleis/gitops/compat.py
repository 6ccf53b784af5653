"""What goes together (argocd/platform/compat.yaml): API versions, components, Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleis.contract import document, schema, typed
from gleis.contract.platform import Platform
from gleis.contract.problem import ContractError

FILE = "argocd/platform/compat.yaml"


@dataclass(frozen=True)
class Range:
    """Minor versions of Kubernetes, both ends included; an empty end is none."""

    oldest: str = ""
    newest: str = ""

    def has(self, version: str) -> bool:
        """Whether `version`, such as 1.34, is in it."""
        number = _number(version)
        return (not self.oldest or _number(self.oldest) <= number) and (
            not self.newest or number <= _number(self.newest)
        )

    def __str__(self) -> str:
        return f"{self.oldest or 'any'} to {self.newest or 'any'}"


@dataclass(frozen=True)
class Component:
    version: str
    kubernetes: Range
    api_versions: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Removed:
    """An API version that nobody may write: what to write instead, and since when."""

    api_version: str
    instead: str
    since: str
    source: str


@dataclass(frozen=True)
class Own:
    kubernetes: Range
    source: str


@dataclass(frozen=True)
class Compat:
    platform: Own
    components: dict[str, Component]
    removed: tuple[Removed, ...] = field(default_factory=tuple)


def load(root: Path) -> Compat:
    """compat.yaml of the checkout `root`. Raises ContractError."""
    loaded = document.load(root / FILE, root=root)
    problems = schema.check(loaded, "compat")
    if problems:
        raise ContractError(problems)
    return typed.build(Compat, loaded.data)


def removed(compat: Compat, objects: Iterable[dict[str, Any]]) -> list[str]:
    """Which `objects` have an API version that is gone, a sentence each."""
    gone = {each.api_version: each for each in compat.removed}
    return [
        f"{each.get('kind')} {each.get('metadata', {}).get('name', '')}: {found.api_version} is no "
        f"longer to be written ({found.since}); write {found.instead}"
        for each in objects
        if (found := gone.get(str(each.get("apiVersion"))))
    ]


def unknown(compat: Compat, objects: Iterable[dict[str, Any]]) -> list[str]:
    """Which `objects` have an API version that their component does not name, a sentence each.

    Only groups that some component of compat.yaml names are looked at.
    """
    known = {version for each in compat.components.values() for version in each.api_versions}
    groups = {version.rpartition("/")[0] for version in known}
    return [
        f"{each.get('kind')} {each.get('metadata', {}).get('name', '')}: {version} is none of the "
        f"versions that {FILE} names of this group: "
        + ", ".join(sorted(name for name in known if name.rpartition("/")[0] == group))
        for each in objects
        for version in [str(each.get("apiVersion"))]
        for group in [version.rpartition("/")[0]]
        if group in groups and version not in known
    ]


def out_of_range(
    compat: Compat, platform: Platform, versions: Iterable[tuple[str, str]]
) -> list[str]:
    """Which clusters do not go with the platform, or with the add-ons `versions` (name, version).

    A cluster whose version platform.yaml does not say is not looked at.
    """
    found = []
    charts = dict(versions)
    for name, version in sorted(charts.items()):
        component = compat.components.get(name)
        if component and component.version != version:
            found.append(
                f"the add-on {name} is at {version}, and {FILE} knows {component.version}: read "
                "what the new one needs, and write it there"
            )
    for cluster in platform.clusters:
        if cluster.kind != "kubernetes" or not cluster.version:
            continue
        asked = {"the platform": compat.platform.kubernetes} | {
            f"the add-on {name} {charts[name]}": compat.components[name].kubernetes
            for name in sorted(charts)
            if name in compat.components
        }
        found += [
            f"cluster {cluster.name} has Kubernetes {cluster.version}, and {what} goes with {each}"
            for what, each in asked.items()
            if not each.has(cluster.version)
        ]
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
