"""CODEOWNERS: who is asked before a file changes."""

from __future__ import annotations

from dataclasses import dataclass

from gleis.check.inputs import provides
from gleis.check.tree import Reader

# GitHub takes the first of these that is there
# (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners).
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True)
class OwnerLine:
    """One line: a pattern and who owns what it matches (nobody when empty)."""

    pattern: str
    owners: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Codeowners:
    """The file in force; the last line that matches a file decides."""

    file: str
    lines: tuple[OwnerLine, ...]


@provides()
def codeowners(reader: Reader) -> Codeowners | None:
    """The CODEOWNERS file that the git host takes."""
    for place in PLACES:
        text = reader.text(place)
        if text is not None:
            found = []
            for number, raw in enumerate(text.lines, 1):
                words = raw.partition("#")[0].split()
                if words:
                    found.append(OwnerLine(words[0], tuple(words[1:]), number))
            return Codeowners(place, tuple(found))
    return None
