"""The workflows read back as YAML, without the renderer's model: what they really say."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from gleis.contract import document
from gleis.errors import GleisError
from gleis.pipeline.ci import JobView, Views
from gleis.pipeline.ci.github.words import (
    ENVIRONMENTS,
    EVENTS,
    FIRST,
    KNOWN,
    OK,
    PIPELINE,
    SCHEDULE,
    SETUPS,
    WATCHED,
    as_dict,
    as_list,
)

_LISTED = re.compile(r"contains\(fromJSON\('(\[[^']*\])'\), (.+)\)")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


def read_back(files: Mapping[str, str]) -> Views:
    """What the workflows say, job by job; jobs of one job's environments are folded into one.

    What is not understood is passed on where it would stand, so that it differs from every graph.
    Raises ContractError for what is no YAML, GleisError for a file without jobs.
    """
    read = {name: _read(name, text) for name, text in files.items()}
    together: Views = {}
    for name, there in read.items():
        for job, said in there.items():
            known = together.get(job)
            together[job] = said if known is None else _agreed(known, said, name)
    change, calendar = read.get(PIPELINE), read.get(SCHEDULE)
    if change is not None and calendar is not None:
        for job in change.keys() - calendar.keys():
            together[job] = replace(together[job], id=f"{job} (not in {SCHEDULE})")
        for job in calendar.keys() - change.keys():
            if calendar[job].needs or any(job in it.needs for it in calendar.values()):
                together[job] = replace(together[job], id=f"{job} (not in {PIPELINE})")
    return together


def _read(name: str, text: str) -> Views:
    """The jobs of one workflow."""
    loaded = document.parse(text, Path(name), name=name)
    jobs = loaded.get("jobs")
    if not isinstance(jobs, dict):
        raise GleisError(f"{name}: there are no jobs in it")
    declared = as_dict(loaded.get("on", "workflow_call", "secrets", default={}))
    found: dict[str, list[tuple[str, JobView]]] = {}
    for key, job in jobs.items():
        if isinstance(job, dict):
            said = _said(str(key), job, declared)
            found.setdefault(said.id, []).append((str(key), said))
    return {job: _folded(parts) for job, parts in found.items()}


def _agreed(first: JobView, second: JobView, name: str) -> JobView:
    """What both workflows say of a job; where they differ, that they do."""
    odd: dict[str, Any] = {}
    for field in fields(JobView):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if one != other:
            odd[field.name] = f"{one!r}, but {other!r} in {name}"
    return replace(first, **odd)


def _said(key: str, job: dict[str, Any], declared: Mapping[str, Any]) -> JobView:
    name, _, environment = key.rpartition("-")
    per_environment = environment in ENVIRONMENTS
    name = name if per_environment else key
    steps = [step for step in as_list(job.get("steps")) if isinstance(step, dict)]
    works = [step for step in steps if "run" in step]
    terms = _terms(str(job.get("if", "")))
    needs, siblings = _needs(job, terms, name, per_environment)
    stages = tuple(stage for step in works for stage in _stages(str(step["run"])))
    told = {_expression(as_dict(step.get("env")).get("GLEIS_ENVIRONMENT")) for step in works}
    environments = _environments(terms, environment if per_environment else "", told)
    late = () if not per_environment else _out_of_order(name, environment, siblings, environments)
    return JobView(
        id=name,
        stages=stages,
        needs=(*needs, *late),
        events=_events(terms),
        environments=environments,
        runner=_expression(job.get("runs-on")).removeprefix("inputs.runner-"),
        permissions=tuple((str(k), str(v)) for k, v in as_dict(job.get("permissions")).items()),
        secrets=tuple(
            secret if secret in declared else f"{secret} (not declared)"
            for step in works
            for secret in _secrets(as_dict(step.get("env")))
        ),
        tools=tuple(_tools(steps)),
        timeout_minutes=int(job.get("timeout-minutes", 0)),
        per_environment=per_environment,
        approval=_approval(job, environment if per_environment else "", works),
        concurrency=_concurrency(job, f"-{environment}" if per_environment else ""),
        artifacts=tuple(_artifacts(steps, f"gleis-{key}")),
    )


def _approval(
    job: Mapping[str, Any], environment: str, works: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """The environment whose approval is asked for; a binding to another one is told as such.

    GitHub keeps reviewers in its settings. What a workflow says of them is that the job is bound
    to the environment and gets the token that may ask who approved it.
    """
    bound = str(job.get("environment", ""))
    if bound != environment:
        return (f"{bound or 'none'} (not {environment or 'none'})",)
    asks = any("GITHUB_TOKEN" in as_dict(step.get("env")) for step in works)
    return (bound,) if asks else ()


def _folded(jobs: list[tuple[str, JobView]]) -> JobView:
    """One view of a job's environments. Where they disagree, the one that stands alone counts."""
    views = [said for _, said in jobs]
    if not views[0].per_environment:
        return views[0] if len(views) == 1 else replace(views[0], id=f"{views[0].id} (twice)")
    together: dict[str, Any] = {}
    for field in fields(JobView):
        counted = Counter(getattr(said, field.name) for said in views)
        together[field.name] = min(counted, key=counted.__getitem__)
    approval = tuple(name for said in views for name in said.approval)
    listed = [said.environments for said in views]
    there = tuple(key.rpartition("-")[2] for key, _ in jobs)
    odd = tuple(name for each in listed for name in each or () if name not in ENVIRONMENTS)
    environments = odd or together["environments"] or (None if there == ENVIRONMENTS else there)
    return replace(views[0], **{**together, "approval": approval, "environments": environments})


