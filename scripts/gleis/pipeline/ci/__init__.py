"""CI systems: one file each, with the renderer, the reader-back and the orchestrator.

A module of this folder is a system; it is found by being here and has

- `NAME`: how `project.yaml: delivery.ci` calls it;
- `render(graph, platform) -> {path: text}`: the files that make this system run the graph;
- `read_back(files) -> Views`: what those files say, read from their text alone, so that a test can
  hold it against the graph without trusting the renderer;
- `detect(environ) -> Orchestrator | None`: the running build, if this process is part of one.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

from gleis.findings import Finding
from gleis.pipeline.graph import Graph, Job

# The longest that project.yaml may allow (schemas/project.schema.json); a backstop behind the
# stage's own limit, which `gleis run` enforces from the contract.
LONGEST_TRAINING_MINUTES = 336 * 60


@dataclass(frozen=True)
class JobView:
    """All that a CI system has to say about one job. None for events or environments means all."""

    id: str
    stages: tuple[str, ...]
    needs: tuple[str, ...]
    events: tuple[str, ...] | None
    environments: tuple[str, ...] | None
    runner: str
    permissions: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    tools: tuple[str, ...]
    timeout_minutes: int
    per_environment: bool
    approval: tuple[str, ...]
    concurrency: str
    artifacts: tuple[str, ...]


Views = dict[str, JobView]


class Orchestrator(Protocol):
    """The build that this process is part of. No stage reads a variable of a CI system itself."""

    name: str
    event: str
    branch: str | None
    commit: str | None
    change_request: str | None
    build_url: str | None

    def approver(self, environment: str) -> str:
        """Who let this build go on to `environment`; empty where nobody but its starter did."""

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Show findings at their lines, where the system can."""

    def publish_summary(self, markdown: str) -> None:
        """Show a summary on the build's page."""

    def store_artifact(self, path: Path) -> None:
        """Keep a file with the build."""

    def oidc_token(self, audience: str) -> str:
        """A short-lived identity token for `audience`. Raises GleisError where there is none."""


def systems() -> dict[str, ModuleType]:
    """The systems there are, by name."""
    found = [import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    return {module.NAME: module for module in found}


def view(graph: Graph, job: Job) -> JobView:
    """What a CI system has to say about `job`."""
    stages = graph.stages_of(job.id)
    return JobView(
        id=job.id,
        stages=tuple(stage.id for stage in stages),
        needs=graph.needs_of(job.id),
        events=graph.allowed(job.id, "event"),
        environments=graph.allowed(job.id, "environment"),
        runner=job.runner,
        permissions=tuple((each.scope, each.access) for each in job.permissions),
        secrets=tuple(dict.fromkeys(each.name for stage in stages for each in stage.secrets)),
        tools=tuple(dict.fromkeys(each.name for stage in stages for each in stage.tools)),
        timeout_minutes=sum(
            LONGEST_TRAINING_MINUTES
            if isinstance(stage.timeout_minutes, str)
            else int(stage.timeout_minutes) * (stage.retries + 1)
            for stage in stages
        ),
        per_environment=job.per_environment,
        approval=job.approval,
        concurrency=job.concurrency,
        artifacts=job.artifacts,
    )


def views(graph: Graph) -> Views:
    """What a CI system has to say, job by job, in the graph's order."""
    return {name: view(graph, job) for name, job in graph.jobs.items()}


def differences(wanted: Views, found: Views) -> list[str]:
    """How `found` differs from `wanted`: a sentence for each job and field."""
    said = [f"job {name}: missing" for name in wanted if name not in found]
    said += [f"job {name}: not in the graph" for name in found if name not in wanted]
    for name in wanted:
        if name not in found:
            continue
        for field in fields(JobView):
            ours, theirs = getattr(wanted[name], field.name), getattr(found[name], field.name)
            if ours != theirs:
                said.append(f"job {name}, {field.name}: {theirs!r} instead of {ours!r}")
    return said


def detect(environ: Mapping[str, str]) -> Orchestrator:
    """The build that this process is part of; the laptop where it is none."""
    for name, module in systems().items():
        if name != "local":
            found: Orchestrator | None = module.detect(environ)
            if found is not None:
                return found
    laptop: Orchestrator = systems()["local"].detect(environ)
    return laptop
