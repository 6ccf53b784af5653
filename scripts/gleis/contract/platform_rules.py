"""What a platform.yaml of the right shape may still not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from gleis.contract.document import Document
from gleis.contract.problem import Problem, shown

# Add-ons whose chart has no version that Gleis was read or tested with: the organisation says it.
UNPINNED = ("cert-manager", "keda", "kserve", "policy-controller")
# What an add-on cannot do without.
NEEDS = {"opensearch-dashboards": "opensearch", "kserve": "cert-manager"}


def check(loaded: Document) -> list[Problem]:
    """Every problem, in no order. `loaded` is valid by schemas/platform.schema.json."""
    return [problem for rule in _RULES for problem in rule(loaded)]


def _unique_names(loaded: Document) -> Iterator[Problem]:
    """Names of teams and clusters decide where things go: each stands once."""
    for what in ("teams", "clusters"):
        names = [entry["name"] for entry in loaded.data[what]]
        for index, name in enumerate(names):
            if Counter(names)[name] > 1 and names.index(name) != index:
                yield Problem(
                    "platform/unique-names",
                    f"{what} has {shown(name)} twice",
                    loaded.position(what, index, "name"),
                    name,
                )


def _one_group_one_team(loaded: Document) -> Iterator[Problem]:
    """A group that two teams share would see and sync what runs for both."""
    owner: dict[str, str] = {}
    for index, team in enumerate(loaded.data["teams"]):
        group = team.get("group", team["name"])
        if group in owner:
            key = "group" if "group" in team else "name"
            yield Problem(
                "platform/unique-groups",
                f"team {shown(team['name'])} has the OIDC group of team {shown(owner[group])}",
                loaded.position("teams", index, key),
                group,
            )
        owner.setdefault(group, team["name"])


def _one_cluster_per_place(loaded: Document) -> Iterator[Problem]:
    """A record names cloud and environment only, so they have to name one cluster."""
    seen: dict[tuple[str, str, str], str] = {}
    for index, cluster in enumerate(loaded.data["clusters"]):
        kind = cluster.get("kind", "kubernetes")
        place = (cluster["cloud"], cluster["environment"], kind)
        if place in seen:
            yield Problem(
                "platform/one-cluster",
                f"{shown(cluster['name'])} and {shown(seen[place])} are both the {kind} cluster of "
                f"{place[0]} in {place[1]}",
                loaded.position("clusters", index, "name"),
                cluster["name"],
                "one of each kind per cloud and environment",
            )
        seen.setdefault(place, cluster["name"])


def _capacity(loaded: Document) -> Iterator[Problem]:
    for index, cluster in enumerate(loaded.data["clusters"]):
        capacity = cluster.get("capacity")
        if capacity is None:
            continue
        where = loaded.position("clusters", index, "capacity")
        name = shown(cluster["name"])
        if cluster.get("kind") == "swarm":
            yield Problem(
                "platform/capacity-of-swarm",
                f"{name} is a swarm: capacity is for queues, and a swarm has none",
                where,
            )
        listed = cluster.get("gpuTypes", [])
        counted = list(capacity.get("gpu", {}))
        if set(listed) != set(counted):
            yield Problem(
                "platform/capacity-gpu-types",
                f"capacity.gpu of {name} counts {_names(counted)}, but its gpuTypes are "
                f"{_names(listed)}",
                where,
                counted,
                "the same types in both",
            )


def _addons(loaded: Document) -> Iterator[Problem]:
    said = loaded.data.get("kubernetes", {})
    enabled, versions = said.get("addons", []), said.get("versions", {})
    for index, name in enumerate(enabled):
        where = loaded.position("kubernetes", "addons", index)
        if name in UNPINNED and name not in versions:
            yield Problem(
                "platform/addon-version",
                f"the add-on {name} is on, and no version of its chart is known",
                where,
                name,
                hint=f"Say the one that you tested: kubernetes.versions: {{{name}: 1.2.3}}.",
            )
        if NEEDS.get(name, name) not in enabled:
            yield Problem(
                "platform/addon-needs",
                f"the add-on {name} is on, and {NEEDS[name]}, which it needs, is not",
                where,
                name,
            )


def _facts(loaded: Document) -> Iterator[Problem]:
    """What charts cannot be rendered without, once something asks for it."""
    said = loaded.data.get("kubernetes")
    if said is None:
        return
    clouds = {
        cluster["cloud"]
        for cluster in loaded.data["clusters"]
        if cluster.get("kind", "kubernetes") == "kubernetes"
    }
    for cloud in sorted(clouds - set(said["storageClasses"])):
        yield Problem(
            "platform/storage-class",
            f"storageClasses says none for {cloud}, and there is a cluster there",
            loaded.position("kubernetes", "storageClasses"),
        )
    for name in ("argo-cd", "mlflow"):
        if name in said["addons"] and "identity" not in said:
            yield Problem(
                "platform/identity",
                f"the add-on {name} lets people in by OIDC, and kubernetes.identity is not said",
                loaded.position("kubernetes", "addons", said["addons"].index(name)),
                name,
                hint="Name the issuer: identity: {issuer: https://login.example.com}.",
            )


def _revisions(loaded: Document) -> Iterator[Problem]:
    """Argo CD refuses an Application with two revisions of one repository."""
    if loaded.data["gitops"]["repo"] != ".":
        return
    for environment in loaded.data.get("kubernetes", {}).get("revisions", {}):
        yield Problem(
            "platform/revision-of-state",
            f"{environment} cannot run charts of another revision while the state lies in this "
            "repository: Argo CD takes one revision of a repository per Application",
            loaded.position("kubernetes", "revisions", environment),
            hint="Give the state a repository of its own (gitops.repo), or leave revisions out.",
        )


def _names(names: list[str]) -> str:
    return ", ".join(sorted(names)) or "none"


_RULES: tuple[Callable[[Document], Iterator[Problem]], ...] = (
    _unique_names,
    _one_group_one_team,
    _one_cluster_per_place,
    _capacity,
    _addons,
    _facts,
    _revisions,
)
