"""What a change does to objects: which come, which go, and what changes in the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Field:
    """A place in an object, with what it holds before and after (None: nothing)."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ObjectChange:
    """One object: `identity` is cluster, group, kind, namespace and name."""

    identity: str
    what: str
    fields: tuple[Field, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data; whole objects are not repeated."""
        return {
            "object": self.identity,
            "change": self.what,
            "fields": [
                {"path": each.path, "before": each.before, "after": each.after}
                for each in self.fields
            ],
        }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ObjectChange]:
    """Objects by identity, compared; in the order of identities."""
    found = []
    for identity in sorted(before.keys() | after.keys()):
        if identity not in before:
            found.append(ObjectChange(identity, ADDED))
        elif identity not in after:
            found.append(ObjectChange(identity, REMOVED))
        elif before[identity] != after[identity]:
            fields = tuple(_fields("", before[identity], after[identity]))
            found.append(ObjectChange(identity, CHANGED, fields))
    return found


def _fields(path: str, before: Any, after: Any) -> Iterator[Field]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            step = f"[{key}]" if "." in str(key) or "/" in str(key) else f".{key}"
            yield from _fields(f"{path}{step}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(path, before, after)
    else:
        yield Field(path.removeprefix("."), before, after)


def _of_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Field]:
    """By name where all elements have one, as Kubernetes merges lists; else by place."""
    named = [_by_name(each) for each in (before, after)]
    if named[0] is not None and named[1] is not None:
        for name in dict.fromkeys([*named[0], *named[1]]):
            yield from _fields(f"{path}[{name}]", named[0].get(name), named[1].get(name))
        return
    for index in range(max(len(before), len(after))):
        one = before[index] if index < len(before) else None
        other = after[index] if index < len(after) else None
        yield from _fields(f"{path}[{index}]", one, other)


def _by_name(values: list[Any]) -> dict[str, Any] | None:
    names = [each.get("name") if isinstance(each, dict) else None for each in values]
    if None in names or len(set(names)) != len(names):
        return None
    return {str(name): each for name, each in zip(names, values, strict=True)}
