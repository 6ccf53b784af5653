"""Every CI system says exactly what the graph says, and whoever edits its files by hand is found.

Nothing here knows a system: `read_back` parses the files' text, the graph is the measure.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import pytest

from gleis.cli import main
from gleis.contract import platform
from gleis.errors import GleisError
from gleis.pipeline import ci
from gleis.pipeline import graph as graphs
from gleis.pipeline.ci import JobView, differences, systems, view, views
from gleis.pipeline.graph import Graph, Job, Permission, Secret, Tool

ROOT = Path(__file__).resolve().parents[3]
GRAPH = graphs.load(ROOT / "ci" / "pipeline.yaml")
PLATFORM = platform.load(ROOT / "platform.yaml")
RENDERING = {name: module for name, module in systems().items() if module.render(GRAPH, PLATFORM)}
FIELDS = [field.name for field in fields(JobView) if field.name != "id"]

pytestmark = pytest.mark.parametrize("system", RENDERING)


def rendered(system: str) -> dict[str, str]:
    found: dict[str, str] = RENDERING[system].render(GRAPH, PLATFORM)
    return found


def read(system: str, files: dict[str, str]) -> list[str]:
    """How the files differ from the graph; that they cannot be read is a difference, too."""
    try:
        return differences(views(GRAPH), RENDERING[system].read_back(files))
    except GleisError as error:
        return [f"cannot be read: {error}"]


def test_what_is_committed_is_what_the_graph_renders_to(system: str) -> None:
    for name, text in rendered(system).items():
        assert (ROOT / name).read_text() == text


def test_the_files_read_back_are_the_graph(system: str) -> None:
    assert read(system, rendered(system)) == []


# --- another graph is read back as another graph ------------------------------------------------


def with_job(graph: Graph, job: Job) -> Graph:
    return Graph(graph.events, {**graph.jobs, job.id: job}, graph.stages)


def with_stages(graph: Graph, job: str, **changes: object) -> Graph:
    """`graph` with `changes` to every stage of a job."""
    stages = {
        name: replace(stage, **changes) if stage.job == job else stage  # type: ignore[arg-type]
        for name, stage in graph.stages.items()
    }
    return Graph(graph.events, graph.jobs, stages)


def other_graphs(graph: Graph, job: Job) -> Iterator[tuple[str, Graph]]:
    """For each field of a job's view, graphs that say something else there."""
    last = graph.stages_of(job.id)[-1]
    without = {name: stage for name, stage in graph.stages.items() if name != last.id}
    if len(graph.stages_of(job.id)) > 1 and not any(last.id in it.needs for it in without.values()):
        yield "stages", Graph(graph.events, graph.jobs, without)
    reordered = {last.id: last, **without}
    if not last.needs and len(graph.stages_of(job.id)) > 1:
        yield "stages", Graph(graph.events, graph.jobs, reordered)
    if graph.needs_of(job.id):
        own = [stage.id for stage in graph.stages_of(job.id)]
        kept = tuple(name for name in last.needs if name in own)
        yield "needs", with_stages(graph, job.id, needs=kept if len(own) == 1 else ())
    else:
        other = next(name for name in graph.jobs if name != job.id)
        if job.id not in graph.needs_of(other):
            wanted = graph.stages_of(other)[-1].id
            if not any(graph.stages[name].job == job.id for name in graph.before([wanted])):
                yield "needs", with_stages(graph, job.id, needs=(wanted,))
    when = dict(last.when)
    for events in (("main",), ("tag", "manual"), ("pull-request", "main", "drift")):
        changed = tuple({**when, "event": events}.items())
        yield "events", with_stages(graph, job.id, when=changed)
    everywhere = {
        name: replace(stage, when=tuple({**dict(stage.when), "event": ("main", "tag")}.items()))
        for name, stage in graph.stages.items()
    }
    yield "events", Graph(graph.events, graph.jobs, everywhere)
    for environments in (("prod",), ("dev", "prod")):
        changed = tuple({**when, "environment": environments}.items())
        yield "environments", with_stages(graph, job.id, when=changed)
    yield "runner", with_job(graph, replace(job, runner="cpu" if job.runner != "cpu" else "docker"))
    yield "permissions", with_job(graph, replace(job, permissions=job.permissions[:-1]))
    more = (*job.permissions, Permission("issues", "write", "a test"))
    yield "permissions", with_job(graph, replace(job, permissions=more))
    first = replace(job.permissions[0], access="write")
    yield "permissions", with_job(graph, replace(job, permissions=(first, *job.permissions[1:])))
    secrets = () if last.secrets else (Secret("ANOTHER_TOKEN", "a test"),)
    yield "secrets", with_stages(graph, job.id, secrets=secrets)
    if any(stage.secrets for stage in graph.stages_of(job.id)):
        yield "secrets", with_stages(graph, job.id, secrets=())
    needs_it = any(stage.tools for stage in graph.stages_of(job.id))
    tools = () if needs_it else (Tool("terraform", "a test"),)
    yield "tools", with_stages(graph, job.id, tools=tools)
    yield "timeout_minutes", with_stages(graph, job.id, timeout_minutes=3)
    if not job.per_environment:
        yield "per_environment", with_job(graph, replace(job, per_environment=True))
    else:
        yield (
            "per_environment",
            with_job(graph, replace(job, per_environment=False, approval=(), concurrency="")),
        )
        other = ("staging", "prod") if job.approval != ("staging", "prod") else ()
        yield "approval", with_job(graph, replace(job, approval=other))
        yield "approval", with_job(graph, replace(job, approval=()))
    another = "" if job.concurrency else "one-at-a-time"
    yield "concurrency", with_job(graph, replace(job, concurrency=another))
    yield "artifacts", with_job(graph, replace(job, artifacts=(".gleis/other",)))
    yield "artifacts", with_job(graph, replace(job, artifacts=()))