def _terms(condition: str) -> list[str]:
    found = _EXPRESSION.fullmatch(" ".join(condition.split()))
    text = found.group(1) if found else condition.strip()
    return [term.strip() for term in _split(text, "&&") if term.strip()]


def _split(text: str, operator: str) -> Iterator[str]:
    """`text` at each `operator` outside parentheses."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and text.startswith(operator, index):
            yield text[start:index]
            start = index + len(operator)
    yield text[start:]


def _needs(
    job: dict[str, Any], terms: Sequence[str], name: str, per_environment: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The jobs that it waits for, and those of its own kind that came before it."""
    listed = [str(need) for need in as_list(job.get("needs"))]
    own = {f"{name}-{environment}" for environment in ENVIRONMENTS}
    needs, siblings = [], []
    for need in listed:
        if need not in own:
            asked = f"needs.{need}.result == 'success'" in terms
            needs.append(need if asked or not per_environment else f"{need} (passed or not)")
        elif f"contains(fromJSON({OK}), needs.{need}.result)" in terms:
            siblings.append(need)
    return tuple(needs), tuple(siblings)


def _out_of_order(
    name: str, environment: str, siblings: tuple[str, ...], environments: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Environments before this one that it does not wait for."""
    every = environments or ENVIRONMENTS
    before = every[: every.index(environment)] if environment in every else ()
    return tuple(
        f"(not after {name}-{each})" for each in before if f"{name}-{each}" not in siblings
    )


def _events(terms: Sequence[str]) -> tuple[str, ...] | None:
    """The events of the term that lists them; a term that nobody knows is kept as an event."""
    events: list[str] = []
    limited = False
    names = {expression: name for name, expression in EVENTS.items()}
    for term in terms:
        if term.startswith("(") and term.endswith(")"):
            limited = True
            for each in _split(term[1:-1], "||"):
                events.append(names.get(each.strip()[1:-1], each.strip()))
        elif not (
            term == "!cancelled()"
            or re.fullmatch(r"needs\.[\w-]+\.result == 'success'", term)
            or term.startswith(KNOWN)
            or _LISTED.fullmatch(term)
        ):
            limited = True
            events.append(f"({term})")
    return tuple(events) if limited else None


def _environments(terms: Sequence[str], own: str, told: set[str]) -> tuple[str, ...] | None:
    """Environments that the job is limited to; what it tells `gleis run` must fit."""
    listed: tuple[str, ...] | None = None
    subjects = {f"'{own}'"} if own else {FIRST, WATCHED}
    for term in terms:
        found = _LISTED.fullmatch(term)
        if found and not term.startswith(f"contains(fromJSON({OK})"):
            if found.group(2) not in subjects:
                return (f"({term})",)
            listed = tuple(json.loads(found.group(1)))
    if own and f"contains(fromJSON(inputs.environments), '{own}')" not in terms:
        return (f"({own} whether asked for or not)",)
    if not told <= ({own} if own else {FIRST, WATCHED}):
        return tuple(f"({name})" for name in sorted(told))
    return listed


def _stages(script: str) -> list[str]:
    """The stages of a `gleis run`; words that it should not have are kept."""
    try:
        words = shlex.split(script)
    except ValueError:
        return [f"({script})"]
    expected = ["gleis", "run", "--environment", "${GLEIS_ENVIRONMENT}"]
    if words[:2] != ["uvx", "--from"] or words[3:7] != expected:
        return [f"({script.strip()})"]
    rest = words[7:]
    pairs = [tuple(rest[index : index + 2]) for index in range(0, len(rest), 2)]
    return [pair[1] if pair[0] == "--stage" and len(pair) == 2 else str(pair) for pair in pairs]


def _concurrency(job: Mapping[str, Any], suffix: str) -> str:
    """The group, less the environment's suffix. One that cancels what runs is another."""
    said = as_dict(job.get("concurrency"))
    group = str(said.get("group", ""))
    if group and not group.endswith(suffix):
        return f"{group} (not for {suffix.removeprefix('-')} alone)"
    return group.removesuffix(suffix) + (" (cancels)" if said.get("cancel-in-progress") else "")


def _secrets(env: Mapping[str, Any]) -> Iterator[str]:
    for name, value in env.items():
        found = _expression(value)
        if found.startswith("secrets."):
            secret = found.removeprefix("secrets.")
            yield secret if secret == name else f"{secret} as {name}"


def _tools(steps: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Tools that are there when the work begins; one that is got otherwise is told as such."""
    tools = {action: tool for tool, (action, _) in SETUPS.items()}
    for step in takewhile(lambda each: "run" not in each, steps):
        tool = tools.get(str(step.get("uses", "")).partition("@")[0])
        if tool is not None:
            expected = SETUPS[tool][1]
            said = {name: str(value).lower() for name, value in as_dict(step.get("with")).items()}
            same = said.keys() == expected.keys() and all(
                value in ("@", said[name]) for name, value in expected.items()
            )
            odd = set(step) - {"name", "uses", "with"}
            yield tool if same and not odd else f"{tool} (otherwise)"


def _artifacts(steps: Sequence[dict[str, Any]], name: str) -> Iterator[str]:
    """Paths of the artifact that later jobs take."""
    for step in steps:
        given = as_dict(step.get("with"))
        if str(step.get("uses", "")).startswith("actions/upload-artifact@") and (
            given.get("name") == name
        ):
            yield from str(given.get("path", "")).split()


def _expression(value: Any) -> str:
    found = _EXPRESSION.fullmatch(str(value).strip())
    return found.group(1) if found else str(value)
