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
class Permission:
    """One thing that a job's CI token may do, and what for."""

    scope: str
    access: str
    why: str


@dataclass(frozen=True)
class Secret:
    """A secret of the CI system that a stage needs as a variable of its environment."""

    name: str
    why: str


@dataclass(frozen=True)
class Tool:
    """A program from outside that a stage starts."""

    name: str
    why: str


@dataclass(frozen=True)
class Job:
    """Stages that share one worker. `artifacts` is what later jobs need of it."""

    id: str
    why: str
    runner: str
    permissions: tuple[Permission, ...]
    artifacts: tuple[str, ...] = ()
    per_environment: bool = False
    approval: tuple[str, ...] = ()
    concurrency: str = ""


@dataclass(frozen=True)
class Occasion:
    """What a run is about: the event that started it and the environment that it is for."""

    event: str = "manual"
    environment: str = "local"


@dataclass(frozen=True)
class Stage:
    """One stage as the graph declares it; `timeout_minutes` is a number or `training.maxHours`.

    `always`: it asks the world outside of the repo, so unchanged files say nothing.
    """

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
    secrets: tuple[Secret, ...] = ()
    tools: tuple[Tool, ...] = ()
    retries: int = 0
    always: bool = False

    def applies_to(self, project: Project, occasion: Occasion) -> bool:
        """Whether contract and occasion ask for this stage at all."""
        said = {"event": occasion.event, "environment": occasion.environment}
        return all(
            (said[name] if name in said else field_of(project, name)) in allowed
            for name, allowed in self.when
        )

    def allowed(self, name: str) -> tuple[Any, ...] | None:
        """The values of `event`, `environment` or a contract field it applies to; None for all."""
        return dict(self.when).get(name)

    def timeout_seconds(self, project: Project) -> float:
        """How long the stage may take; training gets a tenth of an hour to say goodbye."""
        if isinstance(self.timeout_minutes, str):
            return (project.training.max_hours + 0.1) * 3600
        return self.timeout_minutes * 60


@dataclass(frozen=True)
class Graph:
    """Events (with why), jobs and stages by id, in the order in which the file has them."""

    events: dict[str, str]
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

    def stages_of(self, job: str) -> tuple[Stage, ...]:
        """The stages of a job, in order."""
        return tuple(self.stages[name] for name in self.order if self.stages[name].job == job)

    def needs_of(self, job: str) -> tuple[str, ...]:
        """The jobs that a job waits for, in the file's order: derived from what its stages need."""
        wanted = {self.stages[name].job for stage in self.stages_of(job) for name in stage.needs}
        return tuple(name for name in self.jobs if name in wanted - {job})

    def allowed(self, job: str, name: str) -> tuple[Any, ...] | None:
        """Events or environments for which at least one stage of the job applies; None for all."""
        per_stage = [stage.allowed(name) for stage in self.stages_of(job)]
        if any(values is None for values in per_stage):
            return None
        return tuple(dict.fromkeys(value for values in per_stage for value in values or ()))

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
        {name: event["why"] for name, event in data["events"].items()},
        {name: _job(name, job) for name, job in data["jobs"].items()},
        {name: _stage(name, stage) for name, stage in data["stages"].items()},
    )


def _job(name: str, data: dict[str, Any]) -> Job:
    permissions = data["permissions"].items()
    return Job(
        id=name,
        why=data["why"],
        runner=data["runner"],
        permissions=tuple(Permission(scope, it["access"], it["why"]) for scope, it in permissions),
        artifacts=tuple(data.get("artifacts", ())),
        per_environment=data.get("perEnvironment", False),
        approval=tuple(data.get("approval", ())),
        concurrency=data.get("concurrency", ""),
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
        secrets=tuple(Secret(secret["name"], secret["why"]) for secret in data.get("secrets", ())),
        tools=tuple(Tool(tool["name"], tool["why"]) for tool in data.get("tools", ())),
        retries=data.get("retries", 0),
        always="rerun" in data,
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
