"""Predictions for a file of rows: a table in, the same table with predictions out."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from . import contract, files, model, signature, source
from .errors import InputError, one_line


@one_line("predict")
def main(argv: list[str] | None = None) -> int:
    """Predict every row of INPUT (.csv or .parquet) and write OUTPUT (.csv or .parquet)."""
    parser = argparse.ArgumentParser(prog="predict", description=main.__doc__)
    parser.add_argument("input", help="path or URI of the rows")
    parser.add_argument("output", type=Path, help="file to write")
    parser.add_argument("--model", type=Path, default=contract.MODEL, help="folder of the model")
    given = parser.parse_args(argv)
    if given.output.suffix not in (".csv", ".parquet"):
        raise InputError(f"{given.output}: write .csv or .parquet")

    described = signature.load(given.model)
    fitted = model.load(given.model, described.model_sha256)
    rows = source.read(given.input)
    result = with_predictions(rows, described, fitted)
    with files.replacing(given.output) as temporary:
        if given.output.suffix == ".csv":
            result.to_csv(temporary, index=False)
        else:
            result.to_parquet(temporary, index=False)
    print(f"predict: {len(result)} rows written to {given.output}")
    return 0


def with_predictions(
    rows: pd.DataFrame, described: signature.Signature, fitted: object
) -> pd.DataFrame:
    """The rows with a column `predict`, and `probability_<class>` for each class."""
    inputs = described.conform(rows)
    empty = [str(name) for name in inputs if inputs[name].isna().any()]
    if empty:
        raise InputError(f"empty cells in column {', '.join(empty)}: the model needs every value")
    if rows.empty:
        raise InputError("there is no row to predict")
    predicted = model.predict(fitted, inputs)
    result = rows.assign(predict=predicted.value)
    if predicted.probability is not None:
        for position, label in enumerate(described.classes or []):
            result[f"probability_{label}"] = predicted.probability[:, position]
    return result


if __name__ == "__main__":
    raise SystemExit(main())
