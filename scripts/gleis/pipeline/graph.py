"""The stage graph of `ci/pipeline.yaml`: typed, every reference resolved, free of cycles."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gleis import resources
from gleis.contract import ContractError, Problem, document, schema
from gleis.contract.problem import did_you_mean, shown
from gleis.contract.project import Project
from gleis.errors import GleisError


class UnknownStage(GleisError):
    """Somebody named a stage that the graph does not have."""


@dataclass(frozen=True)
class Job:
    """Stages that share one worker. `artifacts` is what later jobs need of it."""

    id: str
    why: str
    artifacts: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One stage as the graph declares it; `timeout_minutes` is a number or `training.maxHours`."""

    id: str
    job: str
    title: str
    runs_in: str
    timeout_minutes: float | str
    needs: tuple[str, ...] = ()
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    inputs: tuple[str, ...] = ()
    contract: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    state: tuple[str, ...] = ()

    def applies_to(self, project: Project) -> bool:
        """Whether the contract asks for this stage at all."""
        return all(field_of(project, name) in allowed for name, allowed in self.when)

    def timeout_seconds(self, project: Project) -> float:
        """How long the stage may take; training gets a tenth of an hour to say goodbye."""
        if isinstance(self.timeout_minutes, str):
            return (project.training.max_hours + 0.1) * 3600
        return self.timeout_minutes * 60


@dataclass(frozen=True)
class Graph:
    """Jobs and stages by id, in the order in which the file has them."""

    jobs: dict[str, Job]
    stages: dict[str, Stage]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Stage ids so that each comes after what it needs, ties in the file's order."""
        position = {name: index for index, name in enumerate(self.stages)}
        sorter = graphlib.TopologicalSorter(
            {stage.id: set(stage.needs) for stage in self.stages.values()}
        )
        sorter.prepare()
        order: list[str] = []
        ready: list[str] = []
        while sorter.is_active():
            ready = sorted([*ready, *sorter.get_ready()], key=position.__getitem__)
            order.append(ready.pop(0))
            sorter.done(order[-1])
        return tuple(order)

    def stage(self, name: str) -> Stage:
        """The stage called `name`. Raises UnknownStage with a guess at what was meant."""
        if name not in self.stages:
            raise UnknownStage(
                f"no stage {shown(name)} in the pipeline. {did_you_mean(name, self.stages)}\n"
                f"Stages: {', '.join(self.order)}"
            )
        return self.stages[name]

    def before(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and everything that they need, directly or not."""
        return self._closure(names, lambda name: self.stages[name].needs)

    def after(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and everything that needs them, directly or not."""
        return self._closure(
            names, lambda name: [other for other, it in self.stages.items() if name in it.needs]
        )

    @staticmethod
    def _closure(names: Iterable[str], neighbours: Any) -> frozenset[str]:
        found: set[str] = set()
        open_names = list(names)
        while open_names:
            name = open_names.pop()
            if name not in found:
                found.add(name)
                open_names.extend(neighbours(name))
        return frozenset(found)


def field_of(project: Project, name: str) -> Any:
    """The value of the contract field `name` (`model.metric`), or None where it is not set."""
    found: Any = project.data
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def load(path: Path | None = None) -> Graph:
    """Read `ci/pipeline.yaml`. Raises ContractError: shape, unknown stage or job, cycle."""
    loaded = document.load(path or resources.path("ci/pipeline.yaml"))
    problems = schema.check(loaded, "pipeline") or _unresolved(loaded) or _cycles(loaded)
    if problems:
        raise ContractError(problems)
    data = loaded.data
    return Graph(
        {
            name: Job(name, job["why"], tuple(job.get("artifacts", ())))
            for name, job in data["jobs"].items()
        },
        {name: _stage(name, stage) for name, stage in data["stages"].items()},
    )


def _stage(name: str, data: dict[str, Any]) -> Stage:
    return Stage(
        id=name,
        job=data["job"],
        title=data["title"],
        runs_in=data["runsIn"],
        timeout_minutes=data["timeoutMinutes"],
        needs=tuple(data.get("needs", ())),
        when=tuple((key, tuple(values)) for key, values in data.get("when", {}).items()),
        inputs=tuple(data.get("inputs", ())),
        contract=tuple(data.get("contract", ())),
        outputs=tuple(data.get("outputs", ())),
        state=tuple(data.get("state", ())),
    )


def _unresolved(loaded: document.Document) -> list[Problem]:
    problems = []
    stages, jobs = loaded.data["stages"], loaded.data["jobs"]
    for name, stage in stages.items():
        if stage["job"] not in jobs:
            problems.append(
                Problem(
                    "pipeline/job-exists",
                    f"stage {name} is in job {shown(stage['job'])}, which is not declared",
                    loaded.position("stages", name, "job"),
                    stage["job"],
                    ", ".join(jobs),
                    did_you_mean(stage["job"], jobs),
                )
            )
        for index, needed in enumerate(stage.get("needs", ())):
            if needed not in stages:
                problems.append(
                    Problem(
                        "pipeline/need-exists",
                        f"stage {name} needs {shown(needed)}, which is not a stage",
                        loaded.position("stages", name, "needs", index),
                        needed,
                        ", ".join(stages),
                        did_you_mean(needed, stages),
                    )
                )
    return problems


def _cycles(loaded: document.Document) -> list[Problem]:
    """Stages must not wait for themselves, nor jobs for each other: a job is one runner."""
    stages = loaded.data["stages"]
    waits: dict[str, dict[str, set[str]]] = {
        "stage": {name: set(stage.get("needs", ())) for name, stage in stages.items()},
        "job": {name: set() for name in loaded.data["jobs"]},
    }
    for stage in stages.values():
        waits["job"][stage["job"]] |= {
            stages[needed]["job"] for needed in stage.get("needs", ())
        } - {stage["job"]}
    for what, graph in waits.items():
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            circle = list(reversed(error.args[1]))
            return [
                Problem(
                    f"pipeline/no-{what}-cycle",
                    f"{what}s wait for each other: {' → '.join(circle)}",
                    loaded.position(f"{what}s", circle[0], key=True),
                )
            ]
    return []
