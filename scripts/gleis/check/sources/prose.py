"""Pages that people write about the model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gleis.check.inputs import provides
from gleis.check.tree import Reader, Text

MODEL_CARD = "docs/model-card.md"
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")


@dataclass(frozen=True)
class Section:
    """A heading, where it stands, and all text up to the next heading of its level or above.

    `blank` is the number of empty lines between heading and text.
    """

    title: str
    level: int
    line: int
    body: str
    blank: int = 0


@dataclass(frozen=True)
class Page:
    """A Markdown page."""

    file: str
    sections: tuple[Section, ...]

    def section(self, title: str) -> Section | None:
        """The first section with this title, whatever its case."""
        wanted = title.casefold()
        return next((part for part in self.sections if part.title.casefold() == wanted), None)


@provides()
def model_card(reader: Reader) -> Page | None:
    """docs/model-card.md."""
    text = reader.text(MODEL_CARD)
    return markdown(text) if text else None


def markdown(text: Text) -> Page:
    """The sections of a page; what stands in HTML comments or in code is no heading."""
    lines = _without_html_comments(text.text).split("\n")
    headings: list[tuple[int, int, str]] = []
    fence = ""
    for number, line in enumerate(lines, 1):
        opened = _FENCE.match(line)
        if opened and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else opened.group(1)[:3]
        match = _HEADING.fullmatch(line)
        if match and not fence:
            headings.append((number, len(match.group(1)), match.group(2)))
    sections = []
    for index, (number, level, title) in enumerate(headings):
        end = next((n for n, other, _ in headings[index + 1 :] if other <= level), len(lines) + 1)
        below = "\n".join(lines[number : end - 1]).rstrip()
        body = below.lstrip()
        blank = below[: len(below) - len(body)].count("\n")
        sections.append(Section(title, level, number, body, blank))
    return Page(text.path, tuple(sections))


def _without_html_comments(text: str) -> str:
    def blank(match: re.Match[str]) -> str:
        return "\n" * match.group().count("\n")

    return re.sub(r"<!--.*?(-->|\Z)", blank, text.replace("\r\n", "\n"), flags=re.DOTALL)
