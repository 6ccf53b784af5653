"""The stage `evaluate`: how good is a model on the test rows, overall and in each slice?

Whether that is good enough is not decided here: the gate is the platform's, the same for all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import bootstrap, contract, data, files, metrics, model, signature, tracking
from .errors import InputError, one_line
from .features import features

# More values than this are no slices: there would be a handful of rows in each.
MOST_SLICES = 20


@one_line("evaluate")
def main(argv: list[str] | None = None) -> int:
    """Evaluate the model in `--model` and write `--output`."""
    parser = argparse.ArgumentParser(prog="evaluate", description=main.__doc__)
    parser.add_argument("--model", type=Path, default=contract.MODEL, help="folder of the model")
    parser.add_argument("--output", type=Path, default=contract.METRICS, help="file to write")
    given = parser.parse_args(argv)

    agreed = contract.load()
    if agreed.metric not in metrics.NAMES:
        raise InputError(
            f"project.yaml: model.metric.name {agreed.metric} is not computed: "
            f"allowed are {', '.join(metrics.NAMES)}"
        )
    described = signature.load(given.model)
    fitted = model.load(given.model, described.model_sha256)
    rows = data.part("test")
    actual = rows[data.TARGET]
    predicted = model.predict(fitted, described.conform(features(rows, data.TARGET)))
    overall = metrics.evaluate(actual, predicted, described.classes)
    files.write_json(
        given.output,
        {
            "task": agreed.task,
            "model_sha256": described.model_sha256,
            "data_sha256": data.report()["sha256"],
            "n": len(rows),
            "primary": agreed.metric,
            "goal": agreed.goal,
            "interval": bootstrap.method(),
            "overall": overall,
            "slices": _slices(rows, agreed.slices, actual, predicted, described.classes),
            "plots": metrics.plots(actual, predicted, described.classes),
        },
    )
    _log(described.model_sha256, overall)
    best = overall[agreed.metric]
    low, high = best["low"], best["high"]
    print(f"evaluate: {agreed.metric} {best['value']:.3f} (95 %: {low:.3f} to {high:.3f})")
    return 0


def _slices(
    rows: pd.DataFrame,
    columns: tuple[str, ...],
    actual: pd.Series,
    predicted: signature.Prediction,
    classes: list[str] | None,
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for column in columns:
        result[column] = {
            value: {
                "n": int(chosen.sum()),
                "metrics": metrics.evaluate(actual[chosen], _only(predicted, chosen), classes),
            }
            for value, chosen in _values(rows, column)
        }
    return result


def _values(rows: pd.DataFrame, column: str) -> Iterator[tuple[str, np.ndarray]]:
    """Each value of a slice column, with the rows that have it."""
    if column not in rows.columns:
        raise InputError(
            f"project.yaml: model.metric.slices: no column {column} in the data: "
            f"allowed are {', '.join(rows.columns)}"
        )
    values = sorted(rows[column].unique())
    if len(values) > MOST_SLICES:
        raise InputError(
            f"project.yaml: model.metric.slices: {column} has {len(values)} values, "
            f"{MOST_SLICES} at most: slice by a category"
        )
    for value in values:
        yield str(value), (rows[column] == value).to_numpy()


def _only(predicted: signature.Prediction, chosen: np.ndarray) -> signature.Prediction:
    probability = predicted.probability
    return signature.Prediction(
        predicted.value[chosen], None if probability is None else probability[chosen]
    )


def _log(model_sha256: str, overall: bootstrap.Metrics) -> None:
    """Add the metrics to the training run, if it is this model that was trained last."""
    if not contract.TRAIN.is_file():
        return
    trained = files.read_json(contract.TRAIN, made_by="train")
    if trained["run_id"] and trained["model_sha256"] == model_sha256:
        found = {
            f"{name}_{part}" if part != "value" else name: number
            for name, numbers in overall.items()
            for part, number in numbers.items()
        }
        tracking.record(metrics=found, run_id=trained["run_id"])


if __name__ == "__main__":
    raise SystemExit(main())
