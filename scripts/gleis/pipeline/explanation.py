"""What there is to know about a stage, and which line of which file says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis import resources
from gleis.contract import document
from gleis.contract.document import Document
from gleis.contract.project import FILE, Project
from gleis.pipeline.graph import Graph, Stage, field_of, load

GRAPH = "ci/pipeline.yaml"
_DEFAULT = "default"


@dataclass(frozen=True)
class Fact:
    """One thing about a stage: what it is called, what it is, and `file:line` or `default`."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class Explanation:
    """A stage in words: `runs` says when and why, `facts` the rest."""

    stage: str
    title: str
    source: str
    runs: str
    facts: tuple[Fact, ...]


def explain(name: str, root: Path | None = None, project: Project | None = None) -> Explanation:
    """Explain the stage `name`; with a project, as its contract makes it.

    Raises UnknownStage with a guess at what was meant, ContractError.
    """
    path = resources.path(GRAPH)
    graph = load(path)
    stage = graph.stage(name)
    sources = _Sources(document.load(path), document.load(root / FILE) if root else None)
    facts = tuple(_facts(graph, stage, sources, project))
    place = sources.graph("stages", name, key=True)
    return Explanation(name, stage.title, place, _runs(graph, stage, project), facts)


@dataclass(frozen=True)
class _Sources:
    pipeline: Document
    contract: Document | None

    def graph(self, *pointer: str, key: bool = False) -> str:
        """`file:line` of a value of the graph; `default` where the file does not say."""
        if self.pipeline.get(*pointer) is None:
            return _DEFAULT
        return f"{GRAPH}:{self.pipeline.position(*pointer, key=key).line}"

    def project(self, name: str) -> str:
        """`file:line` of a field of the contract, such as `training.maxHours`."""
        pointer = name.split(".")
        if self.contract is None or self.contract.get(*pointer) is None:
            return _DEFAULT
        return f"{FILE}:{self.contract.position(*pointer, key=True).line}"


def _runs(graph: Graph, stage: Stage, project: Project | None) -> str:
    """When the stage runs and why, in one sentence."""
    after = f" once {' and '.join(stage.needs)} passed" if stage.needs else ""
    when = ", ".join(f"{name} is {_either(values)}" for name, values in stage.when)
    condition = f", if {when}" if when else ", whatever started the run"
    answer = ""
    contract = [(name, values) for name, values in stage.when if "." in name]
    if project is not None and contract:
        said = [f"{name} is {field_of(project, name)}" for name, _ in contract]
        applies = all(field_of(project, name) in values for name, values in contract)
        answer = f"; here {', '.join(said)}, so it {'applies' if applies else 'never applies'}"
    again = (
        "again every time, because it asks the world outside of the repo"
        if stage.always
        else "not again unless something changed in the files or contract fields that it reads, "
        "or its own code"
    )
    return (
        f"runs{after}{condition}{answer}; {again}. "
        f"Its job is for this: {graph.jobs[stage.job].why.rstrip('.')}."
    )


def _facts(
    graph: Graph, stage: Stage, sources: _Sources, project: Project | None
) -> Iterator[Fact]:
    at, job = ("stages", stage.id), graph.jobs[stage.job]

    def of_stage(key: str) -> str:
        return sources.graph(*at, key, key=True)

    def of_job(key: str) -> str:
        return sources.graph("jobs", job.id, key, key=True)

    yield Fact("job", job.id, of_stage("job"))
    yield Fact("needs", list(stage.needs), of_stage("needs"))
    needing = [other.id for other in graph.stages.values() if stage.id in other.needs]
    yield Fact("needed by", needing, _DEFAULT if not needing else GRAPH)
    for name, values in stage.when:
        yield Fact(f"when {name}", list(values), sources.graph(*at, "when", name, key=True))
    yield Fact("reads", list(stage.inputs), of_stage("inputs"))
    for name in stage.contract:
        if project is None:
            yield Fact(f"reads {name}", "of the project", of_stage("contract"))
        else:
            yield Fact(f"reads {name}", field_of(project, name), sources.project(name))
    yield Fact("writes", list(stage.outputs), of_stage("outputs"))
    if stage.state:
        yield Fact("changes", list(stage.state), of_stage("state"))
    yield from _timeout(stage, of_stage("timeoutMinutes"), sources, project)
    yield Fact("retries", stage.retries, of_stage("retries"))
    yield Fact("environment", f"the {stage.runs_in}'s", of_stage("runsIn"))
    yield Fact("runner", job.runner, of_job("runner"))
    yield Fact("per environment", job.per_environment, of_job("perEnvironment"))
    yield Fact("approval", list(job.approval), of_job("approval"))
    yield Fact("one at a time", job.concurrency or "no", of_job("concurrency"))
    for each in job.permissions:
        place = sources.graph("jobs", job.id, "permissions", each.scope, key=True)
        yield Fact(f"may {each.access} {each.scope}", each.why, place)
    for secret in stage.secrets:
        yield Fact(f"secret {secret.name}", secret.why, of_stage("secrets"))
    for tool in stage.tools:
        yield Fact(f"tool {tool.name}", tool.why, of_stage("tools"))


def _timeout(
    stage: Stage, place: str, sources: _Sources, project: Project | None
) -> Iterator[Fact]:
    if not isinstance(stage.timeout_minutes, str):
        yield Fact("timeout", f"{stage.timeout_minutes:g} min", place)
    elif project is None:
        yield Fact("timeout", f"{stage.timeout_minutes} of the project", place)
    else:
        minutes = stage.timeout_seconds(project) / 60
        well = minutes - project.training.max_hours * 60
        said = f"{minutes:g} min ({stage.timeout_minutes}, and {well:g} min to end well)"
        yield Fact("timeout", said, sources.project(stage.timeout_minutes))


def _either(values: tuple[Any, ...]) -> str:
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
