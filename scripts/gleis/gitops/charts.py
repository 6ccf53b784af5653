"""The charts of `argocd/charts`: what each takes, what it takes by default, and what it refuses."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleis import resources
from gleis.gitops.errors import GitopsError

FOLDER = "argocd/charts"
LIBRARY = "library"
SCHEMA = "values.schema.json"
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart that makes objects; `about` is its Chart.yaml."""

    name: str
    folder: Path
    about: Mapping[str, Any]
    defaults: Values
    schema: Mapping[str, Any] = field(repr=False)

    def objections(self, values: Values, looked_at: Collection[str] = ()) -> list[str]:
        """What the chart's schema has against `values`, which hold its defaults already.

        Helm would look at the schema of the one chart that it is given, so a batch is checked here.
        `looked_at` are keys whose values are known to be right, because they were checked before.
        """
        return [
            f"{'.'.join(str(step) for step in error.instance_path) or 'the values'}: "
            f"{error.message}"
            for error in _validator(self, frozenset(looked_at)).iter_errors(dict(values))
        ]

    def __hash__(self) -> int:
        return hash(self.folder)


def find(folder: Path | None = None) -> dict[str, Chart]:
    """Every chart below `folder` (default: those of this installation) but the library.

    Raises GitopsError for a chart that cannot be read.
    """
    found = {}
    for file in sorted((folder or resources.path(FOLDER)).glob("*/Chart.yaml")):
        about = _yaml(file)
        if about.get("type") != "library":
            found[file.parent.name] = _chart(file.parent, about)
    return found


def _chart(folder: Path, about: Mapping[str, Any]) -> Chart:
    try:
        schema = json.loads((folder / SCHEMA).read_bytes())
    except (OSError, ValueError) as error:
        raise GitopsError(f"{folder / SCHEMA} cannot be read: {error}") from error
    return Chart(folder.name, folder, about, _yaml(folder / "values.yaml"), schema)


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise GitopsError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise GitopsError(f"{file} is no mapping")
    return content


def merged(*layers: Values) -> dict[str, Any]:
    """Values as Helm merges them: mappings key by key, all else as a whole; the last layer wins.

    A null takes the key away that an earlier layer set.
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if value is None:
                result.pop(key, None)
            elif isinstance(value, Mapping):
                below = result.get(key)
                result[key] = merged(below if isinstance(below, Mapping) else {}, value)
            else:
                result[key] = value
    return result


@functools.cache
def _validator(chart: Chart, looked_at: frozenset[str]) -> Any:
    import jsonschema_rs

    known = {**chart.schema.get("properties", {}), **dict.fromkeys(looked_at, True)}
    return jsonschema_rs.validator_for({**chart.schema, "properties": known})
