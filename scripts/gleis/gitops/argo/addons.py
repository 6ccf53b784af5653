"""The add-ons of argocd/platform: charts, pinned, with our values and the facts they are told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleis.contract import document, schema, typed
from gleis.contract.platform import Platform
from gleis.contract.platform_rules import UNPINNED
from gleis.contract.problem import ContractError, Problem, shown
from gleis.gitops.argo.clusters import Registered
from gleis.gitops.argo.sources import enabled

FOLDER = "argocd/platform"
FILE = "addon.yaml"
_FACT = re.compile(r"<(gleis\.dev/[a-z0-9-]+)>")


@dataclass(frozen=True)
class Addon:
    """A chart that the clusters with the label `gleis.dev/<on>` get, in its wave of each ring."""

    name: str
    chart: str
    repository: str
    namespace: str
    on: str
    wave: str
    version: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def names(root: Path) -> list[str]:
    """The add-ons of the checkout `root`, on or not."""
    return sorted(file.parent.name for file in (root / FOLDER).glob(f"*/{FILE}"))


def load(root: Path, platform: Platform, registered: tuple[Registered, ...]) -> tuple[Addon, ...]:
    """The enabled add-ons, versions filled in. Raises ContractError with every problem."""
    found, problems = [], []
    for name in enabled(platform):
        file = root / FOLDER / name / FILE
        loaded = document.load(file, root=root)
        wrong = schema.check(loaded, "addon") or _problems(loaded, name, registered)
        problems += wrong
        if not wrong:
            found.append(_build(loaded.data["addon"], platform))
    if problems:
        raise ContractError(problems)
    return tuple(found)


def _build(said: dict[str, Any], platform: Platform) -> Addon:
    assert platform.kubernetes is not None
    version = platform.kubernetes.versions.get(said["name"], said.get("version", ""))
    return typed.build(Addon, {**said, "version": version})


def _problems(
    loaded: document.Document, name: str, registered: tuple[Registered, ...]
) -> list[Problem]:
    said = loaded.data["addon"]
    found = []

    def problem(rule: str, message: str, *pointer: str, value: Any = None) -> None:
        where = loaded.position("addon", *pointer)
        found.append(Problem(f"addon/{rule}", message, where, value))

    if said["name"] != name:
        problem("folder", f"{shown(said['name'])} is in the folder of {shown(name)}", "name")
    if (name in UNPINNED) == ("version" in said):
        what = (
            "the organisation says the version (platform.yaml: kubernetes.versions), not this file"
            if name in UNPINNED
            else "the chart has no version: pin an exact one"
        )
        problem("version", what, "version")
    wanted = set(_FACT.findall(str(said.get("facts", {}))))
    for cluster in registered:
        if cluster.labels.get(f"gleis.dev/{said['on']}") != "true":
            continue
        for fact in sorted(wanted - set(cluster.annotations)):
            problem(
                "fact",
                f"{name} is told {fact}, and the cluster {shown(cluster.name)} has no such "
                "annotation in argocd/clusters.yaml",
                "facts",
                value=fact,
            )
    return found
