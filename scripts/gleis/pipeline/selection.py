"""Which stages a run is about, and what it would do to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gleis.contract.project import Project
from gleis.pipeline.graph import Graph, Occasion


@dataclass(frozen=True)
class Planned:
    """What would happen to a stage, and why."""

    stage: str
    job: str
    runs: bool
    why: str


@dataclass(frozen=True)
class Selection:
    """Which stages to run; `force` runs them although nothing changed."""

    stages: frozenset[str]
    force: bool = False
    keep_going: bool = False


def select(
    graph: Graph,
    project: Project,
    occasion: Occasion,
    *,
    only: Iterable[str] = (),
    first: str | None = None,
    until: str | None = None,
) -> frozenset[str]:
    """The stages that `--stage`, `--from` and `--until` ask for, less those that do not apply.

    `first` means it and all that needs it; `until` means it and all it needs.
    """
    chosen = frozenset(graph.stages)
    wanted = [graph.stage(name).id for name in only]
    if wanted:
        chosen = frozenset(wanted)
    if first:
        chosen &= graph.after([graph.stage(first).id])
    if until:
        chosen &= graph.before([graph.stage(until).id])
    return frozenset(name for name in chosen if graph.stages[name].applies_to(project, occasion))
