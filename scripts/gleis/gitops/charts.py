"""The charts of `argocd/charts`: what each takes, what it takes by default, and what it refuses."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gleis import resources
from gleis.gitops.errors import GitopsError

FOLDER = "argocd/charts"
LIBRARY = "library"
ABOUT, DEFAULTS, SCHEMA = "Chart.yaml", "values.yaml", "values.schema.json"
Values = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart that makes objects, read. `about` is its Chart.yaml.

    `templates` are the files that define names, its own and the library's: `tenant/_objects.tpl`.
    """

    name: str
    about: Mapping[str, Any]
    defaults: Values
    schema: Mapping[str, Any]
    templates: Mapping[str, str]

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


def find(folder: Path | None = None) -> dict[str, Chart]:
    """Every chart of the folder (default: of this installation), by name. Raises GitopsError."""
    start = folder or resources.path(FOLDER)
    names = (ABOUT, DEFAULTS, SCHEMA, "templates/_*.tpl")
    wanted = [path for name in names for path in start.glob(f"*/{name}")]
    try:
        return read({str(each.relative_to(start)): each.read_text("utf-8") for each in wanted})
    except (OSError, UnicodeDecodeError) as error:
        raise GitopsError(f"a chart in {start} cannot be read: {error}") from error


def read(files: Mapping[str, str]) -> dict[str, Chart]:
    """Every chart among `files` (`<chart>/…` => text), by name. Raises GitopsError.

    The texts may come from anywhere: a folder, or a commit that nobody has checked out.
    """
    folders = sorted(name.split("/")[0] for name in files if name.count("/") == 1
                     and name.endswith(f"/{ABOUT}"))  # fmt: skip
    return {
        name: _chart(name, files, about)
        for name in folders
        if (about := _mapping(f"{name}/{ABOUT}", files)).get("type") != LIBRARY
    }


def _chart(name: str, files: Mapping[str, str], about: Mapping[str, Any]) -> Chart:
    file = f"{name}/{SCHEMA}"
    try:
        schema = json.loads(files[file])
    except KeyError:
        raise GitopsError(f"the chart {name} lacks {SCHEMA}, so any value would do") from None
    except ValueError as error:
        raise GitopsError(f"{file} is no JSON: {error}") from error
    templates = {
        f"{owner}/{PurePosixPath(path).name}": text
        for path, text in files.items()
        for owner in (name, LIBRARY)
        if path.startswith(f"{owner}/templates/_")
    }
    return Chart(name, about, _mapping(f"{name}/{DEFAULTS}", files), schema, templates)


def _mapping(file: str, files: Mapping[str, str]) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.load(files[file], Loader=yaml.CSafeLoader)
    except KeyError:
        raise GitopsError(f"{file} is missing") from None
    except yaml.YAMLError as error:
        raise GitopsError(f"{file} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise GitopsError(f"{file} is no mapping")
    return content


def merged(*layers: Values) -> dict[str, Any]:
    """Values files as Helm merges them: mappings key by key, all else as a whole; the last wins."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            both = isinstance(below, Mapping) and isinstance(value, Mapping)
            result[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def over(defaults: Values, values: Values) -> dict[str, Any]:
    """`values` over a chart's defaults, as Helm does it: a null takes a default away."""
    result = {key: value for key, value in defaults.items() if values.get(key, "") is not None}
    for key, value in values.items():
        below = defaults.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = over(below, value)
        elif value is not None or key not in defaults:
            result[key] = value
    return result


@functools.cache
def _validator(chart: Chart, looked_at: frozenset[str]) -> Any:
    import jsonschema_rs

    known = {**chart.schema.get("properties", {}), **dict.fromkeys(looked_at, True)}
    return jsonschema_rs.validator_for({**chart.schema, "properties": known})
