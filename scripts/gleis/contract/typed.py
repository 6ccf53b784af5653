"""Validated data into frozen dataclasses: `costCenter` in a file is `cost_center` in code."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def snake(name: str) -> str:
    """`latencyP99Ms` → `latency_p99_ms`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`latency_p99_ms` → `latencyP99Ms`."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def build(cls: type[T], data: dict[str, Any]) -> T:
    """An instance of the dataclass `cls` from `data`, which its schema has already accepted."""
    hints: dict[str, Any] = _hints(typing.cast(Any, cls))
    arguments = {}
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        key = camel(item.name)
        if key in data:
            arguments[item.name] = _value(hints[item.name], data[key])
    return cls(**arguments)


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _value(next(part for part in arguments if part is not type(None)), value)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if origin is dict:
        return {key: _value(arguments[1], item) for key, item in value.items()}
    if hint is float:
        return float(value)
    return value
