"""Reads what a run left in a project: the only module here that opens the project's files."""

from __future__ import annotations

from pathlib import Path

from gleis.contract import ContractError, document
from gleis.contract import project as contract_project
from gleis.errors import GleisError
from gleis.report import outputs, statements
from gleis.report.model import Evidence, Project, Run, Statement
from gleis.report.node import Node, clean, read_json

RUN_FOLDER = ".gleis/run"
PIPELINE = f"{RUN_FOLDER}/pipeline.json"
METRICS = ".gleis/out/metrics.json"
DATA = ".gleis/out/data/data.json"
FAILURES = ".gleis/out/data/failures.json"
TRAINING = ".gleis/out/train.json"
MODEL = ".gleis/out/model/model.json"
CARD = "docs/model-card.md"
CONTRACT = "project.yaml"
ANSWERS = ".copier-answers.yml"
CARD_LIMIT = 40_000  # characters
STATEMENTS_LIMIT = 60  # files


def read(root: Path) -> Evidence:
    """All the evidence under `root`. A file that is missing or broken becomes a note."""
    notes: dict[str, str] = {}

    def node(name: str) -> Node:
        reading = read_json(root, name)
        if reading.note:
            notes[name] = reading.note
        return reading.node

    run = statements.run(node(PIPELINE))
    return Evidence(
        project=_project(root, notes),
        run=run,
        statements=_statements(root, run, notes),
        metrics=outputs.metrics(node(METRICS)),
        data=outputs.data(node(DATA)),
        failures=outputs.failures(read_json(root, FAILURES).node),
        training=outputs.training(node(TRAINING)),
        model=outputs.model(node(MODEL)),
        card=_card(root, notes),
        notes=notes,
    )


def _statements(root: Path, run: Run, notes: dict[str, str]) -> dict[str, Statement]:
    """Every statement in the run folder, in the order of the run, strangers last."""
    try:
        files = [path.stem for path in sorted((root / RUN_FOLDER).glob("*.json"))]
    except OSError:
        files = []
    ran = [stage.stage for stage in run.stages if stage.stage in files]
    found: dict[str, Statement] = {}
    for stage in [*ran, *(name for name in files if name not in ran)][:STATEMENTS_LIMIT]:
        name = f"{RUN_FOLDER}/{stage}.json"
        if name == PIPELINE:
            continue
        reading = read_json(root, name)
        if reading.note:
            notes[name] = reading.note
        elif reading.node.at("predicate").fields():
            found[clean(stage, 60)] = statements.statement(name, clean(stage, 60), reading.node)
        elif stage in ran or "_type" in (reading.node.value or {}):  # type: ignore[operator]
            notes[name] = f"{name} is not an evidence statement: it has no predicate."
    return found


def _project(root: Path, notes: dict[str, str]) -> Project:
    problems: tuple[str, ...] = ()
    data: object = None
    try:
        data = document.load(root / CONTRACT, root=root).data
        contract_project.load(root)
    except ContractError as error:
        problems = tuple(_local(problem, root) for problem in error.problems[:20])
    except (GleisError, OSError, ValueError) as error:
        problems = (_local(error, root),)
    contract = Node(data)
    metadata, model = contract.at("metadata"), contract.at("model")
    answers = _answers(root, notes)
    return Project(
        name=metadata.at("name").text(80) or clean(root.resolve().name, 80),
        team=metadata.at("team").text(80),
        owner=metadata.at("owner").text(160),
        risk=metadata.at("risk").text(40),
        data_class=metadata.at("dataClass").text(40),
        framework=model.at("framework").text(40),
        task=model.at("task").text(40),
        metric=model.at("metric", "name").text(60),
        goal=model.at("metric", "goal").text(20),
        floor=model.at("metric", "floor").number(),
        tolerance=model.at("metric", "tolerance").number(),
        serving=contract.at("serving", "mode").text(40),
        latency_ms=contract.at("serving", "slo", "latencyP99Ms").number(),
        template=answers.at("_commit").text(80),
        template_source=_public(answers.at("_src_path").text(200)),
        problems=problems,
    )


def _public(source: str) -> str:
    """Where the template comes from, unless that is a place on one machine only."""
    shared = "://" in source or source.startswith(("gh:", "gl:", "git@"))
    return source if shared and not source.startswith("file:") else ""


def _local(problem: object, root: Path) -> str:
    """A message without the place of the project on this machine: the report travels."""
    text = str(problem)
    for place in {str(root), str(root.absolute()), str(root.resolve())} - {".", "/"}:
        text = text.replace(place, "the project folder")
    return clean(text)


def _answers(root: Path, notes: dict[str, str]) -> Node:
    try:
        return Node(document.load(root / ANSWERS, root=root).data)
    except (GleisError, OSError, ValueError):
        notes[ANSWERS] = f"{ANSWERS} is missing or unreadable: the template version is not known."
        return Node()


def _card(root: Path, notes: dict[str, str]) -> str:
    path = root / CARD
    try:
        if not path.is_file():
            notes[CARD] = f"{CARD} is not there."
            return ""
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(CARD_LIMIT)
    except OSError as error:
        notes[CARD] = f"{CARD} cannot be read: {clean(error, 200)}."
        return ""
