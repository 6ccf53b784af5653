"""What goes into a model and what comes out: written beside it, so that nobody has to guess."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import files
from .errors import InputError

FILE = "model.json"


@dataclass(frozen=True)
class Prediction:
    """`value` has one entry per row; `probability` one row per row and one column per class."""

    value: np.ndarray
    probability: np.ndarray | None = None


@dataclass(frozen=True)
class Feature:
    """One input column; `values` are the allowed texts of a text column, as seen in training."""

    name: str
    dtype: str
    values: list[str] | None = None


@dataclass(frozen=True)
class Signature:
    """The content of model.json."""

    name: str
    framework: str
    task: str
    target: str
    features: list[Feature]
    classes: list[str] | None
    target_quantiles: list[float] | None
    trusted_types: list[str]
    model_sha256: str
    data_sha256: str
    git_commit: str | None
    created: str
    input_example: dict[str, Any]

    def save(self, directory: Path) -> None:
        """Write model.json; it goes last, so its presence says that the model is complete."""
        files.write_json(directory / FILE, asdict(self))

    def conform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The model's columns in its order and types; InputError names what does not fit."""
        absent = [each.name for each in self.features if each.name not in rows.columns]
        if absent:
            raise InputError(f"column {', '.join(absent)} is missing, and the model needs it")
        chosen = rows[[each.name for each in self.features]]
        try:
            return chosen.astype({each.name: each.dtype for each in self.features})
        except (TypeError, ValueError) as error:
            raise InputError(f"a column has the wrong type for the model: {error}") from None


def load(directory: Path) -> Signature:
    """Read model.json of the model in `directory`."""
    if not directory.is_dir():
        raise InputError(f"{directory} is not a folder with a model: run `gleis run` first")
    document = files.read_json(directory / FILE, made_by="train")
    try:
        described = [Feature(**each) for each in document.pop("features")]
        return Signature(features=described, **document)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{directory / FILE} does not describe a model: {error}") from None


def describe(inputs: pd.DataFrame) -> list[Feature]:
    """The features of a training table."""
    return [_feature(str(name), column) for name, column in inputs.items()]


def _feature(name: str, column: pd.Series) -> Feature:
    if pd.api.types.is_numeric_dtype(column):
        return Feature(name, str(column.dtype))
    return Feature(name, "str", sorted(map(str, column.unique())))
