"""What the code needs from `project.yaml`, and where the products of a run lie.

All paths are relative to the root of the repo, which is where every command starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import InputError

PROJECT = Path("project.yaml")
DATA_CONTRACT = Path("data-contract.yaml")
WORK = Path(".gleis")
DATA = WORK / "out" / "data"
MODEL = WORK / "out" / "model"
TRAIN = WORK / "out" / "train.json"
METRICS = WORK / "out" / "metrics.json"


@dataclass(frozen=True)
class Contract:
    """The part of the project's contract that training and evaluation use."""

    name: str
    framework: str
    task: str
    metric: str
    goal: str
    slices: tuple[str, ...]


def load(path: Path = PROJECT) -> Contract:
    """Read the contract. `gleis check` validates all of it; here what is used must be there."""
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path} is missing: start the command in the root of the repo") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {error}") from None
    return Contract(
        name=_value(document, path, "metadata", "name"),
        framework=_value(document, path, "model", "framework"),
        task=_value(document, path, "model", "task"),
        metric=_value(document, path, "model", "metric", "name"),
        goal=_value(document, path, "model", "metric", "goal"),
        slices=tuple(document["model"]["metric"].get("slices") or ()),
    )


def _value(document: Any, path: Path, *keys: str) -> str:
    found = document
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            raise InputError(f"{path}: {'.'.join(keys)} is missing: `gleis check` says more")
        found = found[key]
    return str(found)
