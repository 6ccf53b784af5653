"""From data to release: what was made from what, and whether the digests on both ends agree."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.report.model import Evidence, Statement
from gleis.report.words import count, middle, short

LINE = 19  # characters that fit on one line of a box


@dataclass(frozen=True)
class Box:
    """One thing. `lines` are short texts; `known` is whether the evidence knows it."""

    title: str
    lines: tuple[str, ...]
    known: bool


@dataclass(frozen=True)
class Link:
    """Between two boxes: `same`, `differs` or `unknown`, and the sentence that says so."""

    state: str
    text: str


@dataclass(frozen=True)
class Lineage:
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    label: str


def trace(evidence: Evidence) -> Lineage:
    """The five boxes and the four links between them, of the last run's evidence only."""
    data, training, metrics = evidence.data, evidence.training, evidence.metrics
    train = _current(evidence, "train")
    register, promote = _current(evidence, "register"), _current(evidence, "promote")
    deploy = _current(evidence, "deploy")
    model_sha = _model_digest(train)
    trained = train is not None and bool(training.model_sha256 or model_sha)
    alias = (promote.alias if promote else "") or (register.alias if register else "")
    boxes = (
        _box("Data", bool(data.sha256), short(data.sha256), _rows(data.rows), data.source),
        _box(
            "Training",
            trained,
            f"at {short(training.commit)}" if training.commit else "no commit",
            f"run {short(training.run_id)}" if training.run_id else "",
            f"seed {training.seed}" if training.seed else "",
        ),
        _box(
            "Model",
            trained,
            short(model_sha or training.model_sha256),
            evidence.model.framework,
            evidence.model.task,
        ),
        _box(
            "Registry",
            register is not None and bool(register.version),
            f"version {register.version}" if register else "",
            f"alias {alias}" if alias else "",
            register.name if register else "",
        ),
        _box(
            "Release",
            deploy is not None and bool(deploy.release or deploy.version),
            f"version {deploy.version}" if deploy and deploy.version else "",
            deploy.environment if deploy else "",
            deploy.release.rstrip("/").rsplit("/", 1)[-1] if deploy else "",
        ),
    )
    links = (
        _compare("data", data.sha256, training.data_sha256 if trained else ""),
        _compare("model", model_sha, training.model_sha256 if trained else ""),
        _carried("registry", register, model_sha or training.model_sha256, train),
        _carried("release", deploy, model_sha or training.model_sha256, register),
    )
    if metrics.model_sha256 and model_sha and metrics.model_sha256 != model_sha:
        links = (links[0], Link("differs", "the metrics belong to another model"), *links[2:])
    known = [f"{box.title}: {', '.join(box.lines)}" for box in boxes if box.known]
    return Lineage(boxes, links, "; ".join(known) or "nothing was built yet")


def _current(evidence: Evidence, stage: str) -> Statement | None:
    found = evidence.statement(stage)
    if found is None or not evidence.current(stage) or found.verdict != "passed":
        return None
    return found


def _model_digest(train: Statement | None) -> str:
    """The digest of the model's own file among what `train` wrote."""
    subjects = train.subjects if train else ()
    files = [s for s in subjects if "/model/" in s.name and not s.name.endswith(".json")]
    return files[0].sha256 if len(files) == 1 else ""


def _box(title: str, known: bool, *lines: str) -> Box:
    kept = tuple(middle(line, LINE) for line in lines if line)
    return Box(title, kept if known and kept else ("not reached",), known and bool(kept))


def _rows(rows: int | None) -> str:
    return f"{count(rows)} rows" if rows is not None else ""


def _compare(what: str, upstream: str, downstream: str) -> Link:
    if not upstream or not downstream:
        return Link("unknown", "not checked")
    if upstream == downstream:
        return Link("same", f"{what} digest agrees")
    return Link("differs", f"{what} digest differs: {short(upstream)}, {short(downstream)}")


def _carried(what: str, statement: Statement | None, digest: str, before: Statement | None) -> Link:
    """Whether `statement` names the model's digest, or read a file just as `before` wrote it."""
    if statement is None:
        return Link("unknown", "not checked")
    if statement.model_sha256 and digest and statement.model_sha256 != digest:
        return Link("differs", f"{what} holds another model: {short(statement.model_sha256)}")
    read = {d.sha256 for d in statement.inputs if d.sha256}
    named = read | {statement.model_sha256} | {d.sha256 for d in statement.subjects}
    written = {d.sha256 for d in before.subjects} if before else set()
    if (digest and digest in named) or read & written:
        return Link("same", f"{what} holds this model")
    return Link("unknown", "not checked")
