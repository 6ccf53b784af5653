"""What must hold between objects: projects, destinations, queues, flavours, names taken once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gleis.contract.problem import shown
from gleis.gitops.preview import sources
from gleis.gitops.preview.applicationsets import Application
from gleis.gitops.preview.rules.owner import HUB, Owner

Broken = tuple[str, str, str]  # rule, message, file


@dataclass(frozen=True)
class Part:
    """What one source of an Application rendered: facts, identities, and the file behind it."""

    file: str
    facts: dict[str, list[Any]]
    identities: Sequence[str]


def duplicates(parts: Sequence[Part]) -> Iterator[Broken]:
    """Two Applications that bring the same object fight over it for ever."""
    first: dict[str, str] = {}
    for part in parts:
        for each in part.identities:
            if each in first:
                yield "duplicate", f"{each} is brought by {first[each]} too", part.file
            first.setdefault(each, part.file)


def queues(parts: Sequence[Part]) -> Iterator[Broken]:
    """job → LocalQueue → ClusterQueue → ResourceFlavor, in each cluster."""
    local = {tuple(each[:3]) for part in parts for each in part.facts.get("localQueues", [])}
    cluster = {tuple(each[:2]) for part in parts for each in part.facts.get("clusterQueues", [])}
    flavors = {tuple(each) for part in parts for each in part.facts.get("flavors", [])}
    with_queues = {each[0] for each in cluster}
    for part in parts:
        for where, namespace, queue, name in part.facts.get("jobs", []):
            if (where, namespace, queue) not in local:
                yield "queue", f"{name}: {namespace} has no LocalQueue {shown(queue)}", part.file
        for where, namespace, name, leads in part.facts.get("localQueues", []):
            # A cluster without a capacity in platform.yaml has no queues, and says so there.
            if where in with_queues and (where, leads) not in cluster:
                said = f"LocalQueue {namespace}/{name}: {where} has no ClusterQueue {shown(leads)}"
                yield "queue", said, part.file
        for where, name, wanted in part.facts.get("clusterQueues", []):
            for each in wanted:
                if (where, each) not in flavors:
                    said = f"ClusterQueue {name}: {where} has no ResourceFlavor {shown(each)}"
                    yield "flavor", said, part.file


def applications(
    found: Sequence[tuple[Application, Owner, str]], parts: Sequence[Part], clusters: set[str]
) -> Iterator[Broken]:
    """Each Application stands in a project that lets it come from there and go there."""
    projects = {each["name"]: each for part in parts for each in part.facts.get("projects", [])}
    names: dict[str, str] = {}
    for application, owner, file in found:
        spec, name = application.content["spec"], application.name
        if name in names:
            said = f"two Applications are called {shown(name)}, one of {names[name]}"
            yield "duplicate", said, file
        names[name] = file
        cluster, namespace = sources.destination(application)
        if clusters and cluster not in clusters:
            said = f"Application {name}: there is no cluster {shown(cluster)}"
            yield "application-destination", said, file
        if owner.is_tenant and namespace not in (owner.namespace, HUB):
            said = f"Application {name} goes to {shown(namespace)}, not to {owner.namespace}"
            yield "application-destination", said, file
        project = projects.get(str(spec.get("project")))
        if project is None:
            said = f"Application {name}: there is no AppProject {shown(spec.get('project'))}"
            yield "application-project", said, file
            continue
        if not any(_goes(each, spec.get("destination") or {}) for each in project["destinations"]):
            said = (
                f"Application {name}: the AppProject {project['name']} does not let it go to "
                f"{shown(namespace)} in {shown(cluster)}"
            )
            yield "application-destination", said, file
        for each in sources.repositories(application):
            if not any(fnmatchcase(each, str(one)) for one in project["sources"]):
                said = f"Application {name}: {project['name']} does not let it come from {each}"
                yield "application-source", said, file


def _goes(allowed: Any, there: Any) -> bool:
    """Whether a destination of an AppProject covers that of an Application."""
    for key in ("name", "server"):
        if there.get(key) and not fnmatchcase(str(there[key]), str(allowed.get(key) or "")):
            return False
    return fnmatchcase(str(there.get("namespace", "")), str(allowed.get("namespace", "")))
