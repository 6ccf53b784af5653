"""The README of each chart: what it makes, what it is told, and its options.

All of it is said already: comments and defaults in values.yaml, types and bounds in the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleis.gitops import charts
from gleis.gitops.charts import Chart
from gleis.tools.markdown import code, prose, table

# What every chart is told by values files: the records of a tenant, and the organisation.
RECORDS = ("apiVersion", "kind", "tenant", "environment", "release", "platform")
_LONG = 60  # characters; a longer default is looked up in the file
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][\w-]*):(?P<rest>.*)$")
_OBJECT = re.compile(r"^apiVersion: (\S+)\n(?:\{\{.*\}\}\n)?kind: (\w+)$", re.M)


@dataclass(frozen=True)
class Option:
    """A key of values.yaml with its comment. `default` is None for a group of options."""

    path: tuple[str, ...]
    comment: str
    default: Any


def render(root: Path) -> dict[str, str]:
    """The README of every chart of the checkout `root`: name => text.

    Nothing where there are no charts. Raises GitopsError for a chart that cannot be read.
    """
    folder = root / charts.FOLDER
    return {
        f"{charts.FOLDER}/{name}/README.md": readme(folder / name, chart)
        for name, chart in charts.find(folder).items()
    }


def readme(folder: Path, chart: Chart) -> str:
    """The README of one chart."""
    found = options((folder / charts.DEFAULTS).read_text(encoding="utf-8"), chart.defaults)
    records = [it for it in found if it.path[0] in RECORDS]
    own = [it for it in found if it.path[0] not in RECORDS]
    sections = [
        f"<!-- Written by gleis render from argocd/charts/{chart.name}: change that, then render "
        "again. -->",
        f"# {chart.name}",
        " ".join(str(chart.about.get("description", "")).split()),
        *_made(chart),
        "## What it is told",
        "Argo CD hands over the records of a tenant and the organisation's facts as values files; "
        "nothing of them is repeated in this chart.",
        table(
            ("value", "what it is"),
            ((code(".".join(it.path)), prose(it.comment)) for it in records),
        ),
        "## Options",
        "Defaults stand in [values.yaml](values.yaml), what is allowed in "
        "[values.schema.json](values.schema.json). Anything else is refused.",
        table(
            ("option", "type", "default", "what it is for"),
            (
                (
                    code(".".join(it.path)),
                    prose(kind(chart.schema, it.path)),
                    "" if it.default is None else _default(it.default),
                    prose(it.comment),
                )
                for it in own
            ),
        ),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def options(text: str, defaults: Mapping[str, Any]) -> list[Option]:
    """The keys of values.yaml in its order, each with the comment right above it.

    A mapping whose keys have comments of their own is a group, any other value is one option.
    """
    comments = dict(_comments(text))
    return list(_options((), defaults, comments))


def _options(
    above: tuple[str, ...], values: Mapping[str, Any], comments: Mapping[tuple[str, ...], str]
) -> Iterator[Option]:
    for key, value in values.items():
        path = (*above, key)
        comment = comments.get(path, "")
        below = isinstance(value, dict) and any(
            it[: len(path)] == path and len(it) > len(path) for it in comments
        )
        if not below:
            yield Option(path, comment, value)
            continue
        if comment:
            yield Option(path, comment, None)
        yield from _options(path, value, comments)


def _comments(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    lines: list[str] = []
    path: list[tuple[int, str]] = []  # indent and key of the keys that we are below
    for line in text.splitlines():
        if line.lstrip().startswith("# yaml-language-server:"):
            continue
        if line.lstrip().startswith("#"):
            lines.append(line.lstrip().removeprefix("#").strip())
            continue
        found = _KEY.match(line)
        if found is not None:
            indent = len(found["indent"])
            path = [each for each in path if each[0] < indent] + [(indent, found["key"])]
            if lines:
                yield tuple(key for _, key in path), " ".join(lines)
        lines = []


def kind(schema: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """What the schema allows at `path`, in words."""
    node = schema
    for step in path:
        node = _resolved(schema, node.get("properties", {}).get(step, {}))
    if "enum" in node:
        return ", ".join(
            f"`{it if isinstance(it, str) else json.dumps(it)}`" for it in node["enum"]
        )
    said = node.get("type", "")
    if isinstance(said, list):
        return " or ".join(said)
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f"{said}, {low} to {high}"
    return f"{said}, {low} or more" if low is not None else str(said)


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _made(chart: Chart) -> Iterator[str]:
    found = {
        f"{name} ({api.strip(chr(34))})"
        for file, text in chart.templates.items()
        if file.startswith(f"{chart.name}/")
        for api, name in _OBJECT.findall(text)
        if "{{" not in api
    }
    if found:
        yield "## What it makes"
        yield "\n".join(f"- {each}" for each in sorted(found))


def _default(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return code(text) if len(text) <= _LONG else "[values.yaml](values.yaml)"
