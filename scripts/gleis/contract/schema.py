"""Shape: a document against its JSON Schema, each error with place, value and what is allowed."""

from __future__ import annotations

import functools
import json
from typing import Any

from gleis import resources
from gleis.contract.document import Document, Pointer
from gleis.contract.problem import Problem, did_you_mean, shown


@functools.cache
def _schema(name: str) -> dict[str, Any]:
    text = resources.path(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@functools.cache
def _validator(name: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(_schema(name), validate_formats=True)


def check(document: Document, name: str) -> list[Problem]:
    """Every way in which `document` breaks `schemas/<name>.schema.json`, in the file's order."""
    problems = [
        problem
        for error in _validator(name).iter_errors(document.data)
        for problem in _problems(document, _schema(name), error)
    ]
    return sorted(_once_per_place(problems), key=lambda problem: problem.position)


def _once_per_place(problems: list[Problem]) -> list[Problem]:
    """One problem for a rule and a place: a value that breaks two branches is wrong once."""
    return list({(problem.rule, problem.position): problem for problem in problems}.values())


def conforms(data: Any, name: str) -> list[str]:
    """Messages of what is wrong with `data` that no person wrote (evidence), without places."""
    return [
        f"{'/'.join(str(step) for step in error.instance_path) or 'top'}: {error.message}"
        for error in _validator(name).iter_errors(data)
    ]


def _problems(document: Document, schema: dict[str, Any], error: Any) -> list[Problem]:
    pointer: Pointer = tuple(error.instance_path)
    kind = error.kind
    parent = _walk(schema, list(error.schema_path)[:-1])
    where = ".".join(str(step) for step in pointer) or "the file"
    value = document.get(*pointer)
    position = document.position(*pointer)
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        known = sorted(parent.get("properties", {}))
        return [
            Problem(
                "schema/unknown-key",
                f"unknown key {shown(key)} in {where}",
                document.position(*pointer, key, key=True),
                key,
                ", ".join(known),
                did_you_mean(key, known),
            )
            for key in kind.unexpected
        ]
    if kind.name == "required":
        wanted = parent.get("properties", {}).get(kind.property, {})
        return [
            Problem(
                "schema/missing-key",
                f"{where} lacks the key {shown(kind.property)}",
                position,
                None,
                "",
                str(wanted.get("description", "")),
            )
        ]
    if kind.name in ("enum", "const"):
        options = [str(option) for option in parent.get("enum", [parent.get("const")])]
        return [
            Problem(
                "schema/not-allowed",
                f"{where} is {shown(value)}",
                position,
                value,
                ", ".join(options),
                did_you_mean(value, options),
            )
        ]
    if kind.name == "type":
        types = parent.get("type", "")
        wanted_types = " or ".join(types) if isinstance(types, list) else str(types)
        return [
            Problem(
                "schema/type",
                f"{where} is {shown(value)} ({_type_name(value)})",
                position,
                value,
                wanted_types,
            )
        ]
    rule = {
        "pattern": "schema/pattern",
        "format": "schema/format",
        "minimum": "schema/range",
        "maximum": "schema/range",
        "exclusiveMinimum": "schema/range",
        "exclusiveMaximum": "schema/range",
        "minLength": "schema/length",
        "maxLength": "schema/length",
        "minItems": "schema/length",
        "maxItems": "schema/length",
        "minProperties": "schema/length",
        "uniqueItems": "schema/unique",
    }.get(kind.name, f"schema/{kind.name}")
    allowed = parent.get("x-allowed") or _bounds(parent) or error.message
    return [Problem(rule, f"{where} is {shown(value)}", position, value, str(allowed))]


def _bounds(parent: dict[str, Any]) -> str:
    words = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "{} entries or more",
        "maxItems": "{} entries or fewer",
        "format": "a valid {}",
        "pattern": "text that matches {}",
    }
    found = [text.format(parent[key]) for key, text in words.items() if key in parent]
    if parent.get("uniqueItems"):
        found.append("each entry once")
    return ", ".join(found)


def _type_name(value: Any) -> str:
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _walk(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    """The sub-schema at an evaluation path, which names `$ref` where it went through one."""
    found: Any = schema
    for step in path:
        if step == "$ref":
            found = functools.reduce(
                lambda node, part: node[part], found["$ref"].removeprefix("#/").split("/"), schema
            )
        else:
            found = found[step]
    return found if isinstance(found, dict) else {}
