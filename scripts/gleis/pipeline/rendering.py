"""The files that CI systems run the graph by: written, or held against what is committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gleis.contract import platform
from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import differences, systems, views
from gleis.pipeline.graph import Graph
from gleis.tools import derived
from gleis.tools.derived import Difference

GRAPH = "ci/pipeline.yaml"


class NoPlatform(GleisError):
    """The folder is not a checkout of the platform."""


def read(root: Path) -> tuple[Graph, Platform]:
    """The graph and the organisation of the checkout `root`. Raises NoPlatform, ContractError."""
    for name in (GRAPH, "platform.yaml"):
        if not (root / name).is_file():
            raise NoPlatform(
                f"{root} is no checkout of the platform ({name} is missing): "
                "name one, as in `gleis render path/to/platform`"
            )
    return graphs.load(root / GRAPH), platform.load(root / "platform.yaml")


def write(root: Path) -> list[str]:
    """Write every system's files below `root`; returns the names of those that changed."""
    graph, organisation = read(root)
    return [
        name
        for module in systems().values()
        for name in derived.write(root, module.render(graph, organisation))
    ]


def check(root: Path) -> list[Difference]:
    """How the committed files differ from the graph: first what it means, then the text."""
    graph, organisation = read(root)
    return [
        difference
        for system, module in systems().items()
        for difference in _check(system, module, graph, module.render(graph, organisation), root)
    ]


def _check(
    system: str, module: object, graph: Graph, wanted: Mapping[str, str], root: Path
) -> Iterator[Difference]:
    found, lost = derived.read(root, wanted, system)
    yield from lost
    changed = derived.changed(found, wanted, system)
    if lost or not changed:
        return
    try:
        said = differences(views(graph), module.read_back(found))  # type: ignore[attr-defined]
    except GleisError as error:
        said = [str(error)]
    for sentence in said:
        yield Difference(system, ", ".join(each.file for each in changed), sentence)
    yield from changed
