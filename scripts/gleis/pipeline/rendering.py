"""The files that CI systems run the graph by: written, or held against what is committed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gleis.contract import platform
from gleis.contract.platform import Platform
from gleis.errors import GleisError
from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import differences, systems, views
from gleis.pipeline.graph import Graph
from gleis.tools.files import write_atomic

GRAPH = "ci/pipeline.yaml"
_SHOWN_LINES = 20  # of a textual difference: enough to find the place


class NoPlatform(GleisError):
    """The folder is not a checkout of the platform."""


@dataclass(frozen=True)
class Difference:
    """A committed file that is not what the graph renders to, and in which words."""

    system: str
    file: str
    message: str


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
    changed = []
    for module in systems().values():
        for name, text in module.render(graph, organisation).items():
            path = root / name
            if not path.is_file() or path.read_bytes() != text.encode():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text)
                changed.append(name)
    return changed


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
    found: dict[str, str] = {}
    for name in wanted:
        try:
            found[name] = (root / name).read_bytes().decode()
        except FileNotFoundError:
            yield Difference(system, name, "missing")
        except (OSError, UnicodeDecodeError) as error:
            yield Difference(system, name, f"cannot be read: {error}")
    if len(found) < len(wanted) or found == wanted:
        return
    changed = [name for name in wanted if found[name] != wanted[name]]
    try:
        said = differences(views(graph), module.read_back(found))  # type: ignore[attr-defined]
    except GleisError as error:
        said = [str(error)]
    for sentence in said:
        yield Difference(system, ", ".join(changed), sentence)
    for name in changed:
        yield Difference(system, name, _text(found[name], wanted[name]))


def _text(found: str, wanted: str) -> str:
    lines = list(
        difflib.unified_diff(
            found.splitlines(), wanted.splitlines(), "committed", "rendered", n=1, lineterm=""
        )
    )
    more = len(lines) - _SHOWN_LINES
    rest = [f"… and {more} more lines"] if more > 0 else []
    return "\n".join(["differs in its text:", *lines[:_SHOWN_LINES], *rest])