@pytest.mark.parametrize("job", GRAPH.jobs)
def test_a_difference_in_any_field_survives_rendering_and_reading(system: str, job: str) -> None:
    seen = set()
    for field, other in other_graphs(GRAPH, GRAPH.jobs[job]):
        assert getattr(view(other, other.jobs[job]), field) != getattr(
            view(GRAPH, GRAPH.jobs[job]), field
        ), f"the graph made for {field} says the same"
        try:
            files = RENDERING[system].render(other, PLATFORM)
        except GleisError:
            continue  # a graph that makes no sense there may be refused in words
        read_again = RENDERING[system].read_back(files)
        said = differences(views(GRAPH), read_again)
        assert any(line.startswith(f"job {job}, {field}: ") for line in said), (field, said)
        assert differences(views(other), read_again) == [], field
        seen.add(field)
    a_leaf = not any(job in GRAPH.needs_of(other) for other in GRAPH.jobs)
    assert seen >= set(FIELDS) - {"stages", "needs", "approval", "per_environment"}
    assert "per_environment" in seen or not a_leaf


# --- an edit of the text is found ---------------------------------------------------------------

NUMBER = re.compile(r"\d+")


def words_of(job: JobView, field: str) -> list[str]:
    """The words by which a file must say this field of a job."""
    value = getattr(job, field)
    if field == "permissions":
        return [scope for scope, _ in value]
    if field == "per_environment":
        return []
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return [] if value in ("", None) else [str(value)]


def edits(text: str, word: str) -> Iterator[str]:
    """`text` with one occurrence of `word` made another, and with the line of it gone."""
    instead = str(int(word) + 7) if NUMBER.fullmatch(word) else f"{word[:-1]}~"
    for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text):
        yield text[: found.start()] + instead + text[found.end() :]
        start = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end()) + 1
        yield text[:start] + text[end:]


@pytest.mark.parametrize("job", GRAPH.jobs)
def test_a_hand_edit_of_any_field_is_named_by_job_and_field(system: str, job: str) -> None:
    """At least one place of the files is where each word is read; changing it there is seen."""
    files = rendered(system)
    wanted = view(GRAPH, GRAPH.jobs[job])
    checked = 0
    for field in FIELDS:
        if field in ("events", "environments"):
            continue  # each system has its own words for them: its own tests edit those
        for word in words_of(wanted, field):
            said = (
                line
                for name, text in files.items()
                for edited in edits(text, word)
                for line in read(system, {**files, name: edited})
            )
            assert any(line.startswith(f"job {job}, {field}: ") for line in said), (field, word)
            checked += 1
    assert checked >= 5


def test_render_check_is_red_for_a_hand_edit_and_names_job_and_field(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    platform_copy(tmp_path)
    assert main(["render", str(tmp_path)]) == 0
    assert main(["render", "--check", str(tmp_path)]) == 0
    name, text = next((n, t) for n, t in rendered(system).items() if "lint" in t)
    edited = next(
        edit
        for edit in edits(text, "lint")
        if "job verify, stages:" in "".join(read(system, {**rendered(system), name: edit}))
    )
    (tmp_path / name).write_text(edited)
    capsys.readouterr()

    assert main(["render", "--check", str(tmp_path)]) == 1

    said = capsys.readouterr().err
    assert name in said
    assert "job verify, stages: " in said
    assert "lint" in said


def test_render_check_is_red_for_what_no_field_holds_and_for_a_file_that_is_gone(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    platform_copy(tmp_path)
    assert main(["render", str(tmp_path)]) == 0
    name = next(iter(rendered(system)))
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text + "\n")
    assert main(["render", "--check", str(tmp_path)]) == 1
    assert "differs in its text" in capsys.readouterr().err
    (tmp_path / name).unlink()
    assert main(["render", "--check", str(tmp_path)]) == 1
    assert f"{name}: missing" in capsys.readouterr().err


def platform_copy(target: Path) -> None:
    """As much of the platform's checkout as rendering reads."""
    shutil.copytree(ROOT / "ci", target / "ci")
    shutil.copy(ROOT / "platform.yaml", target)


# --- a system more is a file more ---------------------------------------------------------------

ANOTHER = '''
"""Tram CI: one line of JSON a job."""
import json
from dataclasses import asdict
from gleis.pipeline.ci import JobView, views

NAME = "tram"

def render(graph, platform):
    lines = [json.dumps(asdict(each)) for each in views(graph).values()]
    return {".tram/pipeline.jsonl": "\\n".join(lines) + "\\n"}

def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value

def read_back(files):
    read = [json.loads(line) for text in files.values() for line in text.splitlines()]
    return {it["id"]: JobView(**{key: _tuples(value) for key, value in it.items()}) for it in read}

def detect(environ):
    return None
'''


def test_another_system_is_one_file_and_nothing_else(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "tram.py").write_text(ANOTHER)
    monkeypatch.setattr(ci, "__path__", [*ci.__path__, str(tmp_path / "more")])
    checkout = tmp_path / "checkout"
    platform_copy(checkout)

    tram: ModuleType = systems()["tram"]

    assert differences(views(GRAPH), tram.read_back(tram.render(GRAPH, PLATFORM))) == []
    assert main(["render", str(checkout)]) == 0
    line = checkout / ".tram" / "pipeline.jsonl"
    line.write_text(line.read_text().replace('"docker"', '"cpu"'))
    capsys.readouterr()
    assert main(["render", "--check", str(checkout)]) == 1
    assert "job package, runner: 'cpu' instead of 'docker'" in capsys.readouterr().err
    assert set(RENDERING) <= set(systems())
