"""Real rows of the test set, and what the project's own `predict` makes of them."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any


def expected(package: str, model: str, data: str, scratch: str, count: int) -> dict[str, Any]:
    """The first `count` test rows as Open Inference Protocol inputs, and their predictions.

    Answers `rows` (a list of inputs per row), `batch` (one list of inputs for all rows) and
    `predictions`, as plain JSON values.
    """
    import json

    import pandas as pd

    facts = json.loads((Path(model) / "model.json").read_text(encoding="utf-8"))
    features = [feature["name"] for feature in facts["features"]]
    rows = pd.read_parquet(data)[features].head(count)
    folder = Path(scratch)
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(folder / "rows.parquet", index=False)
    argv = sys.argv
    sys.argv = [
        "predict", str(folder / "rows.parquet"), str(folder / "predicted.parquet"), "--model", model
    ]  # fmt: skip
    try:
        runpy.run_module(f"{package}.predict", run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        if leaving.code:
            raise RuntimeError(f"predict ended with {leaving.code}") from None
    finally:
        sys.argv = argv
    predicted = pd.read_parquet(folder / "predicted.parquet")
    column = "prediction" if "prediction" in predicted else "predict"
    if len(predicted) != len(rows):
        raise RuntimeError(f"predict answered {len(predicted)} rows for {len(rows)}")
    return {
        "rows": [_inputs(rows.iloc[[index]]) for index in range(len(rows))],
        "batch": _inputs(rows),
        "predictions": predicted[column].tolist(),
    }


def _inputs(rows: Any) -> list[Any]:
    return [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": _datatype(rows[name].dtype),
            "data": rows[name].tolist(),
        }
        for name in rows
    ]


def _datatype(dtype: Any) -> str:
    kinds = {"f": "FP64", "i": "INT64", "u": "INT64", "b": "BOOL"}
    return kinds.get(getattr(dtype, "kind", "O"), "BYTES")
