"""What the project's modules wrote under `.gleis/out/`, from untrusted JSON."""

from __future__ import annotations

from gleis.report import parse
from gleis.report.model import Confusion, Data, Metrics, Model, Slice, Training
from gleis.report.node import Node

LABELS_LIMIT = 20  # classes in a drawn confusion matrix
POINTS_LIMIT = 500
SLICES_LIMIT = 60
COUNT_LIMIT = 1e15  # more than any data set has rows; beyond it sums lose whole numbers


def metrics(node: Node) -> Metrics:
    """`.gleis/out/metrics.json`."""
    kept = node.at("interval")
    level, resamples = kept.at("level").number(), kept.at("resamples").whole()
    words = [kept.at("method").text(80)] if kept.at("method") else []
    words += [f"{level * 100 if level <= 1 else level:g} %"] if level is not None else []
    words += [f"{resamples:,} resamples".replace(",", "\u202f")] if resamples else []
    slices = [
        Slice(column, value, entry.at("n").whole(), parse.intervals(entry.at("metrics")))
        for column, values in node.at("slices").fields(20)
        for value, entry in values.fields(SLICES_LIMIT)
    ]
    return Metrics(
        task=node.at("task").text(40),
        primary=node.at("primary").text(60),
        goal=node.at("goal").text(20),
        rows=node.at("n").whole(),
        model_sha256=node.at("model_sha256").text(64),
        data_sha256=node.at("data_sha256").text(64),
        interval=", ".join(words),
        overall=parse.intervals(node.at("overall")),
        slices=tuple(slices[:SLICES_LIMIT]),
        confusion=confusion(node.at("plots", "confusion")),
        residuals=_points(node.at("plots", "residuals")),
    )


def confusion(node: Node) -> Confusion | None:
    """A square matrix of counts ≥ 0, cut to the first classes; None when it is anything else."""
    labels = node.at("labels").texts(LABELS_LIMIT)
    in_all = len(node.at("labels").items(10_000))
    rows = [
        [cell.number() for cell in row.items(10_000)] for row in node.at("matrix").items(10_000)
    ]
    if not labels or len(rows) != in_all or any(len(row) != in_all for row in rows):
        return None
    matrix = tuple(tuple(c for c in row if c is not None and 0 <= c <= COUNT_LIMIT) for row in rows)
    if any(len(row) != in_all for row in matrix):
        return None
    kept = len(labels)
    return Confusion(labels, tuple(row[:kept] for row in matrix[:kept]), in_all)


def data(node: Node) -> Data:
    """`.gleis/out/data/data.json`."""
    return Data(
        source=node.at("source").text(300),
        sha256=node.at("sha256").text(64),
        rows=node.at("rows").whole(),
        columns=len(node.at("columns").items(10_000)),
        target=node.at("target").text(120),
        split=parse.pairs(node.at("split"), 12),
        labels=parse.pairs(node.at("labels"), 30),
        checks=tuple(parse.check(entry) for entry in node.at("checks").items(60)),
    )


def failures(node: Node) -> tuple[str, ...]:
    """`.gleis/out/data/failures.json`, one sentence for each."""
    return tuple(_failure(entry) for entry in node.at("failures").items(50))


def _failure(node: Node) -> str:
    message = node.at("message").text()
    if message:
        return message
    column, broken = node.at("column").text(120), node.at("rule").text(160)
    rows, count = ", ".join(node.at("rows").texts(20)), node.at("count").text(20)
    where = f"column {column}: " if column else ""
    return f"{where}{count or 'some'} rows break {broken}" + (f" (rows {rows})" if rows else "")


def training(node: Node) -> Training:
    """`.gleis/out/train.json`."""
    return Training(
        run_id=node.at("run_id").text(80),
        tracking=node.at("tracking_uri").text(300),
        seed=node.at("seed").text(40),
        data_sha256=node.at("data_sha256").text(64),
        model_sha256=node.at("model_sha256").text(64),
        commit=node.at("git_commit").text(64),
        seconds=parse.seconds(node.at("seconds")),
        params=parse.pairs(node.at("params")),
        versions=parse.pairs(node.at("versions")),
    )


def model(node: Node) -> Model:
    """`.gleis/out/model/model.json`."""
    return Model(
        name=node.at("name").text(120),
        framework=node.at("framework").text(60),
        task=node.at("task").text(60),
        target=node.at("target").text(120),
        features=tuple(
            (f.at("name").text(120), f.at("dtype").text(40)) for f in node.at("features").items()
        ),
        classes=node.at("classes").texts(60),
        created=node.at("created").text(40),
        data_sha256=node.at("data_sha256").text(64),
    )


def _points(node: Node) -> tuple[tuple[float, float], ...]:
    found = ([value.number() for value in point.items(2)] for point in node.items(POINTS_LIMIT))
    return tuple(
        (point[0], point[1])
        for point in found
        if len(point) == 2 and point[0] is not None and point[1] is not None
    )
