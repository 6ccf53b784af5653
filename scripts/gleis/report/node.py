"""A look into untrusted JSON or YAML that never raises: what is missing or misshapen is empty."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

TEXT_LIMIT = 600  # characters; longer texts are cut, so that one field cannot fill the page
ITEMS_LIMIT = 500  # entries of one list or object
FILE_LIMIT = 8_000_000  # bytes; evidence is some kilobytes, so this is something else


@dataclass(frozen=True)
class Node:
    """One value inside a document."""

    value: object = None

    def at(self, *keys: str) -> Node:
        """The value under these keys, one inside the other; empty when one of them is missing."""
        value = self.value
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return Node(value)

    def text(self, limit: int = TEXT_LIMIT) -> str:
        """A string, number or truth value as clean text of at most `limit` characters."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, (str, int, float)):
            return clean(self.value, limit)
        return ""

    def number(self) -> float | None:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            return None
        try:
            found = float(self.value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None

    def whole(self) -> int | None:
        """A whole number."""
        found = self.number()
        return int(found) if found is not None and found == int(found) else None

    def flag(self) -> bool | None:
        """A truth value."""
        return self.value if isinstance(self.value, bool) else None

    def items(self, limit: int = ITEMS_LIMIT) -> tuple[Node, ...]:
        """The first `limit` entries of a list."""
        return tuple(Node(v) for v in self.value[:limit]) if isinstance(self.value, list) else ()

    def fields(self, limit: int = ITEMS_LIMIT) -> tuple[tuple[str, Node], ...]:
        """The first `limit` entries of an object, names cleaned."""
        if not isinstance(self.value, dict):
            return ()
        return tuple((clean(k, 120), Node(v)) for k, v in list(self.value.items())[:limit])

    def texts(self, limit: int = ITEMS_LIMIT) -> tuple[str, ...]:
        """The entries of a list as texts."""
        return tuple(item.text(120) for item in self.items(limit))

    def __bool__(self) -> bool:
        return bool(self.value)


@dataclass(frozen=True)
class Reading:
    """What a file held, and what was wrong with it in words (empty when nothing was)."""

    name: str
    node: Node = Node()
    note: str = ""
    there: bool = True


def clean(value: object, limit: int = TEXT_LIMIT) -> str:
    """`value` as text that can be shown: no control characters, lone surrogates, bidi marks."""
    try:
        text = str(value)
    except ValueError:  # an integer with more digits than Python turns into text
        return "(a very long number)"
    cut = len(text) > limit
    text = text[:limit]
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else _substitute(c) for c in text)
    return text.rstrip() + " …" if cut else text


def _substitute(character: str) -> str:
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def read_json(root: Path, name: str) -> Reading:
    """The JSON object in the file `name` under `root`; a note instead of an error."""
    path = root / name
    try:
        if not path.is_file():
            return Reading(name, note=f"{name} is not there.", there=False)
        if path.stat().st_size > FILE_LIMIT:
            return Reading(name, note=f"{name} is larger than 8 MB and was not read.")
        value = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return Reading(name, note=f"{name} is not valid JSON ({where}): half written or edited.")
    except (OSError, ValueError, RecursionError) as error:
        return Reading(name, note=f"{name} cannot be read: {clean(error, 200)}.")
    if not isinstance(value, dict):
        return Reading(name, note=f"{name} does not hold a JSON object.")
    return Reading(name, Node(value))
