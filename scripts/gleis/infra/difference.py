"""What differs between two values of a resource, attribute by attribute, without the secret ones.

Values are those of `terraform show -json`: null, booleans, numbers, text, lists and mappings.
Beside them Terraform gives the same shape with `true` where a value is sensitive or not yet known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
Path = tuple[str | int, ...]

# Shorter texts are no secrets, and hiding them wherever they occur would hide the plan.
_SHORTEST_SECRET = 4
_SHORTEST_INSIDE = 6


@dataclass(frozen=True)
class Attribute:
    """An attribute that changes. `before` and `after` hold SENSITIVE or UNKNOWN in place of values
    that may not, or cannot, be shown; `replaces` when it forces a new resource."""

    path: Path
    before: Any
    after: Any
    replaces: bool = False

    @property
    def name(self) -> str:
        """The path as one writes it: `ingress[0].cidr_blocks`."""
        return spelt(self.path)

    def to_dict(self) -> dict[str, Any]:
        return {
            "attribute": self.name,
            "before": self.before,
            "after": self.after,
            "replaces": self.replaces,
        }


def spelt(path: Path) -> str:
    """`("a", 0, "b")` as `a[0].b`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def within(path: Path, other: Path) -> bool:
    """Whether one of the two leads to the other."""
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


def masked(value: Any, sensitive: Any) -> Any:
    """`value` with SENSITIVE wherever `sensitive`, of the same shape, says true."""
    if sensitive is True:
        return None if value is None else SENSITIVE
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {key: masked(each, sensitive.get(key)) for key, each in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        return [masked(each, _at(sensitive, index)) for index, each in enumerate(value)]
    return value


def secrets(value: Any, sensitive: Any) -> Iterator[str]:
    """The texts in `value` that `sensitive` says true of, as they stand and as JSON writes them."""
    if sensitive is True:
        if isinstance(value, dict | list):
            parts = value.values() if isinstance(value, dict) else value
            for each in parts:
                yield from secrets(each, True)
        elif isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
            yield value
            yield json.dumps(value)[1:-1]
    elif isinstance(value, dict) and isinstance(sensitive, dict):
        for key, each in value.items():
            yield from secrets(each, sensitive.get(key))
    elif isinstance(value, list) and isinstance(sensitive, list):
        for index, each in enumerate(value):
            yield from secrets(each, _at(sensitive, index))


def without_secrets(value: Any, known: frozenset[str]) -> Any:
    """`value` with SENSITIVE for every text that is, or holds, one of the `known` secrets."""
    if isinstance(value, dict):
        return {key: without_secrets(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [without_secrets(each, known) for each in value]
    if isinstance(value, str) and value not in (SENSITIVE, UNKNOWN):
        return SENSITIVE if any(_holds(value, each) for each in known) else value
    return value


def _holds(text: str, secret: str) -> bool:
    return text == secret or (len(secret) >= _SHORTEST_INSIDE and secret in text)


def attributes(
    before: Any,
    after: Any,
    *,
    sensitive_before: Any = False,
    sensitive_after: Any = False,
    unknown: Any = False,
    replace_paths: Sequence[Path] = (),
) -> tuple[Attribute, ...]:
    """Every attribute that differs, in order. Null and empty count as the same: providers write
    one where they read the other."""
    found = _differences(before, after, sensitive_before, sensitive_after, unknown, ())
    return tuple(
        Attribute(path, old, new, any(within(path, each) for each in replace_paths))
        for path, old, new in found
    )


def _differences(
    before: Any, after: Any, hidden_before: Any, hidden_after: Any, unknown: Any, path: Path
) -> Iterator[tuple[Path, Any, Any]]:
    if unknown is True:
        yield path, masked(before, hidden_before), UNKNOWN
        return
    if hidden_before is True or hidden_after is True:
        if before != after:
            yield path, SENSITIVE, SENSITIVE
        return
    if isinstance(before, dict) and isinstance(after, dict):
        of_unknown = unknown if isinstance(unknown, dict) else {}
        for key in dict.fromkeys((*before, *after, *of_unknown)):
            yield from _differences(
                before.get(key),
                after.get(key),
                _at(hidden_before, key),
                _at(hidden_after, key),
                _at(unknown, key),
                (*path, key),
            )
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(
                old,
                new,
                _at(hidden_before, index),
                _at(hidden_after, index),
                _at(unknown, index),
                (*path, index),
            )
        return
    if before == after or (_empty(before) and _empty(after) and not _any(unknown)):
        return
    inner = _inside_json(before, after, path)
    if inner:
        yield from inner
        return
    yield path, masked(before, hidden_before), _with_unknown(masked(after, hidden_after), unknown)


def _inside_json(before: Any, after: Any, path: Path) -> list[tuple[Path, Any, Any]]:
    """What differs inside two JSON texts, such as policies; nothing where they are none."""
    texts = (before, after)
    if not all(isinstance(each, str) and each.lstrip()[:1] in ("{", "[") for each in texts):
        return []
    try:
        old, new = (json.loads(each) for each in texts)
    except ValueError:
        return []
    return list(_differences(old, new, False, False, False, path))


def _with_unknown(value: Any, unknown: Any) -> Any:
    """`value` with UNKNOWN wherever `unknown` says true."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and isinstance(value, dict | None):
        known = value or {}
        return {
            key: _with_unknown(known.get(key), unknown.get(key))
            for key in dict.fromkeys((*known, *unknown))
            if key in known or _any(unknown.get(key))
        }
    if isinstance(unknown, list) and isinstance(value, list):
        return [_with_unknown(each, _at(unknown, index)) for index, each in enumerate(value)]
    return value


def _at(shape: Any, step: str | int) -> Any:
    """What `shape` says of one key or index; true for the whole is true for each part."""
    if isinstance(shape, dict):
        return shape.get(str(step), False)
    if isinstance(shape, list):
        return shape[step] if isinstance(step, int) and step < len(shape) else False
    return shape


def _any(shape: Any) -> bool:
    if isinstance(shape, dict):
        return any(map(_any, shape.values()))
    if isinstance(shape, list):
        return any(map(_any, shape))
    return shape is True


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
