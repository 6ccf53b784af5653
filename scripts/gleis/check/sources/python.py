"""Python packaging: pyproject.toml and locked requirements."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gleis.check.inputs import Collected, collect, provides
from gleis.check.tree import CannotCheck, Reader, Text

_LOCK_NAME = re.compile(r"requirements[^/]*\.lock|requirements/[^/]+\.lock")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_REQUIREMENT = re.compile(rf"({_NAME.pattern})\s*(?:\[[^\]]*\])?\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Pyproject:
    """pyproject.toml and where things stand in it."""

    source: Text
    data: dict[str, Any]

    def get(self, *keys: str) -> Any:
        """The value below `keys`, None where nothing stands there."""
        found: Any = self.data
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return None
            found = found[key]
        return found

    def line_of(self, table: str, key: str | None = None) -> int | None:
        """The line of `[table]`, or of `key` in it; None where it does not stand on one."""
        inside = False
        for number, line in enumerate(self.source.lines, 1):
            stripped = line.strip()
            if stripped.startswith("["):
                inside = stripped.split("#")[0].strip() == f"[{table}]"
                if inside and key is None:
                    return number
            elif inside and key and re.match(rf"\"?{re.escape(key)}\"?\s*=", stripped):
                return number
        return None

    def line_of_requirement(self, text: str) -> int | None:
        """The line on which the requirement string `text` stands."""
        return self.source.find(rf"""["']{re.escape(text)}["']""")


@dataclass(frozen=True)
class Requirement:
    """One entry of a lock: its normalised name, what follows the name, and its hashes."""

    name: str
    rest: str
    hashes: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Option:
    """A line of a lock that sets an option, such as `--index-url`."""

    text: str
    line: int


@dataclass(frozen=True)
class Lock:
    """A file of pinned requirements."""

    file: str
    requirements: tuple[Requirement, ...]
    options: tuple[Option, ...]

    @property
    def names(self) -> frozenset[str]:
        """Normalised names of all that it holds."""
        return frozenset(requirement.name for requirement in self.requirements)


@provides()
def pyproject(reader: Reader) -> Pyproject | None:
    """pyproject.toml of the repo's root."""
    text = reader.text("pyproject.toml")
    if text is None:
        return None
    try:
        return Pyproject(text, tomllib.loads(text.text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match.group(1)) if match else None
        raise CannotCheck(f"it is not valid TOML ({error})", text.path, line) from None


@provides()
def locks(reader: Reader) -> Collected[Lock]:
    """`requirements*.lock` and `requirements/*.lock` of the repo's root."""
    return collect(reader, reader.files(_LOCK_NAME.fullmatch), _lock)


def _lock(reader: Reader, path: str) -> Lock | None:
    text = reader.text(path)
    if text is None:
        return None
    requirements, options = [], []
    for line, entry in _entries(text):
        if entry.startswith("-"):
            options.append(Option(entry, line))
            continue
        head, *flags = re.split(r"\s+(?=--)", entry)
        match = _REQUIREMENT.fullmatch(head.strip())
        if not match:
            raise CannotCheck("this line is no requirement", path, line)
        hashes = tuple(
            flag.removeprefix("--hash").lstrip("= ").strip()
            for flag in flags
            if flag.startswith("--hash")
        )
        requirements.append(
            Requirement(normalised(match.group(1)), match.group(2).strip(), hashes, line)
        )
        options += [Option(flag, line) for flag in flags if not flag.startswith("--hash")]
    return Lock(path, tuple(requirements), tuple(options))


def _entries(text: Text) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first line, without comments."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.lines, 1):
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if not parts:
            start = number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        entry = " ".join([*parts, line]).strip()
        parts = []
        if entry:
            yield start, entry
    if "".join(parts).strip():
        yield start, " ".join(parts).strip()


def requirement_name(requirement: str) -> str | None:
    """The normalised name in a requirement such as `mlflow[extras]>=3; python_version<"4"`."""
    match = _NAME.match(requirement.strip())
    return normalised(match.group()) if match else None


def normalised(name: str) -> str:
    """A package's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
