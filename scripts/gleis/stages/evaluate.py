"""`evaluate`: measure the challenger on the held-out rows, then let the gate decide.

The gate is the platform's, not the project's: the floor, and no worse than the champion on the same
rows by more than the tolerance; both overall and for every value of every slice column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from gleis.contract.project import Metric
from gleis.pipeline.stage import OUT, Context, Outcome

CHAMPION = ".gleis/champion"


@dataclass(frozen=True)
class Verdict:
    """One comparison of the gate; `scope` is `overall` or `column=value`."""

    scope: str
    kind: str
    metric: str
    value: float
    bound: float
    ok: bool

    def __str__(self) -> str:
        what = "the floor" if self.kind == "floor" else "the champion less the tolerance:"
        return f"{self.metric} = {self.value:.4g} misses {what} {self.bound:.4g} ({self.scope})"


def run(context: Context) -> Outcome:
    """Fail when a comparison of the gate fails, naming metric, value, bound and slice."""
    answer = context.module("evaluate")
    if answer.code:
        return context.broke(answer, "evaluation")
    metrics = context.read("metrics.json")
    champion = _champion(context, metrics)
    compared = champion["metrics"] if champion else None
    verdicts = list(gate(context.project.model.metric, metrics, compared))
    details = {"gate": [asdict(verdict) for verdict in verdicts], "champion": champion}
    values = {name: found["value"] for name, found in metrics["overall"].items()}
    failed = [verdict for verdict in verdicts if not verdict.ok]
    primary = context.project.model.metric.name
    if failed:
        lines = "\n".join(f"  {verdict}" for verdict in failed)
        return Outcome.failed(
            f"the model is not good enough, nothing was registered:\n{lines}\n"
            "Train a better one; floor and tolerance stand in project.yaml under model.metric",
            metrics=values,
            details=details,
        )
    beats = f"champion v{champion['version']} compared" if champion else "no champion yet"
    interval = metrics["overall"][primary]
    return Outcome(
        metrics=values,
        details=details,
        summary=f"{primary} {interval['value']:.4f} "
        f"[{interval['low']:.4f}, {interval['high']:.4f}], {beats}",
    )


def gate(
    metric: Metric, challenger: dict[str, Any], champion: dict[str, Any] | None
) -> Iterator[Verdict]:
    """Every comparison that the gate makes. A value that is missing or NaN passes none of them.

    Only a slice of a single row may lack the metric: some (R²) are not defined there.
    """
    theirs = dict(_scopes(metric.name, champion)) if champion else {}
    for scope, value in _scopes(metric.name, challenger):
        floor_ok = metric.better_or_equal(value, metric.floor)
        yield Verdict(scope, "floor", metric.name, value, metric.floor, floor_ok)
        if scope in theirs and not math.isnan(theirs[scope]):
            bound = metric.worsened(theirs[scope])
            champion_ok = metric.better_or_equal(value, bound)
            yield Verdict(scope, "champion", metric.name, value, bound, champion_ok)


def _scopes(name: str, metrics: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield "overall", _value(metrics["overall"], name)
    for column, values in metrics["slices"].items():
        for value, found in values.items():
            if found["n"] < 2 and name not in found["metrics"]:
                continue
            yield f"{column}={value}", _value(found["metrics"], name)


def _value(metrics: dict[str, Any], name: str) -> float:
    value = metrics.get(name, {}).get("value")
    return float(value) if isinstance(value, int | float) else math.nan


def _champion(context: Context, challenger: dict[str, Any]) -> dict[str, Any] | None:
    """The champion, measured on the same rows; None while there is none."""
    answer = context.registry("champion", name=context.project.metadata.name, into=CHAMPION)
    if answer.code:
        from gleis.errors import ToolMissing

        raise ToolMissing(
            f"the model registry did not answer: {answer.error}. Check MLFLOW_TRACKING_URI; "
            f"the log is {context.log.name}"
        )
    champion = answer.result
    if champion is None:
        return None
    if champion["model_sha256"] == challenger["model_sha256"]:
        return {"version": champion["version"], "metrics": challenger}
    context.say(f"measuring champion v{champion['version']} on the same rows")
    file = f"{OUT}/champion-metrics.json"
    measured = context.module("evaluate", "--model", CHAMPION, "--output", file)
    if measured.code:
        from gleis.pipeline.stage import BadOutput

        raise BadOutput(
            f"champion v{champion['version']} cannot be measured with today's data and code, "
            f"so the challenger cannot be compared with it (exit code {measured.code}):\n"
            f"{context.last_words()}\n"
            "If the columns changed on purpose, retire the champion: delete its alias in MLflow"
        )
    return {"version": champion["version"], "metrics": context.read("champion-metrics.json")}
