"""The one loader of YAML files that people write: data with the place of every value.

It reads YAML 1.2's core schema (what editors check with), so `on`, `no` and `12:30` are strings and
a date is a string that the schema checks. Files are untrusted: tags, anchors and aliases are
refused, and size, depth and number of values are bounded before anything is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gleis.contract.problem import ContractError, Position, Problem, shown

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000

Pointer = tuple[str | int, ...]

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """Parsed data and where each value and key of it stands."""

    path: Path
    name: str
    data: Any
    values: dict[Pointer, tuple[int, int]] = field(repr=False)
    keys: dict[Pointer, tuple[int, int]] = field(repr=False)

    def position(self, *pointer: str | int, key: bool = False) -> Position:
        """Where the value (or, with `key`, the key) at `pointer` stands, or its nearest parent."""
        for length in range(len(pointer), -1, -1):
            places = self.keys if key and length == len(pointer) else self.values
            place = places.get(pointer[:length])
            if place:
                return Position(self.name, *place)
        return Position(self.name)

    def get(self, *pointer: str | int, default: Any = None) -> Any:
        """The value at `pointer`, or `default` where nothing stands there."""
        found: Any = self.data
        for step in pointer:
            if isinstance(found, dict) or (
                isinstance(found, list) and isinstance(step, int) and step < len(found)
            ):
                found = found.get(step, default) if isinstance(found, dict) else found[int(step)]
            else:
                return default
        return found


def load(path: Path, *, root: Path | None = None) -> Document:
    """Read the YAML file `path`; messages name it relative to `root`.

    Raises ContractError when it is missing, unreadable, too large, not UTF-8 or not plain YAML.
    """
    name = path.name if root is None else path.relative_to(root).as_posix()
    if root is not None and not path.resolve().is_relative_to(root.resolve()):
        raise _refused(
            name, "file/outside", f"{name} leads out of {root}: put the file itself there"
        )
    try:
        if path.exists() and not path.is_file():
            raise _refused(name, "file/kind", f"{name} is not a regular file: put a file there")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(
            name, "file/missing", f"{name} is missing in {path.parent}: create it or change folder"
        ) from None
    except OSError as error:
        raise _refused(
            name, "file/unreadable", f"{name} cannot be read: {error.strerror}"
        ) from None
    if len(raw) > MAX_BYTES:
        raise _refused(
            name, "file/size", f"{name} is larger than {MAX_BYTES:,} bytes: make it smaller"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(
            name,
            "file/encoding",
            f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8",
            line,
        ) from None
    return parse(text, path, name=name)


def parse(text: str, path: Path, *, name: str | None = None, first_line: int = 1) -> Document:
    """Build a Document from `text`; `first_line` is where it began inside another file."""
    return _Builder(text, path, name or path.name, first_line).build()


def _refused(name: str, rule: str, message: str, line: int = 1, column: int = 1) -> ContractError:
    return ContractError([Problem(rule, message, Position(name, line, column))])


@dataclass
class _Open:
    """A mapping or a list that the builder is inside of."""

    container: dict[str, Any] | list[Any]
    pointer: Pointer
    key: str | None = None


class _Builder:
    """Builds data from parser events, without recursion, so that depth cannot exhaust the stack."""

    def __init__(self, text: str, path: Path, name: str, first_line: int) -> None:
        self.text, self.path, self.name = text, path, name
        self.shift = first_line
        self.values: dict[Pointer, tuple[int, int]] = {}
        self.keys: dict[Pointer, tuple[int, int]] = {}
        self.stack: list[_Open] = []
        self.data: Any = None
        self.documents = 0

    def build(self) -> Document:
        try:
            for event in yaml.parse(self.text, Loader=_LOADER):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = self._place(mark) if mark else (1, 1)
            raise _refused(
                self.name,
                "yaml/syntax",
                f"not valid YAML: {error.problem or error.context}",
                *place,
            ) from None
        except yaml.YAMLError as error:  # a reader error has no mark: a control character
            raise _refused(
                self.name, "yaml/syntax", f"not valid YAML: {str(error).splitlines()[0]}"
            ) from None
        return Document(self.path, self.name, self.data, self.values, self.keys)

    def _place(self, mark: Any) -> tuple[int, int]:
        return mark.line + self.shift, mark.column + 1

    def _take(self, event: Any) -> None:
        place = self._place(event.start_mark) if event.start_mark else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _refused(
                    self.name,
                    "yaml/one-document",
                    "a second document starts here: keep one",
                    *place,
                )
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(
                self.name,
                "yaml/no-anchors",
                "anchors and aliases (&, *) are not used in these files: write the value out",
                *place,
            )
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._tagless(event, place)
            container: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            pointer = self._add(container, place)
            if len(self.stack) >= MAX_DEPTH:
                raise _refused(
                    self.name, "yaml/depth", f"nested deeper than {MAX_DEPTH} levels", *place
                )
            self.stack.append(_Open(container, pointer))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._tagless(event, place)
            self._scalar(event, place)

    def _tagless(self, event: Any, place: tuple[int, int]) -> None:
        if event.tag not in (None, "!"):
            raise _refused(
                self.name,
                "yaml/no-tags",
                f"the tag {shown(event.tag)} is refused: plain values only",
                *place,
            )

    def _scalar(self, event: Any, place: tuple[int, int]) -> None:
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.container, dict) and top.key is None:
            key = str(event.value)
            if key in top.container:
                first = self.keys[(*top.pointer, key)][0]
                raise _refused(
                    self.name,
                    "yaml/duplicate-key",
                    f"{shown(key)} stands here again (first: line {first})",
                    *place,
                )
            top.key = key
            self.keys[(*top.pointer, key)] = place
        else:
            plain = event.implicit[0] and event.tag is None
            self._add(_resolve(event.value) if plain else event.value, place)

    def _add(self, value: Any, place: tuple[int, int]) -> Pointer:
        if len(self.values) >= MAX_VALUES:
            raise _refused(self.name, "yaml/size", f"more than {MAX_VALUES:,} values", *place)
        pointer: Pointer = ()
        if not self.stack:
            self.data = value
        else:
            top = self.stack[-1]
            if isinstance(top.container, dict):
                if top.key is None:
                    raise _refused(self.name, "yaml/key", "a key must be a plain word", *place)
                pointer = (*top.pointer, top.key)
                top.container[top.key] = value
                top.key = None
            else:
                pointer = (*top.pointer, len(top.container))
                top.container.append(value)
        self.values[pointer] = place
        return pointer


def _resolve(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema)."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
