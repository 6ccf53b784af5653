"""What can be wrong with a file that people write, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gleis.errors import GleisError


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the rule that says so, the place, the value and what is allowed."""

    rule: str
    message: str
    position: Position
    value: Any = None
    allowed: str = ""
    hint: str = ""

    @property
    def file(self) -> str:
        return self.position.file

    @property
    def line(self) -> int:
        return self.position.line

    @property
    def column(self) -> int:
        return self.position.column

    def __str__(self) -> str:
        parts = [f"{self.position}: {self.message}"]
        if self.allowed:
            parts.append(f"Allowed: {self.allowed}.")
        if self.hint:
            parts.append(self.hint)
        return f"{' '.join(parts)} [{self.rule}]"


class ContractError(GleisError):
    """A file that people write says something it may not say. `problems` has every single one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.position))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(value: object, candidates: Iterable[str]) -> str:
    """`Did you mean "x"?`, or nothing when no candidate is near `value`."""
    known = list(candidates)
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(str(value).casefold(), list(by_folded), n=1, cutoff=0.6)
    return f'Did you mean "{by_folded[close[0]]}"?' if close else ""


def shown(value: object, limit: int = 60) -> str:
    """`value` as it may stand in a message: one line, quoted, cut to `limit` characters."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    text = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
